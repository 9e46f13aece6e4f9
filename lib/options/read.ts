import * as v from 'valibot';
import type { Redaction } from '../events/secret-names.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { own } from '../ledger/own.ts';
import type { CallSettings } from '../policy/call-settings.ts';
import { DEFAULT_POLICY, type Policy } from '../policy/policy.ts';
import { generic } from '../profiles/generic.ts';
import { DURATION_RULE } from '../time/duration.ts';
import type { Sign, TokenCredential, TokenSource } from '../words/auth.ts';
import { OptionsError } from '../words/errors.ts';
import type { Learned } from '../words/learned.ts';
import { PRIORITY_RANGE, type Profile } from '../words/types.ts';
import { match } from './match.ts';
import { costs, declared as declaredOf, quota } from './quota-schema.ts';
import { type DeclaredQuota, keyOf } from './quotas.ts';
import { check, count, duration, has, method, object, positive, text } from './schema.ts';
import type { HeadgateOptions, HeadgateUpdate, PolicySource, QuotaMatch } from './types.ts';

/** The options of `headgate()`: checked, with defaults, in ms. */
export interface Settings {
  readonly profile: Profile;
  readonly policy: Policy;
  readonly quotas: readonly DeclaredQuota[];
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

const backoff = v.pipe(
  object({
    base: v.optional(
      v.pipe(
        duration(),
        v.check((ms) => ms < Infinity, DURATION_RULE),
      ),
    ),
    max: v.optional(duration(`${DURATION_RULE}, or Infinity`)),
    jitter: v.optional(v.picklist(['decorrelated', 'full', 'equal', 'none'])),
  }),
  v.check(({ base = 0, max = Infinity }) => base <= max, 'a max that is no shorter than base'),
);
const LEARNED_RULE = 'what gate.learned() gave';
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
const BODY_TIMEOUT_RULE = "a duration of more than 0 ms, such as '30s', or Infinity";
const bodyTimeout = v.optional(
  v.pipe(
    duration(BODY_TIMEOUT_RULE),
    v.check((ms) => ms > 0, BODY_TIMEOUT_RULE),
  ),
);
const inline = v.optional(duration(`${DURATION_RULE}, or Infinity`));
const outage = v.optional(v.picklist(['hold', 'fail']));
const retry = object({
  attempts: v.optional(positive),
  inline,
  outage,
  deadline: v.optional(duration(`${DURATION_RULE}, or Infinity`)),
  bodyTimeout,
  backoff: v.optional(backoff),
  budget: v.optional(
    v.custom<number | false>(
      (share) => share === false || (typeof share === 'number' && share >= 0),
      'a share of first attempts of 0 or more, such as 0.1, or false for no limit',
    ),
  ),
  methods: v.optional(v.array(method, 'an array of HTTP methods')),
});

const PROFILE_RULE = 'a profile, such as generic() or defender()';
const options = object({
  profile: v.optional(
    v.intersect([
      has<Profile>('quota', PROFILE_RULE),
      has<Profile>('classify', PROFILE_RULE),
      v.custom<Profile>((given) => v.is(text, (given as Profile).name), 'a profile with a name'),
    ]),
  ),
  policy: v.optional(has<PolicySource>('follow', "a policy, such as loadPolicy('policy.json')")),
  retry: v.optional(retry),
  quotas: v.optional(v.array(quota, 'an array of quotas')),
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
      v.union([text, v.instance(RegExp)], 'the name of a URL parameter, or a regular expression'),
      'an array of names and regular expressions',
    ),
  ),
  name: v.optional(text),
});

/** Schemas of the options that a policy file may give, by name. */
export const optionEntries: Readonly<
  Record<'name' | 'retry' | 'quotas' | 'adaptive' | 'maxQueue' | 'maxQueuePerFlow', v.GenericSchema>
> = options.entries;

/** The options that `gate.update()` accepts. */
const update = object({ retry: options.entries.retry, quotas: options.entries.quotas });

const PRIORITY_RULE = `a whole number from ${PRIORITY_RANGE.least} to ${PRIORITY_RANGE.most}`;
const flow = v.union([text, v.number()], 'text of 1 to 200 characters, or a number');
const call = object({
  priority: v.optional(
    v.pipe(
      v.number(PRIORITY_RULE),
      v.check(
        (p) => Number.isInteger(p) && p >= PRIORITY_RANGE.least && p <= PRIORITY_RANGE.most,
        PRIORITY_RULE,
      ),
    ),
  ),
  deadline: v.optional(duration(`${DURATION_RULE}, or Infinity`)),
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
  const { retry, quotas, ...rest } = { ...options, ...given };
  return { ...rest, ...(retry && { retry }), ...(quotas && { quotas }) };
}

/** Checks the options of `headgate()` and fills in defaults. Throws `OptionsError`. */
export function readOptions(given: HeadgateOptions): Settings {
  const { profile = generic(), quotas = [], ...rest } = check(options, given, '');
  const declared = quotas.map(declaredOf);
  refuseContradictions(declared);
  return {
    profile,
    policy: policyOf(rest.retry ?? {}, profile),
    quotas: declared,
    maxQueue: rest.maxQueue ?? DEFAULT_MAX_QUEUE,
    maxQueuePerFlow: rest.maxQueuePerFlow,
    auth: rest.auth,
    sign: rest.sign,
    adaptive: rest.adaptive ?? true,
    learned: rest.learned ?? {},
    ledger: rest.ledger ?? own,
    name: rest.name ?? profile.name,
    redact: rest.redact ?? [],
  };
}

/** Several matches may share a quota by its name, but then their limits must be equal. */
function refuseContradictions(quotas: readonly DeclaredQuota[]): void {
  const limits = new Map<string, string>();
  for (const [index, quota] of quotas.entries()) {
    const key = keyOf(quota);
    const own = JSON.stringify([quota.windows, quota.concurrency, quota.each, quota.also, quota.near]);
    if ((limits.get(key) ?? own) !== own) {
      throw new OptionsError(`quotas.${index}`, key, 'a name of its own, or the same limits as its namesake');
    }
    limits.set(key, own);
  }
}

const pause = object({
  for: v.pipe(
    duration(`${DURATION_RULE}`),
    v.check((ms) => ms > 0 && ms < Infinity, "a duration of more than 0 ms, such as '30s'"),
  ),
});

/** For how long `gate.pause()` closes a quota, in ms. Throws `OptionsError`. */
export function readPauseOptions(given: unknown): number {
  return check(pause, given, 'pause').for;
}

/** What `gate.pause()` and `gate.resume()` are about. Throws `OptionsError`. */
export function readPaused(given: unknown): string | QuotaMatch {
  if (typeof given === 'object' && given !== null) return check(match, given, 'match');
  return check(text, given, 'quota');
}

const close = object({ drain: v.optional(duration(`${DURATION_RULE}, or Infinity`)) });

/** Maximum time that `gate.close()` lets open calls continue, in ms. Throws `OptionsError`. */
export function readCloseOptions(given: unknown): number {
  return check(close, given, 'close').drain ?? 0;
}

/** Checks a call's options and applies them over the gate's policy. Throws `OptionsError`. */
export function readCallOptions(given: unknown, policy: Policy): CallSettings {
  const {
    priority = 0,
    deadline,
    bodyTimeout,
    inline,
    outage,
    idempotent,
    quota,
    cost,
    flow,
  } = check(call, given, 'headgate');
  return {
    policy: {
      ...policy,
      deadlineMs: deadline ?? policy.deadlineMs,
      bodyTimeoutMs: bodyTimeout ?? policy.bodyTimeoutMs,
      inlineMs: inline ?? policy.inlineMs,
      outage: outage ?? policy.outage,
    },
    priority,
    idempotent,
    quota,
    cost,
    flow: flow === undefined ? undefined : String(flow),
    anyOrigin: false,
  };
}

/** The retry policy: the user's options over the profile's defaults over Headgate's. */
function policyOf(given: v.InferOutput<typeof retry>, profile: Profile): Policy {
  const under = check(retry, profile.retry ?? {}, 'profile.retry');
  const { backoff = under.backoff ?? {}, budget = under.budget, methods = under.methods } = given;
  const { baseMs, maxMs, jitter } = DEFAULT_POLICY.backoff;
  return {
    attempts: given.attempts ?? under.attempts ?? DEFAULT_POLICY.attempts,
    deadlineMs: given.deadline ?? under.deadline ?? DEFAULT_POLICY.deadlineMs,
    bodyTimeoutMs: given.bodyTimeout ?? under.bodyTimeout,
    inlineMs: given.inline ?? under.inline,
    outage: given.outage ?? under.outage,
    // A given bound moves the other bound's default if the two would contradict.
    backoff: {
      baseMs: backoff.base ?? Math.min(baseMs, backoff.max ?? Infinity),
      maxMs: backoff.max ?? Math.max(maxMs, backoff.base ?? 0),
      jitter: backoff.jitter ?? jitter,
    },
    budget: budget === false ? Infinity : (budget ?? DEFAULT_POLICY.budget),
    methods: methods ? new Set(methods) : DEFAULT_POLICY.methods,
  };
}

/** The options with those of their policy over them. */
export function withPolicy(given: HeadgateOptions): HeadgateOptions {
  const over = (given as HeadgateOptions | undefined)?.policy?.options;
  return typeof over === 'object' ? { ...given, ...over } : given;
}
