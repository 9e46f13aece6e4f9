/** Share of the attempts in flight that is kept when the server is overloaded: from, to. */
const LEAST_KEPT = 0.5;
const MOST_KEPT = 0.95;
/** Attempts served at full use, for each permit, before one more is tried. */
const ROUNDS = 4;
/** So many waiting, for each permit, make one more worth its risk; with fewer it is tried the more rarely. */
const WORTH = 32;
const RARELY = 1 / 32;
/** So many overload failures in the last rounds tell of overload; a single one may be chance. */
const SIGNS = 2;
/** Outcomes looked at, at the least. */
const LEAST_SPAN = 20;

/**
 * How many attempts a server bears at once, learned from its refusals for overload (503, timeouts, broken
 * connections). Unlimited until the first.
 *
 * Additive increase, multiplicative decrease: when f of the last n outcomes were overload at n in flight, the limit is
 * n · (1 − f), that factor held between 0.5 and 0.95, once for all that was sent before; it grows by 1 after 4 · limit
 * attempts served at full use, or 32 times as many where few wait. Never below 1.
 *
 * Source: D. Chiu, R. Jain, "Analysis of the Increase and Decrease Algorithms for Congestion Avoidance", 1989; the
 * shape of Netflix's concurrency-limits (AIMDLimit).
 */
export class ConcurrencyLimit {
  #limit = Infinity;
  #credit = 0;
  #worth = false;
  #signs = 0;
  /** Outcomes since the first sign that counts. */
  #span = 0;
  #decreasedAt = -Infinity;

  /** Most attempts in flight. */
  get limit(): number {
    return this.#limit;
  }

  /** An attempt was served, with so many in flight, itself included, and so many waiting. */
  served(inFlight: number, waiting: number): void {
    this.#pass(inFlight);
    if (inFlight < this.#limit) return;
    const worth = waiting >= WORTH * this.#limit;
    if (worth !== this.#worth) this.#credit = 0;
    this.#worth = worth;
    this.#credit += worth ? 1 : RARELY;
    if (this.#credit < ROUNDS * this.#limit) return;
    this.#credit = 0;
    this.#limit += 1;
  }

  /** An attempt failed for overload. Returns true when that lowered the limit. */
  overloaded(now: number, sentAt: number, inFlight: number): boolean {
    if (sentAt < this.#decreasedAt) return false;
    this.#pass(inFlight);
    if (this.#signs === 0) this.#span = 0;
    this.#signs += 1;
    if (this.#signs < SIGNS) return false;
    const kept = Math.min(MOST_KEPT, Math.max(LEAST_KEPT, 1 - this.#signs / Math.max(this.#span, inFlight)));
    this.#signs = 0;
    this.#credit = 0;
    this.#decreasedAt = now;
    this.#limit = Math.max(1, Math.floor(Math.min(this.#limit, inFlight) * kept));
    return true;
  }

  #pass(inFlight: number): void {
    this.#span += 1;
    if (this.#span > Math.max(LEAST_SPAN, 2 * inFlight)) this.#signs = 0;
  }
}
