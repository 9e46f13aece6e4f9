/** Building blocks of schemas, for valibot, and the single place that reports an invalid option. */
import * as v from 'valibot';
import { OptionsError } from './errors.ts';

export const METHOD_RULE = 'an HTTP method, such as GET';

/** Name of an HTTP method as given. */
const methodText = v.pipe(v.string(METHOD_RULE), v.regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, METHOD_RULE));
const toUpper = v.transform((name: string) => name.toUpperCase());

/** Name of an HTTP method, converted to upper case. */
export const method: v.GenericSchema<string> = v.pipe(methodText, toUpper);

/** Like {@link method}, but rejects `*` with the message `rule`. */
export function methodBut(rule: string): v.GenericSchema<string> {
  return v.pipe(methodText, v.regex(/^(?!\*$)/, rule), toUpper);
}

/** Makes a new schema of objects reject arrays, which valibot accepts as objects. */
export function noList<S extends v.GenericSchema>(schema: S): S {
  const run = schema['~run'];
  return Object.assign(schema, {
    '~run': (dataset: v.UnknownDataset, config: v.Config<v.BaseIssue<unknown>>) =>
      run.call(schema, Array.isArray(dataset.value) ? { value: 'a list' } : dataset, config),
  });
}

/** An object with these entries and no others. */
export function object<E extends v.ObjectEntries>(
  entries: E,
): v.StrictObjectSchema<E, v.ErrorMessage<v.StrictObjectIssue>> {
  const strict = v.strictObject(entries, ({ expected }) => {
    if (expected === 'never') return `one of ${Object.keys(entries).join(', ')}`;
    return expected === 'Object' ? 'an object' : 'a value, since it has no default';
  });
  return noList(strict);
}

/** An object with this method. */
export function has<T>(method: keyof T & string, rule: string): v.GenericSchema<T> {
  return v.custom<T>(
    (value) => typeof (value as Record<string, unknown> | null)?.[method] === 'function',
    rule,
  );
}

/**
 * Parses options by `schema`. Throws `OptionsError` for the first invalid one.
 *
 * @param root path of the options object, which precedes each option's name
 */
export function check<S extends v.GenericSchema>(schema: S, given: unknown, root: string): v.InferOutput<S> {
  const result = parsed(schema, given);
  if (result === undefined) throw new OptionsError(root || 'options', given, 'a readable object');
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = [root, v.getDotPath(issue) ?? ''].filter((part) => part !== '').join('.');
  throw new OptionsError(path || 'options', issue.input, allowed(issue));
}

/** `undefined` if a getter or proxy among the options throws. */
function parsed<S extends v.GenericSchema>(schema: S, given: unknown): v.SafeParseResult<S> | undefined {
  try {
    return v.safeParse(schema, given, { abortEarly: true });
  } catch {
    return undefined;
  }
}

/** The rule that an issue broke, in words. */
function allowed(issue: v.BaseIssue<unknown>): string {
  return issue.message.startsWith('Invalid ') ? (issue.expected ?? issue.message) : issue.message;
}
