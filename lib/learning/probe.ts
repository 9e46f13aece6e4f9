/** Time after which an attempt in flight may be stuck, in ms and in round trips. */
const PATIENCE_MS = 1000;
const PATIENCE_TRIPS = 4;

/** Time for which others wait for an attempt in flight, in ms, if a round trip takes `tripMs`. */
export function patience(tripMs: number): number {
  return Math.max(PATIENCE_MS, PATIENCE_TRIPS * tripMs);
}

/** An attempt for whose outcome others wait. */
export class Probe {
  /** When it was sent; `Infinity` if it is not in flight. */
  sentAt: number = Infinity;
  /** Moment until which others wait for it; `-Infinity` if it is not in flight. */
  until: number = -Infinity;

  get out(): boolean {
    return this.sentAt < Infinity;
  }

  /** @param tripMs average round trip, 0 if unknown */
  sent(now: number, tripMs: number): void {
    this.sentAt = now;
    this.until = now + patience(tripMs);
  }

  /** Whether an attempt sent at `sentAt` is the probe, or was sent after it. */
  concerns(sentAt: number): boolean {
    return sentAt >= this.sentAt;
  }

  /** Nothing waits for it any longer. */
  end(): void {
    this.sentAt = Infinity;
    this.until = -Infinity;
  }
}
