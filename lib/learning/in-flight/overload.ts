/** Share of the attempts in flight that is kept when the server is overloaded: from, to. */
const LEAST_KEPT = 0.5;
const MOST_KEPT = 0.95;
/** Attempts served at full use, for each permit, before one more is tried. */
const ROUNDS = 4;
/** It grows by 1, 2, 4, …, at most by this share of itself at once, until it was too much. */
const WIDEST_STEP = 0.25;
/** So many waiting, for each permit, make one more worth its risk; with fewer it is tried the more rarely. */
const WORTH = 32;
const RARELY = 1 / 32;
/** So many overload failures in the last rounds tell of overload; a single one may be chance. */
const SIGNS = 2;
/** When nothing is heard of those in flight, one more goes after so long, in ms and in latencies: they may hang. */
const STALL_MS = 1000;
const STALL_LATENCIES = 4;
/** Weight of the newest latency in their average. */
const LATENCY_SHARE = 0.1;
/** After so long without overload, in ms, the limit may be a thing of the past: it grows by half each second. */
const SHORTEST_QUIET_MS = 3000;
const LONGEST_QUIET_MS = 120_000;
const QUIET_STEP_MS = 1000;
const QUIET_GROWTH = 1.5;
/** Outcomes looked at, at the least. */
const LEAST_SPAN = 20;

/**
 * How many attempts a server bears at once, learned from its refusals for overload (503, timeouts, broken
 * connections), or from its getting no faster. Unlimited until the first.
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
  /** When an attempt failed for overload last, or the limit grew for quiet. */
  #loudAt = -Infinity;
  #quietMs = SHORTEST_QUIET_MS;
  /** The limit grew for quiet since it was lowered last. */
  #tried = false;
  #latency = 0;
  /** What it was before it was {@link saturated} last. */
  #unsaturated = Infinity;
  /** By how much the limit grows next. */
  #step = 1;

  /** Most attempts in flight. */
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

  /** An attempt was served in so many ms, with so many in flight, itself included, and so many waiting. */
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

  /** An attempt failed for overload. Returns true when that lowered the limit. */
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

  /** The server is no faster with more than so many in flight; `Infinity` where that was a mistake. */
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
