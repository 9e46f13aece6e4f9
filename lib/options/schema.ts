/** What options are made of, for valibot, and the one way in which a wrong one is reported. */
import * as v from 'valibot';
import { DURATION_RULE, parseDuration } from '../time/duration.ts';
import { OptionsError } from '../words/errors.ts';
import type { Duration } from '../words/types.ts';

/** A whole number of at least `least`. */
export function count(least: number): v.GenericSchema<number> {
  const rule = `a whole number of ${least} or more`;
  return v.pipe(
    v.number(rule),
    v.check((value) => Number.isSafeInteger(value) && value >= least, rule),
  );
}

/** A whole number of 1 or more. */
export const positive: v.GenericSchema<number> = count(1);

/** A duration, made into ms. */
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

export const METHOD_RULE = 'an HTTP method, such as GET';

/** The name of an HTTP method, made upper case. */
export const method: v.GenericSchema<string> = v.pipe(
  v.string(METHOD_RULE),
  v.regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, METHOD_RULE),
  v.transform((name) => name.toUpperCase()),
);

/** An object with these entries and no other. */
export function object<E extends v.ObjectEntries>(
  entries: E,
): v.StrictObjectSchema<E, v.ErrorMessage<v.StrictObjectIssue>> {
  return v.strictObject(entries, ({ expected }) => {
    if (expected === 'never') return `one of ${Object.keys(entries).join(', ')}`;
    return expected === 'Object' ? 'an object' : 'a value: it has no default';
  });
}

/** An object with such a method. */
export function has<T>(method: keyof T & string, rule: string): v.GenericSchema<T> {
  return v.custom<T>(
    (value) => typeof (value as Record<string, unknown> | null)?.[method] === 'function',
    rule,
  );
}

/**
 * What `schema` makes of the options given. Throws `OptionsError` for the first that is wrong.
 *
 * @param root path of the options themselves, before their names
 */
export function check<S extends v.GenericSchema>(schema: S, given: unknown, root: string): v.InferOutput<S> {
  const result = parsed(schema, given);
  if (result === undefined) throw new OptionsError(root || 'options', given, 'an object that can be read');
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = [root, v.getDotPath(issue) ?? ''].filter((part) => part !== '').join('.');
  throw new OptionsError(path || 'options', issue.input, allowed(issue));
}

/** `undefined` where a getter or a proxy among the options throws. */
function parsed<S extends v.GenericSchema>(schema: S, given: unknown): v.SafeParseResult<S> | undefined {
  try {
    return v.safeParse(schema, given, { abortEarly: true });
  } catch {
    return undefined;
  }
}

/** What would have been right, in words. */
function allowed(issue: v.BaseIssue<unknown>): string {
  return issue.message.startsWith('Invalid ') ? (issue.expected ?? issue.message) : issue.message;
}
