import parse from 'ms';
import type { Duration } from '../words/types.ts';

/** Durations that `parseDuration` accepts, as an error message describes them. */
export const DURATION_RULE: string =
  "a duration of 0 ms or more: a number of ms, or text such as '250ms', '30s', '10m' or '1h'";

/** Text with a unit. A bare number as text is rejected: it could mean seconds or milliseconds. */
const GRAMMAR = /^\d+(?:\.\d+)?\s?[a-z]+$/i;

/** Converts a duration to ms; `undefined` if it is invalid. */
export function parseDuration(duration: Duration): number | undefined {
  if (typeof duration === 'number') return duration >= 0 ? duration : undefined;
  if (typeof duration !== 'string' || duration.length > 32 || !GRAMMAR.test(duration)) return undefined;
  return parse(duration as parse.StringValue) ?? undefined;
}
