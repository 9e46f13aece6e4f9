/** Building blocks of the option schemas, for valibot. */
import * as v from 'valibot';
import {
  DURATION_RULE,
  DURATION_TEXT,
  MAX_DURATION_TEXT,
  parseDuration,
  ZERO_DURATION_TEXT,
} from '../time/duration.ts';
import type { Duration } from '../words/types.ts';

export { check, has, METHOD_RULE, method, methodBut, noList, object } from '../words/validate.ts';

/** A whole number of at least `min`. */
export function count(min: number): v.GenericSchema<number> {
  const rule = `a whole number of ${min} or more`;
  return v.pipe(v.number(rule), v.safeInteger(rule), v.minValue(min, rule));
}

/** A whole number of 1 or more. */
export const positive: v.GenericSchema<number> = count(1);

/** A text that `pattern` must not match. The action exposes the pattern, from which a JSON Schema is made. */
export function unlike(
  pattern: RegExp,
  rule: string | ((issue: { readonly input: string }) => string),
): v.CheckAction<string, string | ((issue: v.CheckIssue<string>) => string)> & { readonly unlike: RegExp } {
  return Object.assign(
    v.check((given: string) => !pattern.test(given), rule),
    { unlike: pattern },
  );
}

/** A duration that may be Infinity, converted to ms. */
export function duration(rule: string = `${DURATION_RULE}, or Infinity`): v.GenericSchema<Duration, number> {
  return durationOf(v.pipe(v.number(rule), v.minValue(0, rule)), textual(rule), rule);
}

/** A duration that is not Infinity, converted to ms. */
export function finiteDuration(rule: string = DURATION_RULE): v.GenericSchema<Duration, number> {
  return durationOf(v.pipe(v.number(rule), v.finite(rule), v.minValue(0, rule)), textual(rule), rule);
}

/** A duration of more than 0 ms that may be Infinity, converted to ms. */
export function positiveDuration(rule: string): v.GenericSchema<Duration, number> {
  const text = v.pipe(textual(rule), unlike(ZERO_DURATION_TEXT, rule));
  return durationOf(v.pipe(v.number(rule), v.gtValue(0, rule)), text, rule);
}

function textual(rule: string): v.GenericSchema<string> {
  return v.pipe(v.string(rule), v.maxLength(MAX_DURATION_TEXT, rule), v.regex(DURATION_TEXT, rule));
}

function durationOf(
  number: v.GenericSchema<number>,
  text: v.GenericSchema<string>,
  rule: string,
): v.GenericSchema<Duration, number> {
  return v.pipe(
    v.union([number, text], rule),
    v.transform((value) => parseDuration(value) as number),
  );
}

/** A URL. */
export const absoluteUrl: v.GenericSchema<string | URL> = v.custom<string | URL>(
  (url) => URL.canParse(String(url)),
  'an absolute URL',
);

const TEXT_RULE = 'text of 1 to 200 characters';

/** A name. */
export const text: v.GenericSchema<string> = v.pipe(
  v.string(TEXT_RULE),
  v.minLength(1, TEXT_RULE),
  v.maxLength(200, TEXT_RULE),
);
