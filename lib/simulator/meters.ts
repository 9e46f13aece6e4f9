import type { Window } from '../words/types.ts';

/** How a server counts a window. */
export type MeterKind = 'fixed' | 'rolling' | 'bucket';

/** One window as a server counts it, by cost. Reads no clock: every method takes the moment, in simulated ms. */
export class Meter {
  readonly limit: number;
  readonly unit: string;
  readonly #per: number;
  readonly #kind: MeterKind;
  readonly #phase: number;
  /** What was counted, oldest first, and its sum; a bucket keeps its level instead. */
  #counted: { readonly at: number; readonly cost: number }[] = [];
  #sum = 0;
  #level = 0;
  #levelAt = 0;

  /** @param kind how a window is counted that is no bucket by itself */
  constructor({ limit, per, of = 'requests', kind: own }: Window, kind: MeterKind, phase: number) {
    this.limit = limit;
    this.unit = of;
    this.#per = per;
    this.#kind = own === 'bucket' ? own : kind;
    this.#phase = phase;
  }

  /** Amount used at `now`. */
  used(now: number): number {
    if (this.#kind === 'bucket') {
      this.#level = Math.max(0, this.#level - ((now - this.#levelAt) * this.limit) / this.#per);
      this.#levelAt = now;
      return this.#level;
    }
    const start = this.#start(now);
    if (this.#counted[0] === undefined || this.#counted[0].at >= start) return this.#sum;
    this.#counted = this.#counted.filter(({ at }) => at >= start);
    this.#sum = this.#counted.reduce((sum, { cost }) => sum + cost, 0);
    return this.#sum;
  }

  /** ms until `cost` would be accepted; 0 if it would be now. More than the limit is accepted by an empty window. */
  wait(now: number, cost: number): number {
    const used = this.used(now);
    const most = Math.max(this.limit, cost);
    if (used + cost <= most) return 0;
    if (this.#kind === 'bucket') return ((used + cost - most) * this.#per) / this.limit;
    if (this.#kind === 'fixed') return this.#start(now) + this.#per - now;
    let freed = 0;
    for (const { at, cost: each } of this.#counted) {
      freed += each;
      if (used - freed + cost <= most) return at + this.#per - now;
    }
    return this.#per;
  }

  take(now: number, cost: number): void {
    if (this.#kind === 'bucket') this.#level = this.used(now) + cost;
    else {
      this.#counted.push({ at: now, cost });
      this.#sum += cost;
    }
  }

  /** ms until nothing is used. */
  reset(now: number): number {
    const used = this.used(now);
    if (this.#kind === 'fixed') return this.#start(now) + this.#per - now;
    if (this.#kind === 'bucket') return (used * this.#per) / this.limit;
    return Math.max(0, (this.#counted.at(-1)?.at ?? now - this.#per) + this.#per - now);
  }

  /** Begin of the window, exclusive for a rolling one. */
  #start(now: number): number {
    if (this.#kind === 'rolling') return now - this.#per + Number.EPSILON;
    return Math.floor((now - this.#phase) / this.#per) * this.#per + this.#phase;
  }
}
