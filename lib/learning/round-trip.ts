/** Weight of the newest round trip in the averages. */
const SHARE = 0.1;
/** The fastest is that of so many to twice as many: a way that has become longer is noticed in time. */
const BLOCK = 500;
/** Round trips differ by so many mean deviations. */
const DEVIATIONS = 2;

/**
 * How long attempts take that are served, in ms: an exponential average, the mean deviation from it, and the fastest.
 *
 * Source of the two averages: V. Jacobson, "Congestion Avoidance and Control", 1988.
 */
export class RoundTrip {
  #average: number | undefined;
  #deviation = 0;
  /** The fastest of this block, and of it and the one before. */
  #blockFastest = Infinity;
  #fastest = Infinity;
  #block = 0;

  /** An attempt was served in so many ms. */
  push(ms: number): void {
    this.#blockFastest = Math.min(this.#blockFastest, ms);
    this.#fastest = Math.min(this.#fastest, ms);
    this.#block += 1;
    if (this.#block === BLOCK) {
      this.#fastest = this.#blockFastest;
      this.#blockFastest = Infinity;
      this.#block = 0;
    }
    const error = ms - (this.#average ?? ms);
    this.#average = (this.#average ?? ms) + error * SHARE;
    this.#deviation += (Math.abs(error) - this.#deviation) * SHARE;
  }

  get average(): number {
    return this.#average ?? 0;
  }

  /** By how much attempts may overtake each other. */
  get jitter(): number {
    return DEVIATIONS * this.#deviation;
  }

  /**
   * The latest moment at which an attempt can have come to the server:
   *
   *     max(sent, answered − fastest)
   *
   * What the fastest took is the least that any takes, there and back: so a long way to the server costs only what it
   * differs by. It is a guess as to which part of it is the way back; where it is wrong, the server refuses.
   */
  arrival(answeredAt: number, sentAt: number): number {
    return Math.max(sentAt, answeredAt - this.#fastest);
  }
}
