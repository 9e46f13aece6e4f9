import parse from 'ms';
import type { Duration } from '../words/types.ts';

/** What `parseDuration` takes, in words for an error message. */
export const DURATION_RULE: string =
  "a duration of 0 ms or more: a number of ms, or text such as '250ms', '30s', '10m' or '1h'";

/** Text with a unit: a bare number in quotes could mean seconds as well as milliseconds, so it is refused. */
const GRAMMAR = /^\d+(?:\.\d+)?\s?[a-z]+$/i;

/** Milliseconds of a duration, or `undefined` when it is none. */
export function parseDuration(duration: Duration): number | undefined {
  if (typeof duration === 'number') return duration >= 0 ? duration : undefined;
  if (typeof duration !== 'string' || duration.length > 32 || !GRAMMAR.test(duration)) return undefined;
  return parse(duration as parse.StringValue) ?? undefined;
}
