/** Building blocks of the option schemas, for valibot. */
import * as v from 'valibot';
import { DURATION_RULE, parseDuration } from '../time/duration.ts';
import type { Duration } from '../words/types.ts';

export { check, has, METHOD_RULE, method, object } from '../words/checked.ts';

/** A whole number of at least `min`. */
export function count(min: number): v.GenericSchema<number> {
  const rule = `a whole number of ${min} or more`;
  return v.pipe(
    v.number(rule),
    v.check((value) => Number.isSafeInteger(value) && value >= min, rule),
  );
}

/** A whole number of 1 or more. */
export const positive: v.GenericSchema<number> = count(1);

/** A duration, converted to ms. */
export function duration(rule: string = DURATION_RULE): v.GenericSchema<Duration, number> {
  return v.pipe(
    v.custom<Duration>((value) => parseDuration(value as Duration) !== undefined, rule),
    v.transform((value) => parseDuration(value) as number),
  );
}

/** A name. */
export const text: v.GenericSchema<string> = v.pipe(
  v.string('text of 1 to 200 characters'),
  v.minLength(1, 'text of 1 to 200 characters'),
  v.maxLength(200, 'text of 1 to 200 characters'),
);
