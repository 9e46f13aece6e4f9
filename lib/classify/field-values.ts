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
  const [value] = valuesOf(headers.date);
  return (value === undefined ? undefined : parseHttpDate(trimOws(value), receivedAt)) ?? receivedAt;
}

function isOws(unit: number): boolean {
  return unit === 0x20 || unit === 0x09;
}
