import { expect } from 'chai';
import { Allowances } from '../../lib/learning/stated.ts';

const limit = (remaining: number, resetMs: number, name = 'a', requests = true) => ({
  name,
  requests,
  limit: undefined,
  remaining,
  resetMs,
  windowMs: undefined,
});

describe('What a server says is left', () => {
  it('counts from the attempt whose answer said so', () => {
    const allowances = new Allowances();
    expect(allowances.heard(0, 5, [limit(3, 1000)])).to.equal(0);
    expect(allowances.turnAt(0, 7, 2)).to.equal(0);
    expect(allowances.turnAt(0, 8, 3)).to.equal(1000);
    expect(allowances.turnAt(1000, 8, 3)).to.equal(1000);
    expect(allowances.turnAt(1001, 99, 94)).to.equal(1001);
  });

  it('holds queued attempts when those under way may use it up, and closes when nothing is left', () => {
    const allowances = new Allowances();
    expect(allowances.heard(0, 5, [limit(2, 1000)])).to.equal(0);
    expect(allowances.turnAt(0, 7, 2)).to.equal(1000);
    // Some of those had been counted already.
    allowances.heard(10, 7, [limit(1, 990)]);
    expect(allowances.turnAt(10, 7, 0)).to.equal(10);
    expect(allowances.turnAt(10, 8, 1)).to.equal(1000);
    expect(allowances.heard(20, 8, [limit(0, 980)])).to.equal(980);
  });

  it('is not revoked by an older answer that arrives late', () => {
    const allowances = new Allowances();
    allowances.heard(0, 9, [limit(0, 1000)]);
    allowances.heard(10, 8, [limit(5, 1000)]);
    expect(allowances.turnAt(10, 9, 0)).to.equal(1000);
  });

  it('is nothing until the later of two resets, in whatever order the answers came', () => {
    const allowances = new Allowances();
    allowances.heard(0, 9, [limit(0, 1000)]);
    expect(allowances.heard(10, 8, [limit(0, 1000)])).to.equal(1000);
    expect(allowances.turnAt(1005, 9, 0)).to.equal(1010);
  });

  it('is less if the attempt of an older answer was overtaken, but not if that answer is about the window before', () => {
    const allowances = new Allowances();
    allowances.heard(0, 9, [limit(3, 1000)]);
    expect(allowances.heard(10, 8, [limit(2, 990)])).to.equal(0);
    expect(allowances.turnAt(10, 10, 1)).to.equal(10);
    expect(allowances.turnAt(10, 11, 2)).to.equal(1000);
    expect(allowances.heard(20, 7, [limit(0, 5)])).to.equal(0);
    expect(allowances.turnAt(20, 10, 1)).to.equal(20);
  });

  it('does not count attempts under way that were sent before', () => {
    const allowances = new Allowances();
    allowances.heard(0, 9, [limit(2, 1000)]);
    expect(allowances.turnAt(0, 9, 1)).to.equal(0);
    expect(allowances.turnAt(0, 9, 2)).to.equal(1000);
  });

  it('is the whole limit from the reset on, for one window, while an answer may still say more', () => {
    const allowances = new Allowances();
    allowances.heard(0, 5, [{ ...limit(4, 1000), limit: 5 }]);
    allowances.heard(900, 9, [{ ...limit(0, 100), limit: 5 }]);
    expect(allowances.turnAt(1000, 9, 0)).to.equal(1000);
    expect(allowances.snapshot(1000, 9)).to.deep.equal([]);
    expect(allowances.turnAt(1000, 13, 4)).to.equal(1000);
    expect(allowances.turnAt(1000, 14, 5)).to.equal(2000);
    expect(allowances.turnAt(1500, 14, 0)).to.equal(1500);
    expect(allowances.turnAt(2000, 14, 5)).to.equal(2000);
    expect(allowances.turnAt(2001, 99, 90)).to.equal(2001);
  });

  it('is only shown where a declared window counts as much', () => {
    const allowances = new Allowances();
    const window = { unit: 'requests', limit: 5, per: 1000, used: 5 };
    expect(allowances.heard(0, 5, [{ ...limit(0, 1000), limit: 5 }], [window])).to.equal(0);
    expect(allowances.turnAt(0, 9, 4)).to.equal(0);
    expect(allowances.snapshot(0, 5)).to.deep.equal([
      { name: 'a', unit: 'requests', remaining: 0, limit: 5, resetAt: 1000 },
    ]);
  });

  it('of tokens matters once none are left', () => {
    const allowances = new Allowances();
    expect(allowances.heard(0, 1, [limit(1, 1000, 'tokens', false)])).to.equal(0);
    expect(allowances.turnAt(0, 50, 49)).to.equal(0);
    expect(allowances.heard(0, 2, [limit(0, 1000, 'tokens', false)])).to.equal(1000);
  });

  it('holds for at most an hour', () => {
    expect(new Allowances().heard(0, 1, [limit(0, 2_000_000_000)])).to.equal(3_600_000);
  });
});
