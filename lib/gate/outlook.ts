import type { Charge, LimitAhead } from '../ledger/windows.ts';
import type { Clock } from '../time/clock.ts';
import { wallOf } from '../time/clock.ts';

/** Number of steps that are reckoned; from there on attempts go at the rate that they have come to. */
const MOST_STEPS = 2000;

/** Attempts that take the same of the same limits. */
export interface Alike {
  /** Of each limit; none of those that are not there. */
  readonly weights: readonly number[];
  count: number;
}

/** Attempts that wait for the same quotas, in order. */
export interface Waiting {
  /** The first of them. */
  readonly heads: Alike[];
  /** How many there are. */
  left: number;
  /** None goes before. */
  readonly opensAt: number;
}

/** An attempt in flight, or several of one moment. */
interface Flying extends Alike {
  readonly sentAt: number;
  readonly at: number;
}

/**
 * The law of the gate, reckoned ahead: copies of the limits, a clock of its own, and attempts that are answered after the
 * time that others took.
 */
export class Outlook {
  readonly limits: LimitAhead[] = [];
  /** Time from sending to the answer and to the end, in ms. */
  answerMs = 0;
  endMs = 0;
  readonly #start: number;
  readonly #wall: number;
  #now: number;
  /** By the moment at which they are answered, or end. */
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

  /** What an attempt takes of each limit; `limits` are those of the quotas it draws on, with its charges. */
  weights(of: ReadonlyMap<LimitAhead, Charge | undefined>): number[] {
    return this.limits.map((limit) => (of.has(limit) ? limit.weigh(of.get(limit)) : 0));
  }

  /** An attempt is in flight already. In the order of their sending. */
  fly(weights: readonly number[], sentAt: number, answered: boolean): void {
    const counts = ({ count: { transitMs }, toEnd }: LimitAhead): boolean =>
      toEnd || (!answered && !(sentAt + (transitMs ?? Infinity) <= this.#start));
    // What was answered, or counts by its transit, is in the copies.
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

  /** ms until the last of these has gone; `Infinity` if that cannot be told. */
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

  /** The rest of them goes at the rate of those before, or as the limits let it, whichever is later. */
  #goingOn({ left, heads }: Waiting, first: number, gone: number): number {
    const perAttempt = gone > 0 ? (this.#now - first) / gone : 0;
    let at = this.#now + left * perAttempt;
    for (const [index, { count }] of this.limits.entries()) {
      const weight = (heads[0]?.weights[index] ?? 0) * left;
      if (weight > 0 && count.per > 0) at = Math.max(at, count.freeAt(weight, this.#now));
    }
    return at - this.#start;
  }

  /** What is answered or over by now is so. Returns the next moment at which anything is. */
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

  /** How many of them there is room for. */
  #fitting({ weights, count: most }: Alike): number {
    let fitting = most;
    for (const [index, { count }] of this.limits.entries()) {
      const weight = weights[index] as number;
      if (weight > 0) fitting = Math.min(fitting, Math.floor(count.free(this.#now) / weight + 1e-9));
    }
    return Math.max(1, fitting);
  }
}

/** Several of one weight: as one, or each by itself where transit is limited. */
function each(
  transitMs: number | undefined,
  weight: number,
  count: number,
  tell: (weight: number) => void,
): void {
  if (transitMs === undefined) tell(weight * count);
  else for (let left = count; left > 0; left -= 1) tell(weight);
}
