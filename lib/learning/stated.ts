import type { RateLimit } from '../classify/rate-limit.ts';

/** What a server said is left of one policy. */
interface Allowance {
  readonly remaining: number;
  /** Number of the attempt that was told so: those sent after it are not counted in `remaining`. */
  readonly number: number;
  /** Moment. */
  readonly resetAt: number;
}

/** Maximum number of policies remembered. */
const MAX_POLICIES = 8;
/** A statement that is no refusal holds for an hour at the most, in ms; then one attempt asks again. */
const LONGEST_HOLD_MS = 3_600_000;

/**
 * What the server itself says may still be sent, by its rate-limit headers:
 *
 *     left = remaining − attempts sent after the one that was told so
 *
 * until the reset that it named, or for an hour.
 */
export class Allowances {
  /** Made for the first statement. */
  #allowances: Map<string, Allowance> | undefined;

  /**
   * @param number of the attempt that was answered, of all of the quota's
   * @param sent number of the last attempt sent
   * @returns ms for which nothing more may be sent; 0 when something may
   */
  heard(now: number, number: number, sent: number, limits: readonly RateLimit[]): number {
    let closed = 0;
    this.#allowances ??= new Map();
    const allowances = this.#allowances;
    for (const { name, requests, remaining, resetMs: stated } of limits) {
      const resetMs = stated && Math.min(stated, LONGEST_HOLD_MS);
      const known = allowances.get(name);
      if (known && known.number > number && known.resetAt > now) {
        // An older answer that came late unsays nothing; if both say that nothing is left, the later reset holds.
        if (remaining !== 0 || known.remaining > 0 || !resetMs || now + resetMs <= known.resetAt) continue;
        allowances.set(name, { ...known, resetAt: now + resetMs });
        closed = Math.max(closed, resetMs);
        continue;
      }
      allowances.delete(name);
      if (remaining === undefined || !resetMs || allowances.size === MAX_POLICIES) continue;
      if (remaining > 0 && !requests) continue;
      allowances.set(name, { remaining, number, resetAt: now + resetMs });
      if (remaining - (sent - number) <= 0) closed = Math.max(closed, resetMs);
    }
    return closed;
  }

  /** The earliest moment at which an attempt may go, after `sent` attempts. */
  turnAt(now: number, sent: number): number {
    let turn = now;
    if (!this.#allowances) return turn;
    for (const [name, { remaining, number, resetAt }] of this.#allowances) {
      if (now >= resetAt) this.#allowances.delete(name);
      else if (remaining - (sent - number) <= 0) turn = Math.max(turn, resetAt);
    }
    return turn;
  }
}
