import type { Headers } from '../words/types.ts';
import { parseHttpDate } from './http-date.ts';

/** The values of a header, one for each time that it came. */
export function valuesOf(header: Headers[string]): readonly string[] {
  const values: readonly unknown[] = Array.isArray(header) ? header : [header];
  return values.filter((value) => typeof value === 'string');
}

/** Optional white space of RFC 9110 taken off: spaces and tabs, nothing else that `trim` takes. */
export function trimOws(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isOws(text.charCodeAt(start))) start++;
  while (end > start && isOws(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

/** The server's own clock, when the response tells it: then a wrong clock on either side shortens no wait. Unix ms. */
export function serverNow(headers: Headers, receivedAt: number): number {
  const [value] = valuesOf(headers.date);
  return (value === undefined ? undefined : parseHttpDate(trimOws(value), receivedAt)) ?? receivedAt;
}

function isOws(unit: number): boolean {
  return unit === 0x20 || unit === 0x09;
}
