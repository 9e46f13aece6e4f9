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
  /** Longest wait for a reset that the policy named, in ms: its window is at least as long. */
  readonly lengthMs: number;
  /** Not stated: the reset has passed, and the policy's limit is taken to apply again. */
  readonly assumed?: boolean;
  readonly stated: RateLimit;
}

/** Use of the declared windows. */
export type DeclaredUse = readonly {
  readonly unit: string;
  readonly limit: number;
  /** ms */
  readonly per: number;
  readonly used: number;
}[];

/** Maximum number of policies remembered. */
const MAX_POLICIES = 8;
/** Factor by which the reset that an older response names must be stretched at most to be that of the latest. */
const SAME_RESET = 1.25;
/** Maximum rounding of a reset, in ms: most servers name whole seconds. */
const RESET_GRAIN_MS = 1000;
/** Maximum time for which a statement that is not a refusal holds, in ms; then one attempt asks again. */
const LONGEST_HOLD_MS = 3_600_000;

/**
 * How many attempts the server's own rate-limit headers still allow:
 *
 *     left = remaining − attempts that it does not count: sent after the one whose response said so, or overtaken by it
 *
 * until the reset that the server named, at most for an hour. From then on, the policy's whole limit is taken to remain, until a
 * response says more: otherwise a backlog would meet a small limit anew at each reset.
 */
export class Allowances {
  /** Created at the first statement. */
  #allowances: Map<string, Allowance> | undefined;

  /**
   * @param number of the answered attempt, among all of the quota
   * @param declared those windows that count all that a statement says is used know better when attempts may go
   * @returns ms for which nothing more may be sent; 0 if attempts may go
   */
  heard(now: number, number: number, limits: readonly RateLimit[], declared: DeclaredUse = []): number {
    let closed = 0;
    this.#allowances ??= new Map();
    const allowances = this.#allowances;
    for (const stated of limits) {
      const { name, requests, remaining } = stated;
      const resetMs = Math.min(stated.resetMs ?? 0, LONGEST_HOLD_MS);
      const known = allowances.get(name);
      const isLate = known !== undefined && known.number > number && known.resetAt > now;
      let next: Allowance;
      if (isLate && known.binds) {
        // An older response raises nothing. If it says that less is left of the same window, its attempt was overtaken.
        const isLess = remaining !== undefined && remaining <= known.remaining;
        if (!isLess || now + resetMs * SAME_RESET < known.resetAt) continue;
        // If nothing is left, the later reset applies.
        next = { ...known, remaining, resetAt: Math.max(known.resetAt, remaining > 0 ? 0 : now + resetMs) };
      } else {
        // Nor does it replace a value that is only shown, unless it says that nothing is left.
        if (isLate && remaining !== 0) continue;
        allowances.delete(name);
        if (remaining === undefined) continue;
        const binds = resetMs > 0 && (requests ? !counts(declared, stated) : remaining === 0);
        if (!this.#hasRoom(binds)) continue;
        const resetAt = now + (resetMs || LONGEST_HOLD_MS);
        next = {
          remaining,
          number,
          resetAt,
          binds,
          stated,
          lengthMs: Math.max(resetMs, known?.lengthMs ?? 0),
        };
      }
      allowances.set(name, next);
      // If attempts in flight may have used up what remains, `turnAt` holds the rest until their responses tell.
      if (next.binds && remaining === 0) closed = Math.max(closed, next.resetAt - now);
    }
    return closed;
  }

  /** Earliest moment at which an attempt may go, after `sent` attempts, of which `unanswered` are not answered. */
  turnAt(now: number, sent: number, unanswered: number): number {
    let turn = now;
    if (!this.#allowances) return turn;
    for (const [name, known] of this.#allowances) {
      const each = now < known.resetAt ? known : this.#renew(now, name, known, sent, unanswered);
      // Without an unanswered attempt, no response will say more of an assumed one.
      if (!each?.binds || (each.assumed && unanswered === 0)) continue;
      if (each.remaining <= Math.max(sent - each.number, unanswered)) turn = Math.max(turn, each.resetAt);
    }
    return turn;
  }

  /** The server's latest statements that still hold. */
  snapshot(now: number, sent: number): StatedLimit[] {
    const all: StatedLimit[] = [];
    for (const { remaining, number, resetAt, assumed, stated } of this.#allowances?.values() ?? []) {
      if (now >= resetAt || assumed) continue;
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

  /** The policy's reset has passed: assumes its limit for one more window, counted from the attempts not answered yet. */
  #renew(
    now: number,
    name: string,
    known: Allowance,
    sent: number,
    unanswered: number,
  ): Allowance | undefined {
    const { lengthMs, stated } = known;
    this.#allowances?.delete(name);
    const isOver = known.assumed && unanswered > 0;
    if (isOver || !known.binds || !stated.requests || !stated.limit) return undefined;
    const resetAt = now + lengthMs;
    const renewed = { ...known, remaining: stated.limit, number: sent - unanswered, resetAt, assumed: true };
    this.#allowances?.set(name, renewed);
    return renewed;
  }

  /** Whether one more can be remembered. A binding value evicts one that is only shown, and each an assumed one. */
  #hasRoom(binds: boolean): boolean {
    const allowances = this.#allowances as Map<string, Allowance>;
    if (allowances.size < MAX_POLICIES) return true;
    for (const [name, each] of allowances)
      if (each.assumed || (binds && !each.binds)) return allowances.delete(name);
    return false;
  }
}

/** Whether one of the windows counts all that the server says is used of its own. */
function counts(declared: DeclaredUse, { limit, remaining = 0, resetMs = 0 }: RateLimit): boolean {
  return declared.some(
    (window) =>
      window.unit === 'requests' &&
      window.limit === limit &&
      window.used >= limit - remaining &&
      resetMs <= window.per + RESET_GRAIN_MS,
  );
}
