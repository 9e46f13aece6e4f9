/** Attempts in flight while nothing is known of a quota. */
export const FIRST_FLIGHT = 12;
/** Served attempts per further attempt in flight; fewer once many were served, as the quota is then large. */
const SERVED_PER_FLIGHT = 12;
const MANY = 240;
const SERVED_PER_FLIGHT_OF_MANY = 5;
/** Interval of one further attempt, in ms; shorter the more are in flight, which grows them by a factor of e per second time. */
const PACE_MS = 20;
const PACE_GROWTH_MS = 400;

/**
 * When the next attempt may go while nothing is known of a quota, so that the first refusal hits few.
 *
 * At once while fewer are in flight than 12 + served / 12 (beyond 240 served, / 5); else 20 ms after the last, or
 * 400 ms / in flight, whichever is sooner. Of `sharers` processes each takes its part of that,
 * and of the growth half, as it hears of a refusal later.
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
