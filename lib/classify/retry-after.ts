/**
 * Reads the wait that a response asks for.
 *
 * Any doubtful value yields `undefined`, which leaves the wait to the caller's backoff: a misread number is worse than
 * none.
 */
import type { Headers } from '../words/types.ts';
import { serverNow, trimOws, valuesOf } from './field-values.ts';
import { untilDate, waitOrEpochMs } from './moment.ts';

/** Headers that give the wait in ms; `Retry-After` gives the same wait rounded to seconds. */
const MS_HEADERS = ['retry-after-ms', 'x-ms-retry-after-ms'];

/**
 * Names of other headers that ask for a wait: whatever ends in `retry-after`, with a unit or without, and Qualys'
 * `x-ratelimit-towait-sec`. Azure Cost Management sends one for each of its limits
 * (`x-ms-ratelimit-microsoft.costmanagement-entity-retry-after`), CrowdStrike `x-ratelimit-retryafter`. NestJS appends the
 * limit's name: `retry-after-long`.
 *
 * Sources: https://learn.microsoft.com/azure/cost-management-billing/costs/manage-automation,
 * https://github.com/CrowdStrike/psfalcon, https://github.com/nestjs/throttler, https://docs.qualys.com/en/vm/api/get_started/api_limits.htm
 */
const OTHERS = /retry-?after(?:-(?:ms|milliseconds|millis|seconds|secs?|s))?$|^retry-after-|-towait-sec$/;

/** Names that give ms. AWS's own is in ms too: https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html */
const IN_MS = /(?:-ms|-millis|-milliseconds)$|^x-amz-retry-after$/;

/**
 * RFC 9110's `delay-seconds` has only digits. A decimal fraction is accepted too: servers send it (Shopify documents
 * `Retry-After: 2.0`), it is unambiguous, and ignoring it would resend early. Signs, exponents, hexadecimal and blanks,
 * which `Number` would accept, are rejected.
 */
const DECIMAL = /^\d+(?:\.\d+)?$/;

/** Separator between the values of a repeated header; excludes the comma after a date's weekday. */
const SEPARATOR = /(?<!day|Mon|Tue|Wed|Thu|Fri|Sat|Sun), /;

/** Maximum length of a header's name that is examined. */
const MAX_NAME = 100;

/**
 * ms to wait before resending, from `retry-after-ms`, `x-ms-retry-after-ms` or `Retry-After`, or from any header whose
 * name ends in `retry-after` if it asks for more; `undefined` if none is valid. At least 0 and at most
 * `Number.MAX_SAFE_INTEGER`; a date in the past yields 0. A number from 1e9 on is a moment in seconds since 1970: no
 * server asks for a wait of 30 years.
 *
 * A repeated header yields its longest wait: waiting too long costs time, but resending too early costs a refusal, and
 * many APIs count refused requests against the quota.
 *
 * @param headers names in lower case.
 * @param receivedAt wall-clock moment (Unix ms) at which the response arrived.
 */
export function retryAfterMs(headers: Headers, receivedAt: number): number | undefined {
  const now = serverNow(headers, receivedAt);
  const read = (name: string, unitMs: number) => longest(headers[name], (text) => waitIn(text, unitMs, now));
  let wait: number | undefined;
  for (const name of MS_HEADERS) wait ??= read(name, 1);
  wait ??= read('retry-after', 1000);
  for (const name of Object.keys(headers)) {
    if (name.length > MAX_NAME || !(name.includes('retry') || name.endsWith('-sec'))) continue;
    if (!OTHERS.test(name)) continue;
    if (name === 'retry-after' || MS_HEADERS.includes(name)) continue;
    const other = read(name, IN_MS.test(name) ? 1 : 1000);
    if (other !== undefined) wait = Math.max(wait ?? 0, other);
  }
  return wait;
}

/** The longest of a header's waits. Values joined with commas count only if all of them are valid. */
function longest(header: Headers[string], read: (text: string) => number | undefined): number | undefined {
  let wait: number | undefined;
  for (const value of valuesOf(header)) {
    const waits = value.split(SEPARATOR).map((text) => read(trimOws(text)));
    const ms = waits.reduce((a, b) => (a === undefined || b === undefined ? undefined : Math.max(a, b)));
    if (ms !== undefined && (wait === undefined || ms > wait)) wait = ms;
  }
  return wait;
}

function waitIn(text: string, unitMs: number, now: number): number | undefined {
  if (DECIMAL.test(text)) return clamp(Math.ceil(waitOrEpochMs(Number(text), unitMs, now)));
  const ms = unitMs === 1 ? undefined : untilDate(text, now);
  return ms === undefined ? undefined : clamp(ms);
}

function clamp(ms: number): number | undefined {
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), Number.MAX_SAFE_INTEGER);
}
