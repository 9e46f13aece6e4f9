/** `retry`: its schema, and the policy made from it. */
import * as v from 'valibot';
import { DEFAULT_POLICY, type Jitter, type Policy } from '../policy/policy.ts';
import { PRIORITY_RANGE, type Profile } from '../words/types.ts';
import { check, duration, finiteDuration, method, object, positive, positiveDuration } from './schema.ts';

/** `RetryOptions`, in ms. */
export interface Retry {
  readonly attempts?: number | undefined;
  readonly inline?: number | undefined;
  readonly outage?: 'hold' | 'fail' | undefined;
  readonly deadline?: number | undefined;
  readonly bodyTimeout?: number | undefined;
  readonly backoff?:
    | {
        readonly base?: number | undefined;
        readonly max?: number | undefined;
        readonly jitter?: Jitter | undefined;
      }
    | undefined;
  readonly budget?: number | false | undefined;
  readonly methods?: readonly string[] | undefined;
}

const backoff = v.pipe(
  object({
    base: v.optional(finiteDuration()),
    max: v.optional(duration()),
    jitter: v.optional(v.picklist(['decorrelated', 'full', 'equal', 'none'])),
  }),
  v.check(({ base = 0, max = Infinity }) => base <= max, 'a max of at least base'),
);
const BODY_TIMEOUT_RULE = "a duration of more than 0 ms, such as '30s', or Infinity";
/** Schema of `bodyTimeout`. */
export const bodyTimeout: v.GenericSchema<unknown, number | undefined> = v.optional(
  positiveDuration(BODY_TIMEOUT_RULE),
) as v.GenericSchema<unknown, number | undefined>;
const BUDGET_RULE = 'a share of first attempts of 0 or more, such as 0.1, or false for no limit';
/** Schema of `inline`. */
export const inline: v.GenericSchema<unknown, number | undefined> = v.optional(duration()) as v.GenericSchema<
  unknown,
  number | undefined
>;
/** Schema of `outage`. */
export const outage: v.GenericSchema<unknown, 'hold' | 'fail' | undefined> = v.optional(
  v.picklist(['hold', 'fail']),
) as v.GenericSchema<unknown, 'hold' | 'fail' | undefined>;
/** Schema of `retry`. */
export const retry: v.GenericSchema<unknown, Retry> = object({
  attempts: v.optional(positive),
  inline,
  outage,
  deadline: v.optional(duration()),
  bodyTimeout,
  backoff: v.optional(backoff),
  budget: v.optional(
    v.union([v.pipe(v.number(BUDGET_RULE), v.minValue(0, BUDGET_RULE)), v.literal(false)], BUDGET_RULE),
  ),
  methods: v.optional(v.array(method, 'an array of HTTP methods')),
}) as v.GenericSchema<unknown, Retry>;

const PRIORITY_RULE = `a whole number from ${PRIORITY_RANGE.least} to ${PRIORITY_RANGE.most}`;
/** Schema of `priority`. */
export const priority: v.GenericSchema<unknown, number | undefined> = v.optional(
  v.pipe(
    v.number(PRIORITY_RULE),
    v.safeInteger(PRIORITY_RULE),
    v.minValue(PRIORITY_RANGE.least, PRIORITY_RULE),
    v.maxValue(PRIORITY_RANGE.most, PRIORITY_RULE),
  ),
) as v.GenericSchema<unknown, number | undefined>;

/** The retry policy: the user's options over the profile's defaults over Headgate's. */
export function policyOf(given: Retry, profile: Profile): Policy {
  const preset = check(retry, profile.retry ?? {}, 'profile.retry');
  const { backoff = preset.backoff ?? {}, budget = preset.budget, methods = preset.methods } = given;
  const { baseMs, maxMs, jitter } = DEFAULT_POLICY.backoff;
  return {
    attempts: given.attempts ?? preset.attempts ?? DEFAULT_POLICY.attempts,
    deadlineMs: given.deadline ?? preset.deadline ?? DEFAULT_POLICY.deadlineMs,
    bodyTimeoutMs: given.bodyTimeout ?? preset.bodyTimeout,
    inlineMs: given.inline ?? preset.inline,
    outage: given.outage ?? preset.outage,
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

/** Applies `over` on top of `under`. A bound of the backoff moves the other one if the two would contradict. */
export function merged(under: Retry, over: Retry): Retry {
  const backoff = { ...under.backoff, ...over.backoff };
  const { base = 0, max = Infinity } = backoff;
  if (base > max) {
    if (over.backoff?.base === undefined) backoff.base = max;
    else backoff.max = base;
  }
  return { ...under, ...over, backoff };
}
