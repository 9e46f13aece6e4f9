import { expect } from 'chai';
import fc from 'fast-check';
import { parseHttpDate } from '../../lib/classify/http-date.ts';

const NOW = Date.UTC(2026, 10, 23);
const AT = Date.UTC(1994, 10, 6, 8, 49, 37);

describe('An HTTP-date', () => {
  it('is read in the three forms of RFC 9110', () => {
    expect(parseHttpDate('Sun, 06 Nov 1994 08:49:37 GMT', NOW)).to.equal(AT);
    expect(parseHttpDate('Sunday, 06-Nov-94 08:49:37 GMT', NOW)).to.equal(AT);
    expect(parseHttpDate('Sun Nov  6 08:49:37 1994', NOW)).to.equal(AT);
    expect(parseHttpDate('Wed Nov 16 08:49:37 1994', NOW)).to.equal(Date.UTC(1994, 10, 16, 8, 49, 37));
  });

  it('may name its zone as RFC 5322 does', () => {
    for (const zone of ['UTC', '+0000', '-0000'])
      expect(parseHttpDate(`Sun, 06 Nov 1994 08:49:37 ${zone}`, NOW), zone).to.equal(AT);
  });

  it('is what Date.toUTCString writes, for every second of four-digit years', () => {
    const second = fc.integer({ min: Date.UTC(1000, 0) / 1000, max: Date.UTC(9999, 11, 31) / 1000 });
    fc.assert(fc.property(second, (s) => parseHttpDate(new Date(s * 1000).toUTCString(), NOW) === s * 1000));
  });

  it('of two-digit year means the latest such year that is at most 50 years ahead', () => {
    const year = (text: string, now: number) =>
      new Date(parseHttpDate(text, now) ?? Number.NaN).getUTCFullYear();
    expect(year('Monday, 01-Jan-76 00:00:00 GMT', NOW)).to.equal(2076);
    expect(year('Monday, 23-Nov-76 00:00:00 GMT', NOW), 'exactly 50 years').to.equal(2076);
    expect(year('Monday, 23-Nov-76 00:00:01 GMT', NOW), 'a second more').to.equal(1976);
    expect(year('Monday, 01-Jan-77 00:00:00 GMT', NOW)).to.equal(1977);
    expect(year('Monday, 01-Jan-01 00:00:00 GMT', Date.UTC(2099, 0)), 'over a century').to.equal(2101);
    expect(year('Monday, 01-Jan-99 00:00:00 GMT', Date.UTC(2101, 0)), 'back over one').to.equal(2099);
  });

  it('has a day that its month has', () => {
    expect(parseHttpDate('Sat, 29 Feb 2028 00:00:00 GMT', NOW)).to.equal(Date.UTC(2028, 1, 29));
    for (const day of ['29 Feb 2026', '30 Feb 2028', '31 Apr 2026', '32 Jan 2026', '00 Jan 2026']) {
      expect(parseHttpDate(`Sat, ${day} 00:00:00 GMT`, NOW), day).to.equal(undefined);
    }
    expect(parseHttpDate('Sun Nov  0 08:49:37 1994', NOW)).to.equal(undefined);
    expect(parseHttpDate('Thursday, 29-Feb-01 00:00:00 GMT', NOW)).to.equal(undefined);
  });

  it('may name a leap second, but no 24th hour or 60th minute', () => {
    expect(parseHttpDate('Sat, 31 Dec 2016 23:59:60 GMT', NOW)).to.equal(Date.UTC(2017, 0, 1));
    for (const time of ['24:00:00', '23:60:00', '23:59:61', '3:00:00', '03:0:00']) {
      expect(parseHttpDate(`Sat, 31 Dec 2016 ${time} GMT`, NOW), time).to.equal(undefined);
    }
  });

  it('of a year before 100 is not moved into the 1900s', () => {
    expect(new Date(parseHttpDate('Sat, 01 Jan 0050 00:00:00 GMT', NOW) ?? 0).getUTCFullYear()).to.equal(50);
  });

  it('is refused in every form but these, though Date.parse would take it', () => {
    const wrong = [
      '',
      '5',
      '2026-11-23',
      '2026-11-23T00:00:00Z',
      '06 Nov 1994 08:49:37 GMT',
      'Sun, 6 Nov 1994 08:49:37 GMT',
      'Sun, 06 Nov 94 08:49:37 GMT',
      'Sun, 06 Nov 1994 08:49:37',
      'Sun, 06 Nov 1994 08:49:37 EST',
      'Sun, 06 Nov 1994 08:49:37 +0100',
      'Sun, 06 Nov 1994 08:49:37 GMT ',
      'Sun,06 Nov 1994 08:49:37 GMT',
      'sun, 06 nov 1994 08:49:37 gmt',
      'Sun, 06-Nov-94 08:49:37 GMT',
      'Sunday, 06-Nov-1994 08:49:37 GMT',
      'Sun Nov 6 08:49:37 1994',
      'Sun Nov 06 08:49:37 94',
      'Thuday, 06-Nov-94 08:49:37 GMT',
    ];
    for (const text of wrong) expect(parseHttpDate(text, NOW), text).to.equal(undefined);
  });

  it('is refused quickly however long it is, and never gives NaN', () => {
    expect(parseHttpDate(`Sun, ${'0'.repeat(1e6)}`, NOW)).to.equal(undefined);
    expect(parseHttpDate('Sunday, 06-Nov-94 08:49:37 GMT', Number.NaN)).to.equal(undefined);
    fc.assert(
      fc.property(fc.string(), fc.double(), (text, now) => !Number.isNaN(parseHttpDate(text, now) ?? 0)),
    );
  });
});
