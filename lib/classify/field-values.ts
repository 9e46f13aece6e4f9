import type { Headers } from '../words/types.ts';
import { parseHttpDate } from './http-date.ts';

/** The values of a header, one per field line. */
export function valuesOf(header: Headers[string]): readonly string[] {
  const values: readonly unknown[] = Array.isArray(header) ? header : [header];
  return values.filter((value) => typeof value === 'string');
}

/** Strips the optional white space of RFC 9110: only spaces and tabs, unlike `trim`. */
export function trimOws(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isOws(text.charCodeAt(start))) start++;
  while (end > start && isOws(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

/** Server time from `Date`, else `receivedAt`; Unix ms. With `Date`, a wrong clock on either side shortens no wait. */
export function serverNow(headers: Headers, receivedAt: number): number {
  const [value] = headers.date === undefined ? [] : valuesOf(headers.date);
  if (value === undefined) return receivedAt;
  if (value === last.text) return last.ms;
  const ms = parseHttpDate(trimOws(value), receivedAt);
  // Caches only the form that does not depend on `receivedAt`.
  if (ms !== undefined && value.length === IMF_LENGTH) last = { text: value, ms };
  return ms ?? receivedAt;
}

/** Length of the usual form of an HTTP-date. */
const IMF_LENGTH = 29;
/** The last date read: all responses within a second have the same. */
let last: { readonly text: string; readonly ms: number } = { text: '', ms: 0 };

function isOws(unit: number): boolean {
  return unit === 0x20 || unit === 0x09;
}
