/** First wait, as a fraction of the shortest window, and each further wait, as a fraction of the time so far. */
const FIRST_SHARE = 1 / 8;
const GROWTH = 0.25;
const MIN_WAIT_MS = 25;
/** Multiple of the last interval beyond which the gap was idleness, not refusal. */
const IDLE = 2;
/** Number of round trips after which one of the attempts in flight should have ended. */
const ONE_TRIP = 1.2;

/** When to probe a server again that sends 429s without Retry-After. */
export class SilentWait {
  /** ms from the closing to the last probe. */
  #probed = 0;

  /**
   * The first wait, in ms: about one round trip if the end of an attempt in flight may reopen the quota; otherwise the
   * {@link shortest}.
   */
  first(shortest: number, tripMs: number, inFlight: boolean): number {
    this.#probed = 0;
    return inFlight && tripMs > 0 ? Math.max(MIN_WAIT_MS, tripMs) * ONE_TRIP : shortest;
  }

  /** The next wait, in ms, of a quota closed for `closedMs`: the rest of the shortest, then a quarter of the time so far. */
  next(closedMs: number, shortest: number): number {
    // Time without a probe says nothing about how long the server stays closed.
    const elapsed = Math.min(closedMs, IDLE * (this.#probed + shortest));
    this.#probed = elapsed;
    return elapsed < shortest ? shortest - elapsed : Math.max(shortest, elapsed) * GROWTH;
  }
}

/** Minimum wait, in ms: an eighth of the shortest window, at most `most`, at least a round trip. */
export function shortest(most: number, tripMs: number, windows: readonly { readonly per: number }[]): number {
  const share = windows.map(({ per }) => per * FIRST_SHARE);
  return Math.max(MIN_WAIT_MS, tripMs, Math.min(most, ...share));
}
