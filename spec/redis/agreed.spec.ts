import { expect } from 'chai';
import { type Agreed, lowered, merged, NONE, parse, raised } from '../../lib/redis/agreed.ts';

const windows = ({ windows: all }: Agreed): [number, number, number][] =>
  all.map(({ id, limit, per }) => [id, limit, per]);

describe('What a fleet agrees on', () => {
  it('begins with what was found', () => {
    expect(windows(merged(NONE, [{ limit: 100, per: 2000 }]))).to.deep.equal([[1, 100, 2000]]);
  });

  it('takes a length of 0 for the maximum in flight, beside windows, and Infinity for none', () => {
    const both = merged(merged(NONE, [{ limit: 100, per: 2000 }]), [{ limit: 16, per: 0 }]);
    expect(windows(both)).to.deep.equal([
      [2, 16, 0],
      [1, 100, 2000],
    ]);
    expect(parse(JSON.stringify(both))).to.deep.equal(both);
    expect(windows(merged(both, [{ limit: 12, per: 0 }]))[0]).to.deep.equal([2, 12, 0]);
    expect(windows(merged(both, [{ limit: Infinity, per: 0 }]))).to.deep.equal([[1, 100, 2000]]);
  });

  it('takes lengths for whole seconds that fall short of them by little', () => {
    const perOf = (per: number): number | undefined => merged(NONE, [{ limit: 9, per }]).windows[0]?.per;
    expect([1990, 1905, 2001, 57_500, 700.5].map(perOf)).to.deep.equal([2000, 2000, 2001, 58_000, 701]);
  });

  it('keeps the identity of a window whose limit or length turned out a little different: leases run on', () => {
    const before = merged(NONE, [{ limit: 100, per: 2000 }]);
    expect(windows(merged(before, [{ limit: 90, per: 2080 }]))).to.deep.equal([[1, 90, 2080]]);
  });

  it('keeps several windows, the shortest first, and none that another makes superfluous', () => {
    const two = merged(merged(NONE, [{ limit: 1500, per: 3_600_000 }]), [{ limit: 100, per: 60_000 }]);
    expect(windows(two)).to.deep.equal([
      [2, 100, 60_000],
      [1, 1500, 3_600_000],
    ]);
    expect(windows(merged(two, [{ limit: 90, per: 600_000 }]))).to.deep.equal([
      [3, 90, 600_000],
      [1, 1500, 3_600_000],
    ]);
  });

  it('tries a higher limit in growing steps, up to half of it, and the one before if that is refused', () => {
    let agreed = merged(NONE, [{ limit: 10, per: 1000 }]);
    const limits: (number | undefined)[] = [];
    for (let step = 0; step < 5; step += 1) {
      agreed = raised(agreed, 1);
      limits.push(agreed.windows[0]?.limit);
    }
    expect(limits).to.deep.equal([11, 13, 17, 25, 37]);
    expect(agreed).to.include({ every: 1 });
    const back = lowered(agreed, NONE.every);
    expect(windows(back)).to.deep.equal([[1, 25, 1000]]);
    expect(back.trial).to.equal(undefined);
    // The next trial comes later than the last, up to a bound.
    expect(back.every).to.equal(2 * NONE.every);
    expect(lowered(agreed, 30).every).to.equal(32);
  });

  it('is read from Redis only where it is sound', () => {
    const agreed = raised(merged(NONE, [{ limit: 10, per: 1000 }]), 1);
    expect(parse(JSON.stringify(agreed))).to.deep.equal(agreed);
    const broken = ['', '{', 'null', '{"windows":[]}', '{"windows":[{"id":1,"limit":0,"per":1}],"every":1}'];
    const long = JSON.stringify({ ...agreed, windows: Array(4).fill(agreed.windows[0]) });
    for (const text of [...broken, long]) expect(parse(text), text).to.equal(undefined);
  });
});
