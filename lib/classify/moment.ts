import { parseHttpDate } from './http-date.ts';

/** Minimum values read as a moment instead of a wait: 2001 in seconds, 1973 in ms. */
const EPOCH_S = 1e9;
const EPOCH_MS = 1e11;

const ISO = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z| ?UTC| ?GMT| ?[+-]\d\d:?\d\d)$/;
const DURATION = /^(?:\d+(?:\.\d+)?(?:ms|us|µs|ns|d|h|m|s))+$/;
/** .NET's TimeSpan: `[d.]hh:mm:ss[.fffffff]`. */
const TIME_SPAN = /^(?:(\d{1,3})\.)?(\d{1,2}):(\d{2}):(\d{2}(?:\.\d{1,7})?)$/;
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

/** ms until a date in the format of HTTP or ISO 8601 with a time zone, which may be negative; `undefined` for other text. */
export function untilDate(text: string, now: number): number | undefined {
  if (text.length > 40) return undefined;
  const date = ISO.test(text) ? Date.parse(text.replace(/ ?(?:UTC|GMT)$/, 'Z')) : parseHttpDate(text, now);
  return date === undefined || Number.isNaN(date - now) ? undefined : date - now;
}

/** ms of a duration such as `1m2.5s` or `00:05:00`; `undefined` for other text. */
export function durationMs(text: string): number | undefined {
  if (text.length > 40) return undefined;
  const span = TIME_SPAN.exec(text);
  if (span !== null) {
    const [days = 0, h = 0, m = 0, s = 0] = span.slice(1).map((part) => Number(part ?? 0));
    return (((days * 24 + h) * 60 + m) * 60 + s) * 1000;
  }
  if (!DURATION.test(text)) return undefined;
  let ms = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|us|µs|ns|d|h|m|s)/gy)) {
    ms += Number(amount) * (UNITS[unit as string] as number);
  }
  return ms;
}

/**
 * ms of a number that is either a wait or, from 1e9 on, a moment: seconds since 1970, or ms from 1e11 on. May be
 * negative for a moment in the past.
 *
 * @param unitMs unit of a wait
 */
export function waitOrEpochMs(value: number, unitMs: number, now: number): number {
  if (value >= EPOCH_MS) return value - now;
  return value >= EPOCH_S && unitMs === 1000 ? value * 1000 - now : value * unitMs;
}
