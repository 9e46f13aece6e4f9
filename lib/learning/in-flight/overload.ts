/** Fraction of the attempts in flight kept after overload: minimum, maximum. */
const LEAST_KEPT = 0.5;
const MOST_KEPT = 0.95;
/** Attempts served at full use, per permit, before the limit grows. */
const ROUNDS = 4;
/** Maximum growth in one step, as a fraction of the limit. */
const WIDEST_STEP = 0.25;
/** Number of queued attempts per permit that makes growth worth its risk; with fewer, the limit grows more rarely. */
const WORTH = 32;
const RARELY = 1 / 32;
/** Number of overload failures in the last rounds that mean overload; a single one may be chance. */
const SIGNS = 2;
/** Delay of one more attempt when none in flight answers, in ms and in latencies: they may hang. */
const STALL_MS = 1000;
const STALL_LATENCIES = 4;
/** Weight of the newest latency in their average. */
const LATENCY_SHARE = 0.1;
/** Time without overload after which the limit may be obsolete, in ms: it then grows by half each second. */
const SHORTEST_QUIET_MS = 3000;
const LONGEST_QUIET_MS = 120_000;
const QUIET_STEP_MS = 1000;
const QUIET_GROWTH = 1.5;
/** Minimum number of outcomes considered. */
const LEAST_SPAN = 20;

/**
 * The number of attempts a server bears at once, learned from overload (503, timeouts, broken connections) or from saturation.
 * Unlimited until the first sign.
 *
 * Additive increase, multiplicative decrease: when f of the last n outcomes were overload at n in flight, the limit is
 * n · (1 − f), that factor held between 0.5 and 0.95, once for all that was sent before; it grows by 1 after 4 · limit
 * attempts served at full use, or 32 times as many where few wait. Never below 1. A server that was overloaded for a
 * moment is not held to it for ever: after 3 s without overload the limit grows by half each second, as long as it is
 * used in full; where that was wrong, the next such try comes after four times as long.
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
  #takenAt = -Infinity;
  /** Moment of the last overload, or of the last growth after quiet. */
  #loudAt = -Infinity;
  #quietMs = SHORTEST_QUIET_MS;
  /** The limit grew after quiet since it was last lowered. */
  #tried = false;
  #latency = 0;
  /** What it was before it was {@link saturated} last. */
  #unsaturated = Infinity;
  /** Next growth of the limit. */
  #step = 1;

  /** Maximum attempts in flight. */
  get limit(): number {
    return this.#limit;
  }

  /** The earliest moment at which another may go. */
  turnAt(now: number, inFlight: number): number {
    if (inFlight < this.#limit) return now;
    return this.#takenAt + Math.max(STALL_MS, STALL_LATENCIES * this.#latency);
  }

  /** An attempt goes. */
  taken(now: number): void {
    this.#takenAt = now;
  }

  /** An attempt was served in `tookMs`, with `inFlight` in flight (itself included) and `waiting` queued. */
  served(now: number, inFlight: number, waiting: number, tookMs: number): void {
    this.#latency += (tookMs - this.#latency) * (this.#latency === 0 ? 1 : LATENCY_SHARE);
    this.#pass(inFlight);
    if (inFlight < this.#limit) return;
    if (now >= this.#loudAt + this.#quietMs) {
      this.#loudAt = now - this.#quietMs + QUIET_STEP_MS;
      this.#limit = Math.ceil(this.#limit * QUIET_GROWTH);
      this.#credit = 0;
      this.#tried = true;
    }
    const worth = waiting >= WORTH * this.#limit;
    if (worth !== this.#worth) this.#credit = 0;
    this.#worth = worth;
    this.#credit += worth ? 1 : RARELY;
    if (this.#credit < ROUNDS * this.#limit) return;
    this.#credit = 0;
    this.#limit += this.#step;
    this.#step = Math.max(1, Math.min(this.#step * 2, Math.floor(this.#limit * WIDEST_STEP)));
  }

  /** An attempt failed for overload. Returns true if that lowered the limit. */
  overloaded(now: number, sentAt: number, inFlight: number): boolean {
    this.#loudAt = now;
    if (sentAt < this.#decreasedAt) return false;
    this.#pass(inFlight);
    if (this.#signs === 0) this.#span = 0;
    this.#signs += 1;
    if (this.#signs < SIGNS) return false;
    const kept = Math.min(MOST_KEPT, Math.max(LEAST_KEPT, 1 - this.#signs / Math.max(this.#span, inFlight)));
    this.#signs = 0;
    this.#credit = 0;
    this.#step = 1;
    this.#decreasedAt = now;
    if (this.#tried) this.#quietMs = Math.min(LONGEST_QUIET_MS, this.#quietMs * 4);
    this.#tried = false;
    this.#limit = Math.max(1, Math.floor(Math.min(this.#limit, inFlight) * kept));
    return true;
  }

  /** The server is no faster with more than `limit` in flight; `Infinity` if that was a mistake. */
  saturated(now: number, limit: number): void {
    if (limit < Infinity) this.#unsaturated = this.#limit;
    this.#limit = Math.min(limit, this.#unsaturated);
    this.#credit = 0;
    this.#step = 1;
    this.#loudAt = now;
    if (limit < Infinity && this.#tried) this.#quietMs = Math.min(LONGEST_QUIET_MS, this.#quietMs * 4);
    this.#tried = false;
  }

  #pass(inFlight: number): void {
    this.#span += 1;
    if (this.#span > Math.max(LEAST_SPAN, 2 * inFlight)) this.#signs = 0;
  }
}
