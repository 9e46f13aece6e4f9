/**
 * Reads the quotas that a server states in headers: `RateLimit` and `RateLimit-Policy` of
 * draft-ietf-httpapi-ratelimit-headers (structured fields from -08 on, a dictionary in -07), and the families
 * `ratelimit-*`, `x-ratelimit-*` and `x-rate-limit-*` of limit, remaining and reset, with and without `-requests` and
 * `-tokens`.
 *
 * Unreadable values are ignored: no statement is better than a wrong one.
 */
import { type BareItem, isInnerList, parseDictionary, parseList } from 'structured-headers';
import type { Headers } from '../words/types.ts';
import { serverNow, trimOws, valuesOf } from './field-values.ts';

/** The stated part of one policy. */
export interface RateLimit {
  /** Name that distinguishes the policies of one response. */
  readonly name: string;
  /** False for a quota of tokens, bytes or the like: it matters here only when it is used up. */
  readonly requests: boolean;
  /** Unit that the policy counts (`tokens`), in lower case; absent for requests and when none is named. */
  readonly unit?: string;
  /** Bucket that the response says it drew on (`x-ratelimit-resource`, `x-ratelimit-bucket`); absent when none is named. */
  readonly bucket?: string;
  readonly limit: number | undefined;
  readonly remaining: number | undefined;
  /** ms until the quota is full again or a new window begins. */
  readonly resetMs: number | undefined;
  /** Length of the window, in ms. */
  readonly windowMs: number | undefined;
}

/** Maximum wait until a reset, in ms; longer waits than a month are ignored. */
const MAX_RESET_MS = 31 * 86_400_000;
/** Maximum number of policies read from one response. */
const MAX_POLICIES = 8;
/** Maximum length of a header value that is read. */
const MAX_CHARACTERS = 1000;

const FAMILIES = ['ratelimit', 'x-ratelimit', 'x-rate-limit'].flatMap((family) =>
  ['', '-requests', '-tokens'].map((suffix) => ({
    name: `${family}${suffix}`,
    requests: suffix !== '-tokens',
    limit: `${family}-limit${suffix}`,
    remaining: `${family}-remaining${suffix}`,
    reset: `${family}-reset${suffix}`,
  })),
);

/**
 * The policies that a response states; most responses state none.
 *
 * @param headers names in lower case
 * @param receivedAt wall-clock moment (Unix ms) at which the response arrived
 */
export function rateLimits(headers: Headers, receivedAt: number): RateLimit[] {
  const found: RateLimit[] = structured(headers);
  for (const family of FAMILIES) {
    if (headers[family.remaining] === undefined) continue;
    const limit = count(headers[family.limit]);
    const remaining = count(headers[family.remaining]);
    // Azure OpenAI sends 0 and -1 for limits it does not count.
    if (remaining === undefined || (remaining === 0 && limit === 0)) continue;
    const now = (): number => serverNow(headers, receivedAt);
    const resetMs = reset(first(headers[family.reset]), now);
    found.push({
      name: family.name,
      requests: family.requests,
      limit,
      remaining,
      resetMs,
      windowMs: undefined,
    });
  }
  return found.slice(0, MAX_POLICIES);
}

/** Longest stated wait, in ms, until a used-up quota resets; `undefined` if none is used up. */
export function usedUpMs(limits: readonly RateLimit[]): number | undefined {
  let wait: number | undefined;
  for (const { remaining, resetMs } of limits) {
    if (remaining === 0 && resetMs !== undefined) wait = Math.max(wait ?? 0, resetMs);
  }
  return wait;
}

function structured(headers: Headers): RateLimit[] {
  const state = headers.ratelimit;
  const policy = headers['ratelimit-policy'];
  if (state === undefined && policy === undefined) return [];
  const states = items(state);
  const policies = items(policy);
  if (states.size === 0 && policies.size === 0) return dictionary(state);
  const names = [...new Set([...states.keys(), ...policies.keys()])];
  return names.map((name): RateLimit => {
    const { r, t } = states.get(name) ?? {};
    const { q, w, qu } = policies.get(name) ?? {};
    return {
      name,
      requests: qu === undefined || qu === 'requests',
      limit: positive(q),
      remaining: whole(r),
      resetMs: milliseconds(t),
      windowMs: milliseconds(w),
    };
  });
}

/** `"default";q=100;w=60, "day";q=1000;w=86400` */
function items(header: Headers[string]): Map<string, Record<string, BareItem | undefined>> {
  const found = new Map<string, Record<string, BareItem | undefined>>();
  const text = joined(header);
  if (text === undefined) return found;
  try {
    for (const item of parseList(text)) {
      const [name, parameters] = item;
      if (!isInnerList(item) && typeof name === 'string' && parameters.size > 0) {
        found.set(name.slice(0, 100), Object.fromEntries(parameters));
      }
    }
  } catch {
    found.clear();
  }
  return found;
}

/** `limit=100, remaining=50, reset=30` */
function dictionary(header: Headers[string]): RateLimit[] {
  try {
    const fields = parseDictionary(joined(header) ?? '');
    const value = (key: string): unknown => fields.get(key)?.[0];
    const remaining = whole(value('remaining'));
    if (remaining === undefined) return [];
    const limit = positive(value('limit'));
    const resetMs = milliseconds(value('reset'));
    return [{ name: 'ratelimit', requests: true, limit, remaining, resetMs, windowMs: undefined }];
  } catch {
    return [];
  }
}

function joined(header: Headers[string]): string | undefined {
  const text = valuesOf(header).join(', ');
  return text.length > 0 && text.length <= MAX_CHARACTERS ? text : undefined;
}

/** The first value of a header; of `100, 100;w=60` (-03 to -06 of the draft) the first item. */
function first(header: Headers[string]): string | undefined {
  const [value] = valuesOf(header);
  return value === undefined || value.length > MAX_CHARACTERS
    ? undefined
    : trimOws(value.split(/[,;]/, 1)[0] as string);
}

function count(header: Headers[string]): number | undefined {
  const text = first(header);
  return text !== undefined && /^\d{1,15}(?:\.0+)?$/.test(text) ? Number(text) : undefined;
}

/** Minimum values read as a date instead of seconds from now: 2001 in seconds, 1973 in ms. */
const EPOCH_S = 1e9;
const EPOCH_MS = 1e11;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)$/;
const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|us|µs|ns|d|h|m|s))+$/;
const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** ms until a reset: seconds from now, seconds or ms since 1970, a date by ISO 8601, or a duration such as `1m2.5s`. */
function reset(text: string | undefined, now: () => number): number | undefined {
  if (text === undefined || text.length > 40) return undefined;
  if (/^\d+(?:\.\d+)?$/.test(text)) {
    const value = Number(text);
    if (value >= EPOCH_MS) return bounded(value - now());
    return bounded(value >= EPOCH_S ? value * 1000 - now() : value * 1000);
  }
  if (ISO.test(text)) return bounded(Date.parse(text) - now());
  if (!DURATION.test(text)) return undefined;
  let ms = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|us|µs|ns|d|h|m|s)/gy)) {
    ms += Number(amount) * (UNITS[unit as string] as number);
  }
  return bounded(ms);
}

function whole(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined;
}

function positive(value: unknown): number | undefined {
  return whole(value) || undefined;
}

/** Converts seconds to ms. */
function milliseconds(value: unknown): number | undefined {
  const seconds = whole(value);
  return seconds === undefined ? undefined : bounded(seconds * 1000);
}

/** A moment in the past counts as now; one beyond {@link MAX_RESET_MS} is ignored. */
function bounded(ms: number): number | undefined {
  return Number.isNaN(ms) || ms > MAX_RESET_MS ? undefined : Math.max(0, Math.ceil(ms));
}
