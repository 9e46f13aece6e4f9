import { expect } from 'chai';
import { FlightLimit } from '../../lib/learning/in-flight/limit.ts';

describe('A limit of attempts in flight', () => {
  const TRIP = 100;
  let limit: FlightLimit;

  beforeEach(() => {
    limit = new FlightLimit();
  });

  /** So many are served at full use. Returns true if the limit grew. */
  const serve = (count: number): boolean => {
    const before = limit.limit;
    for (let each = 0; each < count; each += 1) limit.served(0, 0, limit.limit, 1);
    return limit.limit > before;
  };

  it('equals what was in service when the quota closed and reopened at once', () => {
    expect(limit.reopened(120, 20, TRIP)).to.equal(true);
    expect(limit.limit).to.equal(20);
  });

  it('is not learned if the quota stayed closed for longer', () => {
    expect(limit.reopened(2000, 20, TRIP)).to.equal(false);
    expect(limit.limit).to.equal(Infinity);
  });

  it('grows after four rounds, and shrinks back when that is refused', () => {
    limit.reopened(120, 5, TRIP);
    expect(serve(19)).to.equal(false);
    expect(serve(1)).to.equal(true);
    expect(limit.limit).to.equal(6);
    expect(limit.resends(1000, 950)).to.equal(true);
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

  describe('of one process among others', () => {
    beforeEach(() => {
      limit.agree(40, 4);
    });

    it('begins as a fair share, and changes as others come and go', () => {
      expect(limit.limit).to.equal(10);
      limit.share(5);
      expect(limit.limit).to.equal(8);
      limit.share(250);
      expect(limit.limit).to.equal(1);
    });

    it('takes back its growth when another is refused, and delays the next attempt to grow', () => {
      serve(40);
      expect(limit.limit).to.equal(11);
      limit.crowded(1000);
      expect(limit.limit).to.equal(10);
      expect(limit.resends(1001, 999)).to.equal(true);
      expect(limit.limit).to.equal(10);
      expect(serve(79)).to.equal(false);
      expect(serve(1)).to.equal(true);
    });

    it('is lowered by one when it is refused without having grown, once for all attempts under way', () => {
      expect(limit.resends(1000, 990)).to.equal(true);
      expect(limit.resends(1001, 995)).to.equal(true);
      expect(limit.limit).to.equal(9);
    });

    it('closes the quota when lowering it does not help', () => {
      const refusals = [1, 2, 3, 4, 5].map((time) => limit.resends(time * 100, time * 100 - 10));
      expect(refusals).to.deep.equal([true, true, true, true, false]);
      expect(limit.limit).to.equal(6);
    });

    it('ends once they find that there is none', () => {
      limit.agree(Infinity, 4);
      expect(limit.limit).to.equal(Infinity);
      expect(limit.resends(1000, 990)).to.equal(false);
    });
  });

  it('is the one that faults lower: a test at first, then a cut', () => {
    limit.reopened(120, 20, TRIP);
    let now = 0;
    const fail = (): void => {
      now += 10;
      limit.failed(now, now - 5, 20);
    };
    while (limit.limit === 20) fail();
    expect([limit.limit, limit.record]).to.deep.equal([10, { inFlight: 20 }]);
    for (let each = 0; each < 20; each += 1) fail();
    expect(limit.limit).to.be.within(10, 19);
    expect(limit.record).to.deep.equal({ inFlight: limit.limit });
  });

  it('of an earlier run is what this process may use, however many others there are', () => {
    limit.recall({ at: 0, inFlight: 8 }, 0);
    limit.share(4);
    expect(limit.limit).to.equal(8);
    limit.share(8);
    expect(limit.limit).to.equal(4);
  });

  it('can be found again after it was refuted', () => {
    limit.reopened(120, 20, TRIP);
    limit.reopened(5000, 20, TRIP);
    expect(limit.limit).to.equal(Infinity);
    for (let time = 1; time < 6; time += 1) expect(limit.reopened(120, 8, TRIP)).to.equal(false);
    expect(limit.reopened(120, 8, TRIP)).to.equal(true);
    expect(limit.limit).to.equal(8);
  });
});
