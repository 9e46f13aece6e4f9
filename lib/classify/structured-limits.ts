/**
 * Reads `RateLimit` and `RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers: structured fields from -08 on, a
 * dictionary in -07.
 */
import { type BareItem, isInnerList, parseDictionary, parseList } from 'structured-headers';
import type { Headers } from '../words/types.ts';
import { valuesOf } from './field-values.ts';

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
/** Maximum length of a header value that is read. */
export const MAX_CHARACTERS: number = 1000;

/** The policies of the draft's fields. */
export function structuredLimits(headers: Headers): RateLimit[] {
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
export function bounded(ms: number): number | undefined {
  return Number.isNaN(ms) || ms > MAX_RESET_MS ? undefined : Math.max(0, Math.ceil(ms));
}
