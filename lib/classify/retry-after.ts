/**
 * Reads the wait that a response asks for.
 *
 * Any doubtful value yields `undefined`, which leaves the wait to the caller's backoff: a misread number is worse than
 * none.
 */
import type { Headers } from '../words/types.ts';
import { serverNow, trimOws, valuesOf } from './field-values.ts';
import { parseHttpDate } from './http-date.ts';

/** Headers that give the wait in ms; `Retry-After` gives the same wait rounded to seconds. */
const MS_HEADERS = ['retry-after-ms', 'x-ms-retry-after-ms'];

/**
 * RFC 9110's `delay-seconds` has only digits. A decimal fraction is accepted too: servers send it (Shopify documents
 * `Retry-After: 2.0`), it is unambiguous, and ignoring it would resend early. Signs, exponents, hexadecimal and blanks,
 * which `Number` would accept, are rejected.
 */
const DECIMAL = /^\d+(?:\.\d+)?$/;

/** Separator between the values of a repeated header; excludes the comma after a date's weekday. */
const SEPARATOR = /(?<!day|Mon|Tue|Wed|Thu|Fri|Sat|Sun), /;

/**
 * ms to wait before resending, from `retry-after-ms`, `x-ms-retry-after-ms` or `Retry-After`; `undefined` if none is
 * valid. At least 0 and at most `Number.MAX_SAFE_INTEGER`; a date in the past yields 0.
 *
 * A repeated header yields its longest wait: waiting too long costs time, but resending too early costs a refusal, and
 * many APIs count refused requests against the quota.
 *
 * @param headers names in lower case.
 * @param receivedAt wall-clock moment (Unix ms) at which the response arrived.
 */
export function retryAfterMs(headers: Headers, receivedAt: number): number | undefined {
  for (const name of MS_HEADERS) {
    const ms = longest(headers[name], (text) => decimal(text, 1));
    if (ms !== undefined) return ms;
  }
  const now = serverNow(headers, receivedAt);
  return longest(headers['retry-after'], (text) => decimal(text, 1000) ?? untilDate(text, now));
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

function decimal(text: string, unitMs: number): number | undefined {
  return DECIMAL.test(text) ? clamp(Math.ceil(Number(text) * unitMs)) : undefined;
}

function untilDate(text: string, now: number): number | undefined {
  const date = parseHttpDate(text, now);
  return date === undefined || Number.isNaN(now) ? undefined : clamp(date - now);
}

function clamp(ms: number): number {
  return Math.min(Math.max(ms, 0), Number.MAX_SAFE_INTEGER);
}
