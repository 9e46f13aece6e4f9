import { expect } from 'chai';
import { Saturation } from '../../lib/learning/in-flight/saturation.ts';

describe('A busy server', () => {
  let now: number;
  let saturation: Saturation;

  beforeEach(() => {
    now = 0;
    saturation = new Saturation();
    saturation.served(now, 1, 1, Infinity);
  });

  /** As many are served as are looked at together, with so many in flight, at so many per ms. Returns the limit to hold. */
  const look = (inFlight: number, rate: number, waiting = 1): number | undefined => {
    let limit: number | undefined;
    for (let each = 0; each < Math.max(50, 1.5 * inFlight); each += 1) {
      now += 1 / rate;
      limit = saturation.served(now, inFlight, waiting, Infinity)?.limit;
    }
    return limit;
  };

  it('is found if more in flight are served no faster', () => {
    expect(look(20, 1)).to.equal(undefined);
    expect(look(30, 1.05)).to.equal(22);
    expect(look(22, 1)).to.equal(undefined);
  });

  it('is ruled out if more in flight are served faster, and if fewer are served more slowly', () => {
    expect(look(20, 1)).to.equal(undefined);
    expect(look(30, 1.5)).to.equal(undefined);
    expect(look(45, 1.5)).to.equal(33);
    expect(look(33, 1.1)).to.equal(Infinity);
  });

  it('is looked for more rarely, the more often it was ruled out', () => {
    const mistakes = (): number => {
      let count = 0;
      for (let round = 0; round < 40; round += 1) {
        look(20, 1);
        if (look(30, 1) !== undefined) count += Number(look(22, 0.7) === Infinity);
      }
      return count;
    };
    expect(mistakes()).to.be.within(2, 6);
  });

  it('is not distinguished from one that gets few calls', () => {
    look(20, 1, 0);
    expect(look(30, 1, 0)).to.equal(undefined);
  });

  it('is looked for again when a tried limit has grown meanwhile', () => {
    look(20, 1);
    expect(look(30, 1)).to.equal(22);
    for (let each = 0; each < 8; each += 1) expect(look(60, 1)).to.equal(undefined);
    expect(look(60, 1)).to.equal(22);
  });
});
