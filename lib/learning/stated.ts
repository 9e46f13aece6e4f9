import type { RateLimit } from '../classify/rate-limit.ts';
import type { StatedLimit } from '../words/snapshot.ts';

/** What a server said remains of one policy. */
interface Allowance {
  readonly remaining: number;
  /** Number of the attempt whose response said so: `remaining` does not count those sent after it. */
  readonly number: number;
  /** Moment until which it holds. */
  readonly resetAt: number;
  /** Whether attempts must obey it; otherwise it is only shown. */
  readonly binds: boolean;
  readonly stated: RateLimit;
}

/** Maximum number of policies remembered. */
const MAX_POLICIES = 8;
/** Maximum time for which a statement that is not a refusal holds, in ms; then one attempt asks again. */
const LONGEST_HOLD_MS = 3_600_000;

/**
 * How many attempts the server's own rate-limit headers still allow:
 *
 *     left = remaining − attempts sent after the one whose response said so
 *
 * until the reset that the server named, at most for an hour.
 */
export class Allowances {
  /** Created at the first statement. */
  #allowances: Map<string, Allowance> | undefined;

  /**
   * @param number of the answered attempt, among all of the quota
   * @returns ms for which nothing more may be sent; 0 if attempts may go
   */
  heard(now: number, number: number, limits: readonly RateLimit[]): number {
    let closed = 0;
    this.#allowances ??= new Map();
    const allowances = this.#allowances;
    for (const stated of limits) {
      const { name, requests, remaining } = stated;
      const resetMs = stated.resetMs && Math.min(stated.resetMs, LONGEST_HOLD_MS);
      const known = allowances.get(name);
      if (known?.binds && known.number > number && known.resetAt > now) {
        // An older response that arrives late changes nothing; if both say that nothing is left, the later reset applies.
        if (remaining !== 0 || known.remaining > 0 || !resetMs || now + resetMs <= known.resetAt) continue;
        allowances.set(name, { ...known, resetAt: now + resetMs });
        closed = Math.max(closed, resetMs);
        continue;
      }
      // Nor does it replace a value that is only shown, unless it says that nothing is left.
      if (known && known.number > number && known.resetAt > now && remaining !== 0) continue;
      allowances.delete(name);
      if (remaining === undefined) continue;
      const binds = resetMs !== undefined && resetMs > 0 && (remaining === 0 || requests);
      if (!this.#hasRoom(binds)) continue;
      const resetAt = now + (resetMs || LONGEST_HOLD_MS);
      allowances.set(name, { remaining, number, resetAt, binds, stated });
      // If attempts in flight may have used up what remains, `turnAt` holds the rest until their responses tell.
      if (binds && remaining === 0) closed = Math.max(closed, resetMs);
    }
    return closed;
  }

  /** Earliest moment at which an attempt may go, after `sent` attempts. */
  turnAt(now: number, sent: number): number {
    let turn = now;
    if (!this.#allowances) return turn;
    for (const [name, { remaining, number, resetAt, binds }] of this.#allowances) {
      if (now >= resetAt) this.#allowances.delete(name);
      else if (binds && remaining - (sent - number) <= 0) turn = Math.max(turn, resetAt);
    }
    return turn;
  }

  /** The server's latest statements that still hold. */
  snapshot(now: number, sent: number): StatedLimit[] {
    const all: StatedLimit[] = [];
    for (const { remaining, number, resetAt, stated } of this.#allowances?.values() ?? []) {
      if (now >= resetAt) continue;
      const { name, requests, unit, limit, windowMs, resetMs } = stated;
      all.push({
        name,
        unit: requests ? 'requests' : (unit ?? name),
        remaining: requests ? Math.max(0, remaining - (sent - number)) : remaining,
        ...(limit !== undefined && { limit }),
        ...(windowMs !== undefined && { per: windowMs }),
        ...(resetMs && { resetAt }),
      });
    }
    return all;
  }

  /** Whether one more can be remembered. A binding value evicts one that is only shown. */
  #hasRoom(binds: boolean): boolean {
    const allowances = this.#allowances as Map<string, Allowance>;
    if (allowances.size < MAX_POLICIES) return true;
    if (!binds) return false;
    for (const [name, each] of allowances) if (!each.binds) return allowances.delete(name);
    return false;
  }
}
