import parse from 'ms';
import type { Duration } from '../words/types.ts';

/** Durations that `parseDuration` accepts, as an error message describes them. */
export const DURATION_RULE: string =
  "a duration of 0 ms or more: a number of ms, or text such as '250ms', '30s', '10m' or '1h'";

/** Maximum length of a duration as text. */
export const MAX_DURATION_TEXT: number = 32;

/**
 * A duration as text: a number and a unit of the package `ms` 2.1, in any case. A bare number as text is rejected: it
 * could mean seconds or milliseconds.
 */
export const DURATION_TEXT: RegExp =
  /^\d+(?:\.\d+)? ?(?:ms|msecs?|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?|y|yrs?|years?)$/i;

/** Text of a duration of 0. */
export const ZERO_DURATION_TEXT: RegExp = /^[0.]+ ?[a-z]+$/i;

/** Converts a duration to ms; `undefined` if it is invalid. */
export function parseDuration(duration: Duration): number | undefined {
  if (typeof duration === 'number') return duration >= 0 ? duration : undefined;
  if (typeof duration !== 'string' || duration.length > MAX_DURATION_TEXT || !DURATION_TEXT.test(duration))
    return undefined;
  return parse(duration as parse.StringValue) ?? undefined;
}
