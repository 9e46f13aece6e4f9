import { FIRST_FLIGHT } from './pace.ts';

/** Fraction of a newly learned limit that is in flight at once when it is first used. */
const SHARE = 0.25;
/** Delay of one more attempt when those in flight do not answer: latencies, and bounds in ms. */
const STALL_LATENCIES = 4;
const MIN_STALL_MS = 100;
const MAX_STALL_MS = 1000;

/** How many attempts are in flight at once while a limit that was just learned is first used; grows as they are served. */
export class Ramp {
  #most = Infinity;

  /** This limit was learned, and is used by so many processes. */
  begin(limit: number, sharers: number): void {
    this.#most = Math.max(FIRST_FLIGHT, limit * SHARE) / sharers;
  }

  served(): void {
    this.#most += 1;
  }

  /**
   * Delay after the last attempt when the allowed number is in flight, in ms: they may hang.
   *
   * @param isFull as many are in flight as the server accepts
   */
  stallMs(unanswered: number, isFull: boolean, latencyMs: number): number {
    const ms = STALL_LATENCIES * latencyMs;
    // A limit of attempts in flight holds as long as those may still be in flight.
    if (isFull) return Math.max(MAX_STALL_MS, ms);
    return unanswered < this.#most ? 0 : Math.min(MAX_STALL_MS, Math.max(MIN_STALL_MS, ms));
  }
}
