/**
 * Reads the quotas that a server states in headers: `RateLimit` and `RateLimit-Policy` of
 * draft-ietf-httpapi-ratelimit-headers (structured fields from -08 on, a dictionary in -07), and families of limit,
 * remaining and reset such as `ratelimit-*`, `x-rate-limit-*`, `x-ratelimit-*-tokens` and
 * `anthropic-ratelimit-<unit>-*` (see `limit-header.ts`).
 *
 * Unreadable values are ignored: no statement is better than a wrong one.
 */
import { ACCOUNT, type Headers } from '../words/types.ts';
import { sanitizeId } from './correlation-id.ts';
import { serverNow, trimOws, valuesOf } from './field-values.ts';
import { parseHttpDate } from './http-date.ts';
import { BUCKETS, type LimitHeader, limitHeader } from './limit-header.ts';
import { durationMs, untilDate, waitOrEpochMs } from './moment.ts';
import { bounded, MAX_CHARACTERS, type RateLimit, structuredLimits } from './structured-limits.ts';

export type { RateLimit } from './structured-limits.ts';

/** Maximum number of policies read from one response. */
const MAX_POLICIES = 8;
/** Maximum length of a bucket's name. */
const MAX_BUCKET = 100;

/** Maximum length, in ms, of a window that stands in for a missing reset; a longer one would be a guess. */
const MAX_BOUND_MS = 3_600_000;

/**
 * Headers that name the limit behind a refusal, which is not a bucket of its own.
 * https://developer.atlassian.com/cloud/jira/platform/build-an-app-that-respects-rate-limits/
 */
const REASONS = ['ratelimit-reason', 'x-ratelimit-reason'];

/** Headers of one policy, by role. */
interface Family {
  readonly header: LimitHeader;
  limit: string | undefined;
  remaining: string | undefined;
  reset: string | undefined;
  window: string | undefined;
  resetUnitMs: number;
  windowUnitMs: number;
}

/**
 * The policies that a response states; most responses state none.
 *
 * @param headers names in lower case
 * @param receivedAt wall-clock moment (Unix ms) at which the response arrived
 */
export function rateLimits(headers: Headers, receivedAt: number): RateLimit[] {
  const limits = statedLimits(headers, receivedAt);
  return limits.every(isStatement) ? limits : limits.filter(isStatement);
}

/** A bucket that a response names without stating its policy. */
function bare(bucket: string): RateLimit {
  const none = { limit: undefined, remaining: undefined, resetMs: undefined, windowMs: undefined };
  return { name: '', requests: true, bucket, ...none };
}

/** False for a reset alone, without a bucket: it means something only in a refusal. */
function isStatement({ bucket, remaining, limit, windowMs }: RateLimit): boolean {
  return bucket !== undefined || remaining !== undefined || (limit !== undefined && windowMs !== undefined);
}

/** Like {@link rateLimits}, but includes policies that state only a reset. */
function statedLimits(headers: Headers, receivedAt: number): RateLimit[] {
  const found: RateLimit[] = structuredLimits(headers);
  const families = familiesOf(headers);
  const bucket = found.length > 0 || families !== undefined ? bucketOf(headers) : undefined;
  if (bucket !== undefined) for (const [index, limit] of found.entries()) found[index] = { ...limit, bucket };
  if (families !== undefined) {
    const now = serverNow(headers, receivedAt);
    for (const family of families) addPolicies(found, family, resetOf(family, families), bucket, now);
    if (found.length === 0 && bucket !== undefined) found.push(bare(bucket));
  }
  return found.length > MAX_POLICIES ? found.slice(0, MAX_POLICIES) : found;
}

function familiesOf(headers: Headers): Family[] | undefined {
  let families: Family[] | undefined;
  for (const name in headers) {
    const header = limitHeader(name);
    if (header === null) continue;
    const value = firstOf(headers[name]);
    if (value === undefined) continue;
    families ??= [];
    let family = families.find((each) => each.header.family === header.family);
    if (!family) {
      if (families.length === 2 * MAX_POLICIES) continue;
      const none = { limit: undefined, remaining: undefined, reset: undefined, window: undefined };
      family = { header, ...none, resetUnitMs: 1000, windowUnitMs: 1000 };
      families.push(family);
    }
    if (header.role === 'bucket' || family[header.role] !== undefined) continue;
    family[header.role] = value;
    if (header.role === 'reset') family.resetUnitMs = header.unitMs;
    if (header.role === 'window') family.windowUnitMs = header.unitMs;
  }
  return families;
}

/**
 * The family whose reset applies to a family: its own, or a reset that stands alone and whose name the family's begins with,
 * as `x-contentful-ratelimit-reset` beside `x-contentful-ratelimit-hour-remaining`.
 */
function resetOf(family: Family, families: readonly Family[]): Family {
  const isWhole = ({ header, remaining }: Family): boolean =>
    remaining === undefined && family.header.family.startsWith(header.family);
  return (family.reset === undefined && families.find(isWhole)) || family;
}

/** Adds a family's policies, one for each number of its `remaining`, e.g. `0, 1999` for a second and a month. */
function addPolicies(
  found: RateLimit[],
  family: Family,
  { reset, resetUnitMs }: Family,
  bucket: string | undefined,
  now: number,
): void {
  const { header, remaining } = family;
  if (remaining === undefined && reset === undefined) return;
  const length = remaining?.includes(',') ? Math.min(remaining.split(',').length, MAX_POLICIES) : 1;
  for (let index = 0; index < length; index++) {
    const left = count(part(remaining, index, length));
    const limit = count(part(family.limit, index, length));
    // Azure OpenAI sends 0 and -1 for limits it does not count; Okta sends 0 of 0 for a concurrency limit.
    if (remaining !== undefined && (left === undefined || (left === 0 && limit === 0))) continue;
    const window = count(part(family.window, index, length));
    const policy = {
      name: index === 0 ? header.family : `${header.family}#${index}`,
      requests: header.unit === undefined,
      limit,
      remaining: left,
      resetMs: resetIn(part(reset, index, length), resetUnitMs, now),
      windowMs: window === undefined ? header.windowMs : bounded(window * family.windowUnitMs),
    };
    const unit = header.unit === undefined ? undefined : { unit: header.unit };
    found.push(
      bucket === undefined && unit === undefined ? policy : { ...policy, ...unit, ...(bucket && { bucket }) },
    );
  }
}

/** The part of a list that belongs to a policy, if the numbers of parts and policies agree; else the first part. */
function part(text: string | undefined, index: number, length: number): string | undefined {
  // The comma of a date separates no parts: GoCardless sends one as its reset.
  if (text === undefined || !text.includes(',') || parseHttpDate(text, 0) !== undefined) return item(text);
  const parts = text.split(',', MAX_POLICIES);
  return item(parts.length === length ? parts[index] : parts[0]);
}

/** The bucket that a response says it drew on. Untrusted text. */
export function bucketOf(headers: Headers): string | undefined {
  return named(headers, BUCKETS);
}

/** A bucket that an answer names. */
export interface Bucket {
  readonly name: string;
  /**
   * `group`: a group of routes, such as `search`. `routes`: exactly those that share it, as Discord's `x-ratelimit-bucket`.
   * `account`: all routes.
   */
  readonly kind: 'group' | 'routes' | 'account';
}

/** The bucket that an answer says it drew on; `quota` is the one that its classification names. */
export function bucketIn(headers: Headers | undefined, quota: string | undefined): Bucket | undefined {
  if (quota === ACCOUNT) return { name: ACCOUNT, kind: 'account' };
  const name = headers && bucketOf(headers);
  if (name !== undefined)
    return { name, kind: headers?.['x-ratelimit-bucket'] !== undefined ? 'routes' : 'group' };
  if (quota === undefined || (headers && reasonOf(headers) === quota)) return undefined;
  return { name: quota, kind: 'group' };
}

/** The limit that a refusal names as its reason. Untrusted text. */
export function reasonOf(headers: Headers): string | undefined {
  return named(headers, REASONS);
}

function named(headers: Headers, names: readonly string[]): string | undefined {
  for (const name of names) {
    const header = headers[name];
    if (header === undefined) continue;
    const [value] = valuesOf(header);
    if (value) return sanitizeId(value.slice(0, MAX_BUCKET));
  }
  return undefined;
}

/** What a refusal's headers say of its cause. */
export interface UsedUp {
  /** ms until the quota opens again: more than 0. */
  readonly resetMs: number;
  readonly unit: string | undefined;
  /** True if the headers say that nothing remains; false if they give a reset alone. */
  readonly stated: boolean;
}

/**
 * The used-up policy of a refused request that resets last. If none is used up, a reset counts if its family does not
 * say what remains. A reset in the past explains no refusal.
 */
export function refusedBy(headers: Headers, receivedAt: number): UsedUp | undefined {
  const limits = statedLimits(headers, receivedAt);
  const used = usedUp(limits);
  if (used) return { ...used, stated: true };
  const alone = usedUp(
    limits.map((limit) => ({ ...limit, remaining: limit.remaining ?? 0, windowMs: undefined })),
  );
  return alone && { ...alone, stated: false };
}

function usedUp(limits: readonly RateLimit[]): { resetMs: number; unit: string | undefined } | undefined {
  let longest: { resetMs: number; unit: string | undefined } | undefined;
  for (const { remaining, resetMs, windowMs, unit } of limits) {
    if (remaining !== 0) continue;
    const bound = windowMs !== undefined && windowMs <= MAX_BOUND_MS ? windowMs : undefined;
    const wait = resetMs ?? bound;
    if (wait && wait > (longest?.resetMs ?? 0)) longest = { resetMs: wait, unit };
  }
  return longest;
}

/** The first value of a header. */
function firstOf(header: Headers[string]): string | undefined {
  if (typeof header === 'string') return header.length > MAX_CHARACTERS ? undefined : header;
  const [value] = valuesOf(header);
  return value === undefined || value.length > MAX_CHARACTERS ? undefined : value;
}

/** Strips parameters: `100;w=60` (-03 to -06 of the draft). */
function item(text: string | undefined): string | undefined {
  const end = text?.indexOf(';') ?? -1;
  return text === undefined ? undefined : trimOws(end < 0 ? text : text.slice(0, end));
}

/** A number, rounded down: Reddit states what remains with a fraction. */
function count(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}(?:\.\d{1,9})?$/.test(text) ? Math.floor(Number(text)) : undefined;
}

/** ms until a reset: seconds from now, seconds or ms since 1970, a date, or a duration such as `1m2.5s`. */
function resetIn(text: string | undefined, unitMs: number, now: number): number | undefined {
  if (text === undefined || text.length > 40) return undefined;
  if (/^\d+(?:\.\d+)?$/.test(text)) return bounded(waitOrEpochMs(Number(text), unitMs, now));
  const ms = untilDate(text, now) ?? durationMs(text);
  return ms === undefined ? undefined : bounded(ms);
}
