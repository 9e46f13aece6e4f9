import { expect } from 'chai';
import { Calendar, type CalendarUnit, isZone } from '../../lib/time/calendar.ts';

const HOUR = 3_600_000;
const hours = (unit: CalendarUnit, zone: string, iso: string): number => {
  const { start, end } = new Calendar(unit, zone).at(Date.parse(iso));
  return (end - start) / HOUR;
};
const begins = (unit: CalendarUnit, zone: string, iso: string): string =>
  new Date(new Calendar(unit, zone).at(Date.parse(iso)).start).toISOString();

describe('A calendar', () => {
  it('has days of 24 hours in UTC, from midnight to midnight', () => {
    const calendar = new Calendar('day', 'UTC');
    const midnight = Date.parse('2026-03-29T00:00:00Z');
    for (const ms of [0, 1, 12 * HOUR, 24 * HOUR - 1]) {
      expect(calendar.at(midnight + ms)).to.deep.equal({ start: midnight, end: midnight + 24 * HOUR });
    }
    expect(calendar.at(midnight - 0.5).end).to.equal(midnight);
  });

  it('has days of 23 and 25 hours where clocks change', () => {
    expect(hours('day', 'America/Los_Angeles', '2026-03-08T12:00:00Z')).to.equal(23);
    expect(hours('day', 'America/Los_Angeles', '2026-03-09T12:00:00Z')).to.equal(24);
    expect(hours('day', 'America/Los_Angeles', '2026-11-01T12:00:00Z')).to.equal(25);
    expect(hours('day', 'Europe/Berlin', '2026-03-29T12:00:00Z')).to.equal(23);
    expect(hours('day', 'Europe/Berlin', '2026-10-25T12:00:00Z')).to.equal(25);
    expect(hours('day', 'Australia/Lord_Howe', '2026-04-05T00:00:00Z')).to.equal(24.5);
  });

  it('begins a day with its first moment where clocks change at midnight', () => {
    // Cairo's clocks go from 24:00 on to 01:00, Havana's from 01:00 back to 00:00.
    expect(begins('day', 'Africa/Cairo', '2026-04-24T12:00:00Z')).to.equal('2026-04-23T22:00:00.000Z');
    expect(hours('day', 'Africa/Cairo', '2026-04-24T12:00:00Z')).to.equal(23);
    expect(begins('day', 'America/Havana', '2026-11-01T12:00:00Z')).to.equal('2026-11-01T04:00:00.000Z');
    expect(hours('day', 'America/Havana', '2026-11-01T12:00:00Z')).to.equal(25);
  });

  it('has months of their own length, leap years and changes of clocks included', () => {
    const days = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    for (const [month, length] of days.entries()) {
      const iso = `2026-${String(month + 1).padStart(2, '0')}-15T12:00:00Z`;
      expect(hours('month', 'UTC', iso), iso).to.equal(24 * length);
    }
    expect(hours('month', 'UTC', '2028-02-29T23:59:59Z')).to.equal(24 * 29);
    expect(hours('month', 'America/New_York', '2026-03-15T12:00:00Z')).to.equal(24 * 31 - 1);
    expect(hours('month', 'America/New_York', '2026-11-15T12:00:00Z')).to.equal(24 * 30 + 1);
    expect(begins('month', 'Asia/Kolkata', '2026-12-31T20:00:00Z')).to.equal('2026-12-31T18:30:00.000Z');
  });

  it('goes on where a zone skips a day', () => {
    const samoa = new Calendar('day', 'Pacific/Apia');
    const last = samoa.at(Date.parse('2011-12-29T20:00:00Z'));
    expect(new Date(last.end).toISOString()).to.equal('2011-12-30T10:00:00.000Z');
    expect(samoa.at(last.end).start).to.equal(last.end);
  });

  it('has no gap and no overlap between periods, in any zone, for ten years', function () {
    this.timeout(60_000);
    for (const zone of ['UTC', 'America/Sao_Paulo', 'Asia/Tehran', 'Pacific/Chatham', 'America/St_Johns']) {
      const calendar = new Calendar('month', zone);
      let at = Date.parse('2020-01-01T00:00:00Z');
      while (at < Date.parse('2030-01-01T00:00:00Z')) {
        const { start, end } = calendar.at(at);
        expect(end).to.be.greaterThan(at);
        expect(calendar.at(end - 1).start).to.equal(start);
        expect(calendar.at(end).start).to.equal(end);
        at = end;
      }
    }
  });

  it('knows the zones of the runtime alone', () => {
    expect(isZone('America/Los_Angeles')).to.equal(true);
    expect(isZone('UTC')).to.equal(true);
    for (const no of ['Mars/Olympus', '', 'PST8PDT2']) expect(isZone(no), no).to.equal(false);
  });
});
