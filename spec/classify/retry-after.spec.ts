import { expect } from 'chai';
import fc from 'fast-check';
import { retryAfterMs } from '../../lib/classify/retry-after.ts';

const NOW = Date.UTC(2026, 10, 23, 12);
const date = (ms: number) => new Date(ms).toUTCString();
const seconds = (value: string | string[]) => retryAfterMs({ 'retry-after': value }, NOW);

describe('Retry-After', () => {
  it('in seconds is that wait', () => {
    expect(seconds('0')).to.equal(0);
    expect(seconds('1')).to.equal(1000);
    expect(seconds('007')).to.equal(7000);
    expect(seconds(' \t120 ')).to.equal(120_000);
  });

  it('with a decimal fraction is read too, and rounded up to a millisecond', () => {
    expect(seconds('2.0')).to.equal(2000);
    expect(seconds('1.0001')).to.equal(1001);
  });

  it('of any other spelling of a number is refused', () => {
    const wrong = [
      '',
      ' ',
      '\t',
      '1e3',
      '1E3',
      '0x10',
      '0b1',
      '-1',
      '+1',
      '.5',
      '5.',
      '1_000',
      '1,5',
      '5,',
      '1 2',
      '5s',
    ];
    for (const text of [...wrong, 'NaN', 'Infinity', '٣', '１', '\u00a05', '5;', 'soon']) {
      expect(seconds(text), JSON.stringify(text)).to.equal(undefined);
    }
  });

  it('as a date is the time until then, by the clock of the response', () => {
    const inAMinute = date(NOW + 60_000);
    expect(retryAfterMs({ 'retry-after': inAMinute }, NOW)).to.equal(60_000);
    expect(retryAfterMs({ 'retry-after': inAMinute, date: date(NOW + 50_000) }, NOW)).to.equal(10_000);
    expect(retryAfterMs({ 'retry-after': inAMinute, date: date(NOW - 3_600_000) }, NOW)).to.equal(3_660_000);
    expect(retryAfterMs({ 'retry-after': inAMinute, date: 'yesterday' }, NOW)).to.equal(60_000);
  });

  it('as a date may have any of the three forms', () => {
    expect(seconds('Monday, 23-Nov-26 12:00:05 GMT')).to.equal(5000);
    expect(seconds('Mon Nov 23 12:00:05 2026')).to.equal(5000);
    expect(seconds('Mon, 23 Nov 2026 12:00:05 GMT')).to.equal(5000);
  });

  it('as a date in the past is no wait', () => {
    expect(seconds(date(NOW - 1000))).to.equal(0);
    expect(seconds('Thu, 01 Jan 1970 00:00:00 GMT')).to.equal(0);
  });

  it('that came several times is the longest of its waits', () => {
    expect(seconds(['1', '30', '5'])).to.equal(30_000);
    expect(seconds('1, 30, 5')).to.equal(30_000);
    expect(seconds(`1, ${date(NOW + 90_000)}, 5`)).to.equal(90_000);
    expect(seconds(['soon', '5'])).to.equal(5000);
    expect(seconds('soon, 5'), 'joined: one wrong member spoils the value').to.equal(undefined);
  });

  it('yields to the finer retry-after-ms and x-ms-retry-after-ms, if they are valid', () => {
    const both = (ms: string) => retryAfterMs({ 'retry-after-ms': ms, 'retry-after': '2' }, NOW);
    expect(both('1500')).to.equal(1500);
    expect(both('1500.2')).to.equal(1501);
    expect(both('0')).to.equal(0);
    for (const wrong of ['', '-1', '1e3', '0x10', 'soon', date(NOW)])
      expect(both(wrong), wrong).to.equal(2000);
    expect(retryAfterMs({ 'x-ms-retry-after-ms': '250', 'retry-after': '2' }, NOW)).to.equal(250);
  });

  it('is never infinite, negative or NaN, whatever the headers', () => {
    expect(seconds('9'.repeat(400))).to.equal(Number.MAX_SAFE_INTEGER);
    expect(seconds('Fri, 31 Dec 9999 23:59:59 GMT')).to.be.a('number');
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[\d.,eEx+\- ]*$/), fc.date().map(String));
    fc.assert(
      fc.property(text, text, text, fc.double(), (a, b, c, now) => {
        const wait = retryAfterMs({ 'retry-after': a, 'retry-after-ms': b, date: c }, now);
        return wait === undefined || (wait >= 0 && wait <= Number.MAX_SAFE_INTEGER);
      }),
    );
  });

  it('is refused in linear time', () => {
    const started = performance.now();
    for (const text of [
      `${'1'.repeat(1e5)}x`,
      ' '.repeat(1e5),
      `${' '.repeat(1e5)}x`,
      ', '.repeat(5e4),
      '1.'.repeat(5e4),
    ]) {
      expect(seconds(text)).to.equal(undefined);
    }
    expect(performance.now() - started).to.be.below(1000);
  });

  it('is absent when no header is, or is no text', () => {
    expect(retryAfterMs({}, NOW)).to.equal(undefined);
    const hostile = { 'retry-after': 5, date: {} } as unknown as Record<string, string>;
    expect(retryAfterMs(hostile, NOW)).to.equal(undefined);
  });
});
