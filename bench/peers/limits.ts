import { type Counter, FixedWindow, RollingWindow, TokenBucket } from '../../lib/simulator/counters.ts';
import type { Limit, ServerPlan, Trouble } from './types.ts';

/** A limit that changes: all of its values are counted all the time, and one at a time is asked. */
class Changing implements Counter {
  readonly #stages: readonly { readonly from: number; readonly counter: Counter }[];

  constructor(stages: readonly { readonly from: number; readonly counter: Counter }[]) {
    this.#stages = stages;
  }

  wait(now: number): number {
    const next = this.#stages.find(({ from }) => from > now);
    const wait = (this.#stages.findLast(({ from }) => from <= now) as { counter: Counter }).counter.wait(now);
    return next ? Math.min(wait, next.from - now) : wait;
  }

  count(now: number): void {
    for (const { counter } of this.#stages) counter.count(now);
  }
}

/** A server's limits as they are kept, by the server itself and by the arithmetic of the ideal time. */
export function countersOf({ limits }: ServerPlan, random: () => number): Counter[] {
  return limits.map(({ kind, limit, per, changes = [] }: Limit) => {
    const phase = random() * per;
    const make = (most: number): Counter => {
      if (kind === 'rolling') return new RollingWindow(most, per);
      return kind === 'bucket' ? new TokenBucket(most, per) : new FixedWindow(most, per, phase - per);
    };
    if (changes.length === 0) return make(limit);
    return new Changing([
      { from: 0, counter: make(limit) },
      ...changes.map(({ at, limit: to }) => ({ from: at, counter: make(to) })),
    ]);
  });
}

/** The trouble that is on at a moment. */
export function troubleAt({ troubles = [] }: ServerPlan, now: number): Trouble | undefined {
  return troubles.find(({ from, to }) => from <= now && now < to);
}
