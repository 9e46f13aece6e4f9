import * as v from 'valibot';
import type { Redaction } from '../events/secret-names.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { privateLedger } from '../ledger/private-ledger.ts';
import type { CallSettings } from '../policy/call-settings.ts';
import type { Policy } from '../policy/policy.ts';
import { generic } from '../profiles/generic.ts';
import type { Sign, TokenCredential, TokenSource } from '../words/auth.ts';
import { OptionsError } from '../words/errors.ts';
import type { Learned } from '../words/learned.ts';
import type { Costs, Profile, RequestFacts } from '../words/types.ts';
import { match } from './match.ts';
import { Overrides, override } from './overrides.ts';
import { costs, declared as declaredOf, quota } from './quota-schema.ts';
import { type DeclaredQuota, keyOf } from './quotas.ts';
import { bodyTimeout, inline, outage, policyOf, priority, retry } from './retry.ts';
import {
  absoluteUrl,
  check,
  count,
  duration,
  has,
  method,
  object,
  positiveDuration,
  text,
} from './schema.ts';
import type { HeadgateOptions, HeadgateUpdate, PolicySource, QuotaMatch } from './types.ts';

/** The options of `headgate()`: checked, with defaults, in ms. */
export interface Settings {
  readonly profile: Profile;
  readonly policy: Policy;
  readonly quotas: readonly DeclaredQuota[];
  /** Settings of a call without options. */
  readonly call: CallSettings;
  readonly overrides: Overrides | undefined;
  readonly readBody: readonly QuotaMatch[];
  readonly maxQueue: number;
  readonly maxQueuePerFlow: number | undefined;
  readonly auth: TokenSource | TokenCredential | undefined;
  readonly sign: Sign | undefined;
  readonly adaptive: boolean;
  readonly learned: Learned;
  readonly ledger: Ledger;
  readonly name: string;
  readonly redact: readonly Redaction[];
}

/** Default of `maxQueue`. */
const DEFAULT_MAX_QUEUE = 100_000;

const LEARNED_RULE = 'a result of gate.learned()';
const moment = v.pipe(
  v.number(LEARNED_RULE),
  v.check((value) => value > 0 && value < Infinity, LEARNED_RULE),
);
const learned = v.record(
  v.string(),
  v.looseObject(
    {
      at: moment,
      windows: v.optional(
        v.array(
          v.looseObject(
            {
              limit: count(1),
              per: moment,
              least: v.optional(v.pipe(v.number(LEARNED_RULE), v.minValue(0, LEARNED_RULE))),
              used: v.optional(count(0)),
              stated: v.optional(v.boolean(LEARNED_RULE)),
              silent: v.optional(v.boolean(LEARNED_RULE)),
            },
            LEARNED_RULE,
          ),
          LEARNED_RULE,
        ),
      ),
      concurrency: v.optional(count(1)),
      inFlight: v.optional(count(1)),
    },
    LEARNED_RULE,
  ),
  LEARNED_RULE,
);
const MATCHES_RULE = 'a match of method, host and path, or an array of matches';
const PROFILE_RULE = 'a profile, such as generic() or defender()';
const options = object({
  profile: v.optional(
    v.pipe(
      has<Profile>('quota', PROFILE_RULE),
      v.check(({ classify }) => typeof classify === 'function', PROFILE_RULE),
      v.check(({ name }) => v.is(text, name), 'a profile with a name'),
    ),
  ),
  policy: v.optional(has<PolicySource>('follow', "a policy, such as loadPolicy('policy.json')")),
  retry: v.optional(retry),
  quotas: v.optional(v.array(quota, 'an array of quotas')),
  overrides: v.optional(v.array(override, 'an array of overrides')),
  readBody: v.optional(
    object({
      match: v.optional(v.union([v.pipe(v.array(match), v.minLength(1, MATCHES_RULE)), match], MATCHES_RULE)),
    }),
  ),
  maxQueue: v.optional(count(0)),
  maxQueuePerFlow: v.optional(count(0)),
  auth: v.optional(
    v.union(
      [has<TokenSource>('token', ''), has<TokenCredential>('getToken', '')],
      'an object with a token() or a getToken() method',
    ),
  ),
  sign: v.optional(v.custom<Sign>((value) => typeof value === 'function', 'a function that gives headers')),
  adaptive: v.optional(v.boolean('true or false')),
  learned: v.optional(learned),
  ledger: v.optional(has<Ledger>('open', 'a ledger, such as memory()')),
  redact: v.optional(
    v.array(
      v.union(
        [text, v.custom<RegExp>((value) => value instanceof RegExp)],
        'the name of a URL parameter, or a regular expression',
      ),
      'an array of names and regular expressions',
    ),
  ),
  name: v.optional(text),
});

/** Schemas of the options that a policy file may give, by name. */
export const optionEntries: Readonly<
  Record<
    'name' | 'retry' | 'quotas' | 'overrides' | 'readBody' | 'adaptive' | 'maxQueue' | 'maxQueuePerFlow',
    v.GenericSchema
  >
> = options.entries;

/** The options that `gate.update()` accepts. */
const update = object({
  retry: options.entries.retry,
  quotas: options.entries.quotas,
  overrides: options.entries.overrides,
});

const flow = v.union([text, v.number()], 'text of 1 to 200 characters, or a number');
const call = object({
  priority,
  deadline: v.optional(duration()),
  bodyTimeout,
  inline,
  outage,
  idempotent: v.optional(v.boolean('true or false')),
  quota: v.optional(text),
  cost: v.optional(costs),
  flow: v.optional(flow),
});

/** Merges options of `gate.update()` into the gate's; does not check the result as a whole. Throws `OptionsError`. */
export function updated(options: HeadgateOptions, given: HeadgateUpdate): HeadgateOptions {
  check(update, given, '');
  const { retry, quotas, overrides, ...rest } = { ...options, ...given };
  return {
    ...rest,
    ...(retry && { retry }),
    ...(quotas && { quotas }),
    ...(overrides && { overrides }),
  };
}

/** Checks the options of `headgate()` and fills in defaults. Throws `OptionsError`. */
export function readOptions(given: HeadgateOptions): Settings {
  const { profile = generic(), quotas = [], retry = {}, overrides = [], ...rest } = check(options, given, '');
  const declared = quotas.map(declaredOf);
  refuseContradictions(declared);
  const policy = policyOf(retry, profile);
  const call = { policy, priority: 0, idempotent: undefined, quota: undefined, anyOrigin: false };
  return {
    profile,
    policy,
    quotas: declared,
    call,
    overrides: overrides.length === 0 ? undefined : new Overrides(overrides, retry, call, profile),
    readBody: rest.readBody ? [rest.readBody.match ?? {}].flat() : [],
    maxQueue: rest.maxQueue ?? DEFAULT_MAX_QUEUE,
    maxQueuePerFlow: rest.maxQueuePerFlow,
    auth: rest.auth,
    sign: rest.sign,
    adaptive: rest.adaptive ?? true,
    learned: rest.learned ?? {},
    ledger: rest.ledger ?? privateLedger,
    name: rest.name ?? profile.name,
    redact: rest.redact ?? [],
  };
}

/** Several matches may share a quota by name, but then their limits must be equal. */
function refuseContradictions(quotas: readonly DeclaredQuota[]): void {
  const limits = new Map<string, string>();
  for (const [index, quota] of quotas.entries()) {
    const key = keyOf(quota);
    const own = JSON.stringify([quota.windows, quota.concurrency, quota.each, quota.also, quota.near]);
    if ((limits.get(key) ?? own) !== own) {
      throw new OptionsError(
        `quotas.${index}`,
        key,
        'a unique name, or the same limits as the other quota of this name',
      );
    }
    limits.set(key, own);
  }
}

const PAUSE_RULE = "a duration of more than 0 ms, such as '30s'";
const pause = object({
  for: v.pipe(positiveDuration(PAUSE_RULE), v.finite(PAUSE_RULE)),
});

/** Time for which `gate.pause()` closes a quota, in ms. Throws `OptionsError`. */
export function readPauseOptions(given: unknown): number {
  return check(pause, given, 'pause').for;
}

/** The quota, or the match, that `gate.pause()` and `gate.resume()` apply to. Throws `OptionsError`. */
export function readPaused(given: unknown): string | QuotaMatch {
  if (typeof given === 'object' && given !== null) return check(match, given, 'match');
  return check(text, given, 'quota');
}

const forecast = object({ calls: v.optional(count(0)), cost: v.optional(costs) });
const forecastRequest = object({ method, url: absoluteUrl });

/** The quota or request that `gate.forecast()` is asked about, with the calls and their cost. Throws `OptionsError`. */
export function readForecast(
  quota: unknown,
  options: unknown,
): { readonly what: string | RequestFacts; readonly calls: number; readonly cost: Costs | undefined } {
  const { calls = 1, cost } = check(forecast, options, 'forecast');
  if (typeof quota !== 'object' || quota === null) return { what: check(text, quota, 'quota'), calls, cost };
  const request = check(forecastRequest, quota, 'request');
  return { what: { method: request.method, url: new URL(request.url) }, calls, cost };
}

const close = object({ drain: v.optional(duration()) });

/** Maximum time that `gate.close()` lets open calls continue, in ms. Throws `OptionsError`. */
export function readCloseOptions(given: unknown): number {
  return check(close, given, 'close').drain ?? 0;
}

/** Checks a call's options and applies them over `settings`. Throws `OptionsError`. */
export function readCallOptions(given: unknown, settings: CallSettings): CallSettings {
  const options = check(call, given, 'headgate');
  const { deadline, bodyTimeout, inline, outage, quota, cost, flow } = options;
  const { policy, after } = settings;
  return {
    policy: {
      ...policy,
      deadlineMs: deadline ?? policy.deadlineMs,
      bodyTimeoutMs: bodyTimeout ?? policy.bodyTimeoutMs,
      inlineMs: inline ?? policy.inlineMs,
      outage: outage ?? policy.outage,
    },
    priority: options.priority ?? settings.priority,
    idempotent: options.idempotent ?? settings.idempotent,
    quota,
    cost,
    flow: flow === undefined ? undefined : String(flow),
    anyOrigin: false,
    after: after && deadline !== undefined ? withoutDeadlines(after) : after,
  };
}

/** A call's own deadline outranks the deadlines of overrides. */
function withoutDeadlines(after: NonNullable<CallSettings['after']>): CallSettings['after'] {
  return Object.fromEntries(
    Object.entries(after).map(([verdict, each]) => [verdict, { ...each, deadlineMs: undefined }]),
  );
}

/** The options, overridden by those of their policy. */
export function withPolicy(given: HeadgateOptions): HeadgateOptions {
  const over = (given as HeadgateOptions | undefined)?.policy?.options;
  return typeof over === 'object' ? { ...given, ...over } : given;
}
