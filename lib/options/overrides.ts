/** Overrides: settings for the calls and verdicts that they match. */
import * as v from 'valibot';
import type { After, CallSettings } from '../policy/call-settings.ts';
import type { Policy } from '../policy/policy.ts';
import type { Profile, RequestFacts } from '../words/types.ts';
import { matchEntries } from './match.ts';
import { fitterOf } from './quotas.ts';
import { merged, policyOf, priority, type Retry, retry } from './retry.ts';
import { object, text } from './schema.ts';
import type { OverrideVerdict, QuotaMatch } from './types.ts';

/** A checked override. */
export interface Override {
  readonly match?:
    | (QuotaMatch & {
        readonly quota?: string | readonly string[] | undefined;
        readonly verdict?: OverrideVerdict | readonly OverrideVerdict[] | undefined;
      })
    | undefined;
  readonly retry?: Retry | undefined;
  readonly priority?: number | undefined;
  readonly idempotent?: boolean | undefined;
}

const VERDICT_RULE = "'throttled', 'transient' or 'unauthorized', or an array of them";
const verdict = v.picklist(['throttled', 'transient', 'unauthorized'], VERDICT_RULE);
const QUOTA_RULE = 'the key of a quota, or an array of keys';
/** Schema of an override. */
export const override: v.GenericSchema<unknown, Override> = v.pipe(
  object({
    match: v.optional(
      object({
        ...matchEntries,
        quota: v.optional(v.union([text, v.pipe(v.array(text), v.minLength(1, QUOTA_RULE))], QUOTA_RULE)),
        verdict: v.optional(
          v.union([verdict, v.pipe(v.array(verdict), v.minLength(1, VERDICT_RULE))], VERDICT_RULE),
        ),
      }),
    ),
    retry: v.optional(retry),
    priority,
    idempotent: v.optional(v.boolean('true or false')),
  }),
  v.check(
    ({ match, retry, priority, idempotent }) =>
      match?.verdict === undefined ||
      (priority === undefined && idempotent === undefined && retry?.bodyTimeout === undefined),
    'no priority, idempotent or retry.bodyTimeout with match.verdict: those apply to the whole call',
  ),
  // The same as a JSON Schema.
  v.metadata({
    if: { required: ['match'], properties: { match: { type: 'object', required: ['verdict'] } } },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: {
      properties: {
        priority: false,
        idempotent: false,
        retry: { type: 'object', properties: { bodyTimeout: false } },
      },
    },
  }),
) as v.GenericSchema<unknown, Override>;

/** An override with a compiled match. */
interface Rule extends Omit<Override, 'match'> {
  readonly fits: (request: RequestFacts) => boolean;
  readonly quotas: readonly string[] | undefined;
  readonly verdicts: readonly OverrideVerdict[];
}

/** Maximum number of combinations of overrides whose settings are remembered. */
const MAX_REMEMBERED = 1000;

/**
 * The settings of calls, after the overrides that match them. All matching overrides apply; if two give the same option,
 * the later one wins.
 */
export class Overrides {
  readonly #rules: readonly Rule[];
  readonly #retry: Retry;
  readonly #profile: Profile;
  readonly #defaults: CallSettings;
  readonly #known = new Map<string, CallSettings>();
  /** True if an override depends on a request's quotas. */
  readonly #needsQuotas: boolean;

  /**
   * @param retry the gate's own `retry`
   * @param defaults settings of a call that no override matches
   */
  constructor(overrides: readonly Override[], retry: Retry, defaults: CallSettings, profile: Profile) {
    this.#rules = overrides.map(({ match = {}, ...rest }) => ({
      ...rest,
      fits: fitterOf(match),
      quotas: listed(match.quota),
      verdicts: listed(match.verdict) ?? [],
    }));
    this.#retry = retry;
    this.#defaults = defaults;
    this.#profile = profile;
    this.#needsQuotas = this.#rules.some(({ quotas }) => quotas !== undefined);
  }

  /** The settings of a call; `keysOf` gives the keys of the quotas that its first request draws on. */
  of(request: RequestFacts, keysOf: () => readonly string[]): CallSettings {
    let keys: readonly string[] | undefined;
    let name = '';
    const matching = this.#rules.filter((rule, index) => {
      if (!rule.fits(request)) return false;
      if (rule.quotas && this.#needsQuotas) {
        keys ??= keysOf();
        if (!rule.quotas.some((pattern) => keys?.some((key) => matchesPattern(key, pattern)))) return false;
      }
      name += `${index} `;
      return true;
    });
    if (matching.length === 0) return this.#defaults;
    let settings = this.#known.get(name);
    if (settings === undefined) {
      settings = this.#merged(matching);
      if (this.#known.size === MAX_REMEMBERED) this.#known.clear();
      this.#known.set(name, settings);
    }
    return settings;
  }

  #merged(matching: readonly Rule[]): CallSettings {
    const policy = (each: Retry): Policy => policyOf(each, this.#profile);
    let retry = this.#retry;
    let { priority, idempotent } = this.#defaults;
    for (const rule of matching) {
      if (rule.verdicts.length > 0) continue;
      if (rule.retry) retry = merged(retry, rule.retry);
      priority = rule.priority ?? priority;
      idempotent = rule.idempotent ?? idempotent;
    }
    const after: Partial<Record<OverrideVerdict, After>> = {};
    for (const verdict of new Set(matching.flatMap(({ verdicts }) => verdicts))) {
      let given: Retry = {};
      for (const rule of matching) {
        if (rule.verdicts.includes(verdict) && rule.retry) given = merged(given, rule.retry);
      }
      const { attempts, deadline: deadlineMs } = given;
      after[verdict] = { attempts, deadlineMs, policy: policy(merged(retry, given)) };
    }
    return { ...this.#defaults, policy: policy(retry), priority, idempotent, after };
  }
}

function listed<T extends string>(given: T | readonly T[] | undefined): readonly T[] | undefined {
  return given === undefined ? undefined : ([given].flat() as readonly T[]);
}

/** Whether a key matches a pattern; `*` matches anything. */
function matchesPattern(key: string, pattern: string): boolean {
  const [head = '', ...parts] = pattern.split('*');
  const tail = parts.pop();
  if (tail === undefined) return key === pattern;
  if (!key.startsWith(head)) return false;
  let at = head.length;
  for (const part of parts) {
    const found = key.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return key.length - tail.length >= at && key.endsWith(tail);
}
