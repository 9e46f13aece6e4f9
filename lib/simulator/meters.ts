import { type CalendarUnit, calendarOf, type Period } from '../time/calendar.ts';
import type { Window } from '../words/types.ts';

/** How a server counts a window. */
export type MeterKind = 'fixed' | 'rolling' | 'bucket';

/** Amount below which a difference is a rounding error. */
const ROUNDING = 1e-3;

/** One window as a server counts it, by cost. Reads no clock: every method takes the moment, in simulated ms. */
export class Meter {
  readonly limit: number;
  readonly unit: string;
  readonly #per: number;
  readonly #kind: MeterKind | CalendarUnit;
  readonly #zone: string;
  readonly #epoch: number;
  readonly #phase: number;
  /** Counted costs, oldest first, and their sum; a bucket keeps its level instead. */
  #counted: { readonly at: number; readonly cost: number }[] = [];
  #sum = 0;
  #level = 0;
  #levelAt = 0;

  /**
   * @param kind how to count a window that does not state its kind
   * @param epoch Unix ms at moment 0, for calendar windows
   */
  constructor(window: Window, kind: MeterKind, phase: number, epoch: number = 0) {
    const { limit, per, of = 'requests', kind: own, zone = 'UTC' } = window;
    this.limit = limit;
    this.unit = of;
    this.#per = per;
    // Spacing is a bucket of one.
    this.#kind = own === 'spacing' ? 'bucket' : (own ?? kind);
    this.#zone = zone;
    this.#epoch = epoch;
    this.#phase = phase;
  }

  /** Amount used at `now`. */
  used(now: number): number {
    if (this.#kind === 'bucket') {
      this.#level = Math.max(0, this.#level - ((now - this.#levelAt) * this.limit) / this.#per);
      this.#levelAt = now;
      return this.#level;
    }
    const { start } = this.#period(now);
    if (this.#counted[0] === undefined || this.#counted[0].at >= start) return this.#sum;
    this.#counted = this.#counted.filter(({ at }) => at >= start);
    this.#sum = this.#counted.reduce((sum, { cost }) => sum + cost, 0);
    return this.#sum;
  }

  /** ms until `cost` would be accepted; 0 if it would be now. An empty window accepts even more than its limit. */
  wait(now: number, cost: number): number {
    const used = this.used(now);
    const most = Math.max(this.limit, cost);
    if (used + cost <= most + ROUNDING) return 0;
    if (this.#kind === 'bucket') return ((used + cost - most) * this.#per) / this.limit;
    if (this.#kind !== 'rolling') return this.#period(now).end - now;
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
    if (this.#kind === 'bucket') return (used * this.#per) / this.limit;
    if (this.#kind !== 'rolling') return this.#period(now).end - now;
    return Math.max(0, (this.#counted.at(-1)?.at ?? now - this.#per) + this.#per - now);
  }

  /** The window at a moment; a rolling window excludes its start. */
  #period(now: number): Period {
    if (this.#kind === 'rolling') return { start: now - this.#per + Number.EPSILON, end: now };
    if (this.#kind === 'day' || this.#kind === 'month') {
      const { start, end } = calendarOf(this.#kind, this.#zone).at(now + this.#epoch);
      return { start: start - this.#epoch, end: end - this.#epoch };
    }
    const start = Math.floor((now - this.#phase) / this.#per) * this.#per + this.#phase;
    return { start, end: start + this.#per };
  }
}
