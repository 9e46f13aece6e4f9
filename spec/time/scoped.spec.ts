import { expect } from 'chai';
import { virtualClock } from 'headgate/testing';
import { Schedule } from '../../lib/time/schedule.ts';

/** A clock whose timers end with the request that set them, as in Cloudflare Workers. */
function scopedClock() {
  const clock = virtualClock({ now: 0 });
  let request = '';
  const over = new Set<string>();
  return {
    clock,
    schedule: new Schedule({
      scoped: true,
      now: () => clock.now(),
      setTimer: (fire, ms, hold) => {
        const own = request;
        return clock.setTimer(() => over.has(own) || within(own, fire), ms, hold);
      },
    }),
    within,
    /** Its timers are gone. */
    end: (name: string) => over.add(name),
  };

  function within(name: string, run: () => void): void {
    const before = request;
    request = name;
    run();
    request = before;
  }
}

describe('Timers that end with the request that set them', () => {
  it('fire for each request by itself, at their moments', () => {
    const { clock, schedule, within } = scopedClock();
    const fired: string[] = [];
    within('a', () => schedule.at(100, true, () => fired.push(`a ${clock.now()}`)));
    within('b', () => schedule.at(700, true, () => fired.push(`b ${clock.now()}`)));
    clock.advanceSync(1000);
    expect(fired).to.deep.equal(['a 100', 'b 700']);
    expect(clock.pending).to.equal(0);
  });

  it('are not lost with their request: another one that waits fires them, a little later', () => {
    const { clock, schedule, within, end } = scopedClock();
    const fired: number[] = [];
    within('b', () => schedule.at(5_000, true, () => fired.push(-1)));
    within('a', () => schedule.at(100, true, () => fired.push(clock.now())));
    end('a');
    clock.advanceSync(1_000);
    expect(fired).to.have.length(1);
    expect(fired[0]).to.be.within(100, 700);
  });

  it('are no more once they are cancelled', () => {
    const { clock, schedule, within } = scopedClock();
    const fired: string[] = [];
    within('a', () => schedule.at(100, true, () => fired.push('a')).cancel());
    clock.advanceSync(1_000);
    expect(fired).to.deep.equal([]);
    expect(clock.pending).to.equal(0);
  });
});
