import { FIRST_FLIGHT } from './pace.ts';

/** Fraction of a newly learned limit that is in flight at once when it is first used. */
const SHARE = 0.25;
/** Delay before one more attempt if those in flight are not answered: in latencies, with bounds in ms. */
const STALL_LATENCIES = 4;
const MIN_STALL_MS = 100;
const MAX_STALL_MS = 1000;

/** Number of attempts allowed in flight while a newly learned limit is first used; grows as they are served. */
export class Ramp {
  #most = Infinity;

  /** This limit was learned; `sharers` processes use it. */
  begin(limit: number, sharers: number): void {
    this.#most = Math.max(FIRST_FLIGHT, limit * SHARE) / sharers;
  }

  served(): void {
    this.#most += 1;
  }

  /**
   * Delay after the last attempt before one more is sent, in ms; 0 while fewer than the allowed number are in flight. Those in
   * flight may hang.
   */
  stallMs(unanswered: number, latencyMs: number): number {
    if (unanswered < this.#most) return 0;
    return Math.min(MAX_STALL_MS, Math.max(MIN_STALL_MS, STALL_LATENCIES * latencyMs));
  }
}
