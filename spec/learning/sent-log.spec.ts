import { expect } from 'chai';
import { SentLog } from '../../lib/learning/windows/sent-log.ts';

describe('The log of served attempts', () => {
  const filled = (count: number): SentLog => {
    const log = new SentLog();
    for (let at = 0; at < count; at += 1) log.push(at);
    return log;
  };

  it('counts the last two thousand exactly, however many came before', () => {
    const log = filled(200_000);
    expect(log.between(199_990, 200_000)).to.deep.equal({ count: 10, oldest: 199_990 });
    expect(log.between(198_000, 199_000).count).to.equal(1000);
    expect(log.last(7, 200_000)).to.equal(199_993);
    expect(log.tightest(100)).to.equal(100);
    const again: number[] = [];
    log.replay(199_995, (at) => again.push(at));
    expect(again).to.deep.equal([199_995, 199_996, 199_997, 199_998, 199_999]);
  });

  it('counts older ones roughly', () => {
    const log = filled(200_000);
    for (const [from, to] of [
      [1000, 200_000],
      [50_000, 100_000],
      [150_000, 190_000],
    ] as const) {
      expect(log.between(from, to).count).to.be.closeTo(to - from, (200_000 - from) / 100);
      expect(log.last(to - from, to)).to.be.closeTo(from, (200_000 - from) / 100);
    }
    expect(log.tightest(50_000)).to.be.closeTo(50_000, 2000);
  });

  it('stays in order, whatever overtakes what', () => {
    const log = new SentLog();
    for (const at of [10, 30, 20, 50, 40]) log.push(at);
    expect(log.between(15, 45)).to.deep.equal({ count: 3, oldest: 20 });
    expect(log.last(2, 45)).to.equal(30);
  });
});
