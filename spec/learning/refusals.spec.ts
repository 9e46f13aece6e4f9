import { expect } from 'chai';
import { InFlightLimit } from '../../lib/learning/in-flight/refusals.ts';

describe('A limit of attempts in flight', () => {
  const TRIP = 100;
  let limit: InFlightLimit;

  beforeEach(() => {
    limit = new InFlightLimit();
  });

  /** So many are served at full use. */
  const serve = (count: number): boolean =>
    Array.from({ length: count }, () => limit.served(limit.limit)).includes(true);

  it('is what was in service when the quota closed and opened again at once', () => {
    expect(limit.reopened(120, 20, TRIP)).to.equal(true);
    expect(limit.limit).to.equal(20);
  });

  it('is none where the quota stayed closed for longer', () => {
    expect(limit.reopened(2000, 20, TRIP)).to.equal(false);
    expect(limit.limit).to.equal(Infinity);
  });

  it('grows after four rounds, and goes back when that is refused', () => {
    limit.reopened(120, 5, TRIP);
    expect(serve(19)).to.equal(false);
    expect(serve(1)).to.equal(true);
    expect(limit.limit).to.equal(6);
    expect(limit.refused(1000, 950)).to.equal(true);
    expect(limit.limit).to.equal(5);
    expect(serve(39)).to.equal(false);
    expect(serve(1)).to.equal(true);
  });

  it('shrinks when no more than that are refused, and is refuted the fourth time', () => {
    limit.reopened(120, 40, TRIP);
    for (const most of [36, 32, 28]) {
      limit.reopened(120, 100, TRIP);
      expect(limit.limit).to.equal(most);
    }
    expect(limit.reopened(120, 100, TRIP)).to.equal(false);
    expect(limit.limit).to.equal(Infinity);
  });

  it('shows itself again after it was refuted', () => {
    limit.reopened(120, 20, TRIP);
    limit.reopened(5000, 20, TRIP);
    expect(limit.limit).to.equal(Infinity);
    for (let time = 1; time < 6; time += 1) expect(limit.reopened(120, 8, TRIP)).to.equal(false);
    expect(limit.reopened(120, 8, TRIP)).to.equal(true);
    expect(limit.limit).to.equal(8);
  });
});
