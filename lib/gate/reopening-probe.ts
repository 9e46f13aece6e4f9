/** Time after which a probe in flight may be stuck, in ms and in latencies; then another is sent. */
const PATIENCE_MS = 1000;
const PATIENCE_LATENCIES = 4;

/** The first attempt after a 429 without Retry-After: the rest of the queue waits for its answer. */
export class ReopeningProbe {
  /** Moment at which the last one was sent; `undefined` while another may go at once. */
  #sentAt: number | undefined;
  #patienceMs = PATIENCE_MS;

  /** Moment from which another may be sent; `undefined` if none is in flight. */
  get nextAt(): number | undefined {
    return this.#sentAt === undefined ? undefined : this.#sentAt + this.#patienceMs;
  }

  /** An attempt is sent; attempts take `latency` ms, 0 if unknown. */
  sent(now: number, latency: number): void {
    this.#sentAt = now;
    this.#patienceMs = Math.max(PATIENCE_MS, PATIENCE_LATENCIES * latency);
  }

  /** An attempt ended; if it was the last probe and decided nothing, another one follows. */
  ended(sentAt: number): void {
    if (this.#sentAt !== undefined && sentAt >= this.#sentAt) this.#sentAt = undefined;
  }
}
