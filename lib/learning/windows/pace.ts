/** Number of attempts in flight at first, while nothing is known about a quota. */
export const FIRST_FLIGHT = 12;
/** Number of served attempts per further attempt in flight; fewer once many were served, as the quota is then large. */
const SERVED_PER_FLIGHT = 12;
const MANY = 240;
const SERVED_PER_FLIGHT_OF_MANY = 5;
/** Interval of further attempts, in ms: the former, or the latter / in flight if shorter, which is growth by e per 400 ms. */
const PACE_MS = 20;
const PACE_GROWTH_MS = 400;

/**
 * When the next attempt may go while nothing is known about a quota, so that the first refusal hits few attempts.
 *
 * At once while fewer are in flight than 12 + served / 12 (/ 5 beyond 240 served); otherwise 20 ms after the last, or
 * 400 ms / in flight, whichever is sooner. Each of several processes takes its share of the initial 12 and of the pace, but half
 * of the early growth, since it learns of a refusal elsewhere with a delay.
 */
export function paced(now: number, lastAt: number, inFlight: number, served: number, sharers = 1): number {
  const few = Math.min(MANY, served);
  const room =
    FIRST_FLIGHT / sharers +
    few / SERVED_PER_FLIGHT / Math.min(2, sharers) +
    (served - few) / SERVED_PER_FLIGHT_OF_MANY;
  if (inFlight < Math.max(1, Math.floor(room))) return now;
  return Math.max(now, lastAt + Math.min(sharers * PACE_MS, PACE_GROWTH_MS / inFlight));
}
