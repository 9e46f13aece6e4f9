/** Weight of the newest round trip in the averages. */
const WEIGHT = 0.1;
/** Number of round trips per block; the fastest of the last one to two blocks counts, so a longer route is noticed in time. */
const BLOCK = 500;
/** Minimum length of a window distinguishable from noise, in ms and in round trips. */
const MIN_SPAN_MS = 100;
const SPAN_TRIPS = 0.5;

/**
 * Round-trip times of served attempts, in ms: exponential average and the fastest.
 *
 * Source of the average: V. Jacobson, "Congestion Avoidance and Control", 1988.
 */
export class RoundTrip {
  #average: number | undefined;
  /** Fastest round trip of this block, and of this block and the one before. */
  #blockFastest = Infinity;
  #fastest = Infinity;
  #block = 0;

  /** An attempt was served in `ms`. */
  push(ms: number): void {
    this.#blockFastest = Math.min(this.#blockFastest, ms);
    this.#fastest = Math.min(this.#fastest, ms);
    this.#block += 1;
    if (this.#block === BLOCK) {
      this.#fastest = this.#blockFastest;
      this.#blockFastest = Infinity;
      this.#block = 0;
    }
    const average = this.#average ?? ms;
    this.#average = average + (ms - average) * WEIGHT;
  }

  get average(): number {
    return this.#average ?? 0;
  }

  /** Minimum length of a window distinguishable from noise, in ms. */
  get shortestSpan(): number {
    return Math.max(MIN_SPAN_MS, SPAN_TRIPS * this.average);
  }

  /**
   * Estimates the latest moment at which an attempt can have reached the server:
   *
   *     max(sent, answered − fastest)
   *
   * Every response is assumed to take at least the fastest round trip to come back, so a constant distance costs nothing: only
   * its variation does. The way back may be shorter than that; if so, the server refuses.
   */
  arrival(answeredAt: number, sentAt: number): number {
    return Math.max(sentAt, answeredAt - this.#fastest);
  }
}
