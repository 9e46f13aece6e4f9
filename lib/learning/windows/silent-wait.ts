/** A silent server is asked again after the first wait, and then each time that is longer by this factor. */
const FIRST_SHARE = 1 / 8;
const GROWTH = 0.25;
const SHORTEST_WAIT_MS = 25;
/** Beyond that factor of the time after which it was asked last, nobody wanted to ask. */
const IDLE = 2;
/** In so many round trips one of the attempts in flight has ended. */
const ONE_TRIP = 1.2;

/** When a server is asked again that refuses and names no wait. */
export class SilentWait {
  /** So long after the quota had closed it was asked last, in ms. */
  #asked = 0;

  /**
   * The first wait, in ms: one round trip where an attempt in flight may be all that is waited for; else the
   * {@link shortest}.
   */
  first(shortest: number, tripMs: number, inFlight: boolean): number {
    this.#asked = 0;
    return inFlight && tripMs > 0 ? Math.max(SHORTEST_WAIT_MS, tripMs) * ONE_TRIP : shortest;
  }

  /** The next wait of a quota that is closed for so long, in ms: what is left of the shortest, and then a quarter more. */
  next(closedMs: number, shortest: number): number {
    // Time in which nobody asked tells nothing of how long the server stays closed.
    const elapsed = Math.min(closedMs, IDLE * (this.#asked + shortest));
    this.#asked = elapsed;
    return elapsed < shortest ? shortest - elapsed : Math.max(shortest, elapsed) * GROWTH;
  }
}

/** The shortest wait, in ms: an eighth of the shortest window, at most `most`, and at least a round trip. */
export function shortest(most: number, tripMs: number, windows: readonly { readonly per: number }[]): number {
  const share = windows.map(({ per }) => per * FIRST_SHARE);
  return Math.max(SHORTEST_WAIT_MS, tripMs, Math.min(most, ...share));
}
