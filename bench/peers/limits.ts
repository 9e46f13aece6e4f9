import { type Counter, FixedWindow, RollingWindow, TokenBucket } from '../../lib/simulator/counters.ts';
import { planOf } from './calls.ts';
import type { Limit, ServerPlan, Trouble, Work } from './types.ts';

/** A limit as the server of a work counts it: it knows which call a request is of. */
export interface Meter {
  /** ms until a request of this call would be accepted; 0 if it would be now. */
  wait(now: number, call: number): number;
  count(now: number, call: number): void;
}

/** At most `limit` tokens in the last `per`. */
class RollingTokens implements Meter {
  readonly #limit: number;
  readonly #per: number;
  readonly #tokensOf: (call: number) => number;
  readonly #counted: { readonly at: number; readonly tokens: number }[] = [];

  constructor(limit: number, per: number, tokensOf: (call: number) => number) {
    this.#limit = limit;
    this.#per = per;
    this.#tokensOf = tokensOf;
  }

  wait(now: number, call: number): number {
    while ((this.#counted[0]?.at ?? Infinity) + this.#per <= now) this.#counted.shift();
    let over = this.#counted.reduce((sum, { tokens }) => sum + tokens, this.#tokensOf(call)) - this.#limit;
    if (over <= 0) return 0;
    for (const { at, tokens } of this.#counted) {
      over -= tokens;
      if (over <= 0) return at + this.#per - now;
    }
    return Infinity;
  }

  count(now: number, call: number): void {
    this.#counted.push({ at: now, tokens: this.#tokensOf(call) });
  }
}

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
export function metersOf(work: Pick<Work, 'server' | 'tokens' | 'routes'>, random: () => number): Meter[] {
  return work.server.limits.map((limit) => {
    if (limit.of === 'tokens')
      return new RollingTokens(limit.limit, limit.per, (call) => planOf(work, call).tokens);
    const counters = Array.from({ length: limit.each ? (work.routes ?? 1) : 1 }, () =>
      counterOf(limit, random),
    );
    const of = (call: number): Counter =>
      counters[limit.each ? (planOf(work, call).route ?? 0) : 0] as Counter;
    return {
      wait: (now, call) => of(call).wait(now),
      count: (now, call) => of(call).count(now),
    };
  });
}

function counterOf({ kind, limit, per, changes = [] }: Limit, random: () => number): Counter {
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
}

/** The trouble that is on at a moment. */
export function troubleAt({ troubles = [] }: ServerPlan, now: number): Trouble | undefined {
  return troubles.find(({ from, to }) => from <= now && now < to);
}
