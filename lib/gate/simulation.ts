import type { Charge, LimitAhead } from '../ledger/windows.ts';
import type { Clock } from '../time/clock.ts';
import { wallOf } from '../time/clock.ts';

/** Maximum number of simulated steps; beyond it, the rate reached so far is extrapolated. */
const MOST_STEPS = 2000;

/** Attempts that take equal amounts of each limit. */
export interface Alike {
  /** Amount taken of each limit; 0 if the limit does not apply. */
  readonly weights: readonly number[];
  count: number;
}

/** Attempts that wait for the same quotas, in order. */
export interface Waiting {
  /** The first of them, grouped by equal weights. */
  readonly heads: Alike[];
  /** Number of attempts that still wait. */
  left: number;
  /** Moment before which none goes. */
  readonly opensAt: number;
}

/** One or more attempts in flight, sent at the same moment. */
interface Flying extends Alike {
  readonly sentAt: number;
  readonly at: number;
}

/**
 * Simulates the gate ahead of time, with copies of the limits and its own clock. Attempts are answered after
 * the time that earlier ones took.
 */
export class GateSimulation {
  readonly limits: LimitAhead[] = [];
  /** Time from sending to the answer and to the end, in ms. */
  answerMs = 0;
  endMs = 0;
  readonly #start: number;
  readonly #wall: number;
  #now: number;
  /** In order of the moment at which they are answered, or end. */
  readonly #unanswered: Flying[] = [];
  readonly #unended: Flying[] = [];

  constructor(clock: Clock) {
    this.#start = clock.now();
    this.#now = this.#start;
    this.#wall = wallOf(clock);
  }

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.#wall + this.#now - this.#start;
  }

  /** What an attempt takes of each limit; `of` maps the limits of its quotas to its charges. */
  weights(of: ReadonlyMap<LimitAhead, Charge | undefined>): number[] {
    return this.limits.map((limit) => (of.has(limit) ? limit.weigh(of.get(limit)) : 0));
  }

  /** Adds an attempt that is already in flight; to be called in order of sending. */
  fly(weights: readonly number[], sentAt: number, answered: boolean): void {
    const counts = ({ count: { transitMs }, toEnd }: LimitAhead): boolean =>
      toEnd || (!answered && !(sentAt + (transitMs ?? Infinity) <= this.#start));
    // An attempt that was answered, or whose transit is over, is already counted in the copies.
    const own = weights.map((weight, index) => (counts(this.limits[index] as LimitAhead) ? weight : 0));
    this.#send(own, 1, sentAt);
  }

  #send(weights: readonly number[], count: number, sentAt: number): void {
    for (const [index, { count: of }] of this.limits.entries()) {
      const weight = weights[index] as number;
      if (weight > 0) each(of.transitMs, weight, count, (part) => of.take(sentAt, part));
    }
    const flying = { weights, count, sentAt };
    this.#unanswered.push({ ...flying, at: Math.max(this.#now, sentAt + this.answerMs) });
    this.#unended.push({ ...flying, at: Math.max(this.#now, sentAt + this.endMs) });
  }

  /** ms until the last attempt of `target` has gone; `Infinity` if unknown. */
  last(target: Waiting, others: readonly Waiting[]): number {
    const all = [...others, target];
    let [first, gone] = [Infinity, 0];
    for (let steps = 0; target.left > 0; ) {
      let next = this.#land();
      for (const waiting of all) {
        for (let head = waiting.heads[0]; head; head = waiting.heads[0]) {
          const turn = Math.max(waiting.opensAt, this.#turnAt(head.weights));
          if (turn > this.#now) {
            next = Math.min(next, turn);
            break;
          }
          const count = this.#fitting(head);
          this.#send(head.weights, count, this.#now);
          head.count -= count;
          waiting.left -= count;
          if (head.count === 0) waiting.heads.shift();
          if (waiting === target) [first, gone] = [Math.min(first, this.#now), gone + count];
          next = Math.min(next, this.#now + this.answerMs);
          steps += 1;
          if (steps === MOST_STEPS) return this.#goingOn(target, first, gone);
        }
      }
      if (target.left === 0) break;
      if (target.heads.length === 0) return this.#goingOn(target, first, gone);
      if (next === Infinity) return Infinity;
      this.#now = next;
    }
    return this.#now - this.#start;
  }

  /** ms until the rest has gone, at the rate so far or as the limits allow, whichever is later. */
  #goingOn({ left, heads }: Waiting, first: number, gone: number): number {
    const perAttempt = gone > 0 ? (this.#now - first) / gone : 0;
    let at = this.#now + left * perAttempt;
    for (const [index, { count }] of this.limits.entries()) {
      const weight = (heads[0]?.weights[index] ?? 0) * left;
      if (weight > 0 && count.per > 0) at = Math.max(at, count.freeAt(weight, this.#now));
    }
    return at - this.#start;
  }

  /** Applies the answers and ends due by now. Returns the moment of the next one. */
  #land(): number {
    for (const [flying, toEnd] of [[this.#unanswered, false] as const, [this.#unended, true] as const]) {
      while ((flying[0]?.at ?? Infinity) <= this.#now) {
        const { weights, count, sentAt, at } = flying.shift() as Flying;
        for (const [index, limit] of this.limits.entries()) {
          const weight = weights[index] as number;
          const { count: of } = limit;
          if (weight > 0 && limit.toEnd === toEnd)
            each(of.transitMs, weight, count, (part) => of.give(at, sentAt, part));
        }
      }
    }
    return Math.min(this.#unanswered[0]?.at ?? Infinity, this.#unended[0]?.at ?? Infinity);
  }

  #turnAt(weights: readonly number[]): number {
    let turn = this.#now;
    for (const [index, { count }] of this.limits.entries()) {
      const weight = weights[index] as number;
      if (weight > 0) turn = Math.max(turn, count.turnAt(weight, this.#now));
    }
    return turn;
  }

  /** Number of them for which there is room; at least 1. */
  #fitting({ weights, count: most }: Alike): number {
    let fitting = most;
    for (const [index, { count }] of this.limits.entries()) {
      const weight = weights[index] as number;
      if (weight > 0) fitting = Math.min(fitting, Math.floor(count.free(this.#now) / weight + 1e-9));
    }
    return Math.max(1, fitting);
  }
}

/** Handles several attempts of one weight as one, or one by one if transit is limited. */
function each(
  transitMs: number | undefined,
  weight: number,
  count: number,
  tell: (weight: number) => void,
): void {
  if (transitMs === undefined) tell(weight * count);
  else for (let left = count; left > 0; left -= 1) tell(weight);
}
