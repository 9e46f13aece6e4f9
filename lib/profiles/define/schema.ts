/** Checks a definition: first its form, by a schema, then the references between its parts. */
import * as v from 'valibot';
import { isZone } from '../../time/calendar.ts';
import { parseDuration } from '../../time/duration.ts';
import { parseRate, RATE_RULE } from '../../time/rate.ts';
import { OptionsError } from '../../words/errors.ts';
import { check, method, object } from '../../words/validate.ts';
import type { ProfileDefinition, QuotaDefinition, Sourced, WindowDefinition } from './definition.ts';
import { nameOf } from './quotas.ts';
import { listOf } from './requests.ts';

const NAME = 'text of letters, digits, . and -';
const DATE = 'a day or month: 2026-11-25 or 2026-11';
const URL_RULE = 'an address, such as https://example.com/docs';

const name = v.pipe(v.string(NAME), v.regex(/^[\w.-]+$/, NAME), v.maxLength(64, NAME));
const text = v.pipe(v.string('text'), v.minLength(1, 'text of 1 character or more'));
const positive = v.pipe(v.number('a number above 0'), v.minValue(Number.MIN_VALUE, 'a number above 0'));
const whole = v.pipe(
  v.number('a whole number of 1 or more'),
  v.integer('a whole number of 1 or more'),
  v.minValue(1, 'a whole number of 1 or more'),
);
const date = v.pipe(v.string(DATE), v.regex(/^\d{4}-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?$/, DATE));
const address = v.pipe(
  v.string(URL_RULE),
  v.check((given) => URL.canParse(given), URL_RULE),
);
const duration = v.custom<number | string>(
  (given) => parseDuration(given as string) !== undefined,
  "a duration, such as '30s' or a number of ms",
);
const regex = v.custom<RegExp>(
  (given) => given instanceof RegExp && !given.global && !given.sticky,
  'a regular expression without the flags g and y',
);
const path = v.pipe(
  v.string("a path, such as '/v1/items/{id}'"),
  v.regex(/^\/[^?#\s]*$/, "a path, such as '/v1/items/{id}', without a query"),
);
const host = v.pipe(
  v.string("a host, such as 'api.example.com'"),
  v.regex(
    /^(?:[\w{}*-]+\.)*[\w{}-]+(?::\d+)?$/,
    "a host without a scheme, such as 'api.example.com' or '{shop}.example.com'",
  ),
);
const status = v.pipe(
  v.number('an HTTP status'),
  v.integer('an HTTP status'),
  v.minValue(100, 'an HTTP status'),
  v.maxValue(599, 'an HTTP status'),
);
const verdict = v.picklist(
  ['success', 'throttled', 'transient', 'unauthorized', 'terminal'],
  'one of success, throttled, transient, unauthorized, terminal',
);
const place = v.pipe(
  v.string("'header:<name>' or 'body:<path>'"),
  v.regex(/^(?:header:[\w-]+|body:\S(?:.*\S)?|target)$/, "'header:<name>', 'body:<path>' or 'target'"),
);

/** One value or a list of them. */
function some<T extends v.GenericSchema>(schema: T): v.GenericSchema {
  return v.lazy((given) => (Array.isArray(given) ? v.array(schema) : schema));
}

const sourced = { source: v.optional(text), sourceDate: v.optional(date) };
const matchEntries = {
  method: v.optional(some(method)),
  path: v.optional(some(path)),
  host: v.optional(some(host)),
  query: v.optional(some(text)),
};
const matches = some(object(matchEntries));
const record = (value: v.GenericSchema): v.GenericSchema => v.record(v.string(), value, 'an object');

const quota = object({
  ...sourced,
  name: v.optional(text),
  match: v.optional(matches),
  also: v.optional(v.boolean('true or false')),
  except: v.optional(matches),
  each: v.optional(
    v.array(
      v.pipe(v.string(), v.regex(/^(?:host|method|path|param:\w+)$/, 'host, method, path or param:<name>')),
    ),
  ),
  sharedBy: v.optional(v.array(text)),
  windows: v.optional(
    v.array(
      object({
        ...sourced,
        limit: positive,
        per: v.optional(
          v.union([v.picklist(['day', 'month']), duration], "a duration such as '1m', 'day' or 'month'"),
        ),
        zone: v.optional(v.pipe(text, v.check(isZone, 'a time zone that the runtime knows'))),
        refill: v.optional(
          v.pipe(
            v.string(RATE_RULE),
            v.check((rate) => parseRate(rate) !== undefined, RATE_RULE),
          ),
        ),
        of: v.optional(name),
        when: v.optional(record(text)),
        note: v.optional(text),
      }),
    ),
  ),
  concurrency: v.optional(object({ ...sourced, limit: whole, note: v.optional(text) })),
  cost: v.optional(
    record(
      v.union([v.number(), record(v.number()), v.function()], 'a number, numbers by method, or a function'),
    ),
  ),
  spent: v.optional(record(place)),
  note: v.optional(text),
});

const code = object({
  ...sourced,
  code: v.optional(some(text)),
  status: v.optional(some(status)),
  match: v.optional(matches),
  message: v.optional(regex),
  header: v.optional(text),
  bare: v.optional(v.boolean('true or false')),
  verdict: v.optional(verdict),
  advice: text,
  unprocessed: v.optional(v.boolean('true or false')),
  wait: v.optional(duration),
  quota: v.optional(text),
  unit: v.optional(text),
  documented: v.optional(v.boolean('true or false')),
});

const definitionSchema = object({
  name: v.pipe(name, v.regex(/^[a-z][a-z\d-]*$/, 'lower-case letters, digits and -')),
  title: text,
  docs: v.optional(address),
  sources: v.optional(record(object({ url: address, date, note: v.optional(text) }))),
  hosts: v.pipe(
    v.array(
      v.union([host, object({ host, family: name })], 'a host, or { host, family }'),
      'an array of hosts',
    ),
    v.minLength(1, 'at least one host'),
  ),
  family: v.optional(name),
  paths: v.optional(
    object({ root: v.optional(path), version: v.optional(v.boolean()), odata: v.optional(v.boolean()) }),
  ),
  sharers: v.optional(v.array(name)),
  choices: v.optional(record(v.pipe(v.array(text), v.minLength(1, 'at least one choice')))),
  quotas: v.optional(v.array(quota)),
  error: v.optional(object({ code: v.optional(v.array(text)), message: v.optional(v.array(text)) })),
  codes: v.optional(v.array(code)),
  correlation: v.optional(v.array(place)),
  waits: v.optional(
    v.array(
      object({
        body: v.optional(text),
        message: v.optional(regex),
        unit: v.picklist(['s', 'ms', 'timespan', 'date'], "'s', 'ms', 'timespan' or 'date'"),
      }),
    ),
  ),
  headers: v.optional(v.array(object({ ...sourced, name: text, means: text }))),
  scopes: v.optional(v.array(object({ ...matchEntries, scope: text }))),
  readBody: v.optional(matches),
  withhold: v.optional(matches),
  resend: v.optional(
    v.array(object({ ...matchEntries, unlessBody: v.optional(v.array(text)), why: v.optional(text) })),
  ),
  deprecations: v.optional(v.array(object({ ...sourced, match: matches, message: text }))),
  simulation: v.optional(
    object({
      told: v.optional(record(v.string())),
      body: v.optional(v.looseObject({})),
      refusal: object({
        status,
        headers: v.optional(record(v.string())),
        body: v.optional(v.union([v.string(), v.looseObject({}), v.array(v.unknown())])),
      }),
    }),
  ),
  examples: v.optional(
    v.array(
      object({
        ...sourced,
        title: text,
        request: v.pipe(
          v.string(),
          v.regex(/^[A-Z]+ https:\/\/\S+$/, "method and URL, such as 'GET https://api.example.com/items'"),
        ),
        requestBody: v.optional(v.string()),
        status,
        headers: v.optional(record(v.string())),
        body: v.optional(v.union([v.string(), v.looseObject({}), v.array(v.unknown())])),
        reading: v.looseObject({}),
      }),
    ),
  ),
  retry: v.optional(object({ deadline: v.optional(duration), attempts: v.optional(whole) })),
  notes: v.optional(v.array(text)),
  hooks: v.optional(v.function('a function')),
});

/** Throws `OptionsError` for the first fault of a definition. */
export function checkDefinition(given: unknown): void {
  const definition = check(definitionSchema, given, 'defineProfile') as ProfileDefinition;
  const names = new Set<string>();
  for (const [i, each] of (definition.quotas ?? []).entries()) {
    const at = `defineProfile.quotas.${i}`;
    checkQuota(definition, each, at);
    const own = nameOf(each);
    if (names.has(own)) throw new OptionsError(`${at}.name`, own, 'a name that no other quota has');
    names.add(own);
  }
  for (const list of ['codes', 'headers', 'deprecations', 'examples'] as const) {
    for (const [i, each] of (definition[list] ?? []).entries())
      checkSource(definition, each, `defineProfile.${list}.${i}`);
  }
  for (const [i, { code, status, message }] of (definition.codes ?? []).entries()) {
    if (code === undefined && status === undefined && message === undefined) {
      throw new OptionsError(
        `defineProfile.codes.${i}`,
        undefined,
        "at least one of 'code', 'status' and 'message'",
      );
    }
  }
}

function checkQuota(definition: ProfileDefinition, quota: QuotaDefinition, at: string): void {
  const { windows = [], concurrency, each = [], sharedBy = [], match } = quota;
  for (const [i, window] of windows.entries()) checkWindow(definition, quota, window, `${at}.windows.${i}`);
  if (concurrency) needSource(definition, [concurrency, quota], `${at}.concurrency`);
  checkSource(definition, quota, at);
  for (const by of each.filter((one) => one.startsWith('param:'))) {
    const placeholder = `{${by.slice('param:'.length)}}`;
    const templates = listOf(match).flatMap((one) => listOf((one as { path?: string }).path));
    if (templates.length === 0 || templates.some((template) => !template.includes(placeholder))) {
      throw new OptionsError(
        `${at}.each`,
        by,
        `a placeholder of every path of 'match', such as ${placeholder}`,
      );
    }
  }
  for (const by of sharedBy) {
    if (!definition.sharers?.includes(by))
      throw new OptionsError(`${at}.sharedBy`, by, "a name in 'sharers'");
  }
}

function checkWindow(
  definition: ProfileDefinition,
  quota: QuotaDefinition,
  window: WindowDefinition,
  at: string,
): void {
  const { per, refill, zone, when = {} } = window;
  if ((per === undefined) === (refill === undefined)) {
    throw new OptionsError(at, per ?? refill, "one of 'per' and 'refill'");
  }
  if (zone !== undefined && per !== 'day' && per !== 'month') {
    throw new OptionsError(`${at}.zone`, zone, "no zone, unless 'per' is 'day' or 'month'");
  }
  for (const [choice, value] of Object.entries(when)) {
    if (!definition.choices?.[choice]?.includes(value ?? '')) {
      throw new OptionsError(`${at}.when.${choice}`, value, "a value of one of 'choices'");
    }
  }
  needSource(definition, [window, quota], at);
}

/** Every limit needs a source: its own or its quota's. */
function needSource(definition: ProfileDefinition, facts: readonly Sourced[], at: string): void {
  const fact = facts.find(({ source }) => source !== undefined);
  if (!fact) throw new OptionsError(`${at}.source`, undefined, "a 'source', which every limit needs");
  checkSource(definition, fact, at);
}

function checkSource({ sources = {} }: ProfileDefinition, { source, sourceDate }: Sourced, at: string): void {
  if (source === undefined || Object.hasOwn(sources, source)) return;
  if (!URL.canParse(source)) {
    throw new OptionsError(`${at}.source`, source, "a name in 'sources', or an address");
  }
  if (sourceDate === undefined) {
    throw new OptionsError(`${at}.sourceDate`, undefined, `${DATE}, since 'source' is an address`);
  }
}
