/** Readers of option values. Each throws `OptionsError` for text that it cannot read. */
import { OptionsError } from '../index.ts';
import { parseDuration } from '../time/duration.ts';

/** Maximum number of calls or requests. */
const MAX_COUNT = 100_000;

/** A whole number of 1 or more. */
export function countIn(option: string, text: string): number {
  const count = /^\d+$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > MAX_COUNT)
    throw new OptionsError(option, text, `a whole number from 1 to ${MAX_COUNT.toLocaleString('en-US')}`);
  return count;
}

const DURATION_RULE = "a duration with a unit, such as '250ms', '30s', '10m' or '1h'";

/** A duration in ms: `200ms`, `1m`; a bare number is refused, as everywhere. */
export function durationIn(option: string, text: string, rule: string = DURATION_RULE): number {
  const ms = parseDuration(text.trim());
  if (ms === undefined || !Number.isFinite(ms)) throw new OptionsError(option, text, rule);
  return ms;
}

/** A deadline in ms: a duration, or `Infinity` for none. */
export function deadlineIn(option: string, text: string): number {
  return text.trim() === 'Infinity' ? Infinity : durationIn(option, text, `${DURATION_RULE}, or Infinity`);
}

/** A moment, as Unix ms: `2026-03-08T07:00:00Z`, `2026-03-08` (UTC). */
export function momentIn(option: string, text: string): number {
  const moment = /^\d{4}-\d\d-\d\d(?:T|$)/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(moment)) throw new OptionsError(option, text, "a date, such as '2026-03-08T07:00:00Z'");
  return moment;
}

/** A duration of more than 0 ms, whose number may be left out: `1m`, `m`, `min`, `hour`. */
export function periodIn(option: string, text: string, rule: string): number {
  const trimmed = text.trim();
  const ms = durationIn(option, /^\d/.test(trimmed) ? trimmed : `1${trimmed}`, rule);
  if (ms <= 0) throw new OptionsError(option, text, rule);
  return ms;
}

/** A fraction: `1%`, `0.5 %`, `0.02`. */
export function shareIn(option: string, text: string, rule: string): number {
  const found = /^(\d+(?:\.\d+)?)\s*(%?)$/.exec(text.trim());
  const share = found ? Number(found[1]) / (found[2] === '%' ? 100 : 1) : Number.NaN;
  if (!(share >= 0 && share <= 1)) throw new OptionsError(option, text, rule);
  return share;
}

/** A method and a path: `POST /v1/chat/**`, `/v1/**`, `POST`. */
export interface MatchText {
  readonly method?: string;
  readonly path?: string;
}

/** Reads a {@link MatchText}; nothing for empty text. */
export function matchIn(option: string, text: string, rule: string): MatchText {
  const found = /^(?:([a-z]+)(?:\s+|$))?(\/\S*)?$/i.exec(text.trim());
  if (!found) throw new OptionsError(option, text, rule);
  const [, method, path] = found;
  return {
    ...(method !== undefined && { method: method.toUpperCase() }),
    ...(path !== undefined && { path }),
  };
}

/** A method and an absolute URL: `GET https://api.example.com/items`; the method may be left out. */
export function requestIn(option: string, text: string): { readonly method: string; readonly url: string } {
  const found = /^(?:([a-z]+)\s+)?(https?:\/\/\S+)$/i.exec(text.trim());
  const [, method = 'GET', url = ''] = found ?? [];
  if (!URL.canParse(url))
    throw new OptionsError(option, text, "a method and a URL, such as 'GET https://api.example.com/items'");
  return { method: method.toUpperCase(), url };
}

/** Headers from `name: value` texts. `OptionsError` does not show an invalid one, because it may hold a secret. */
export function headersIn(option: string, texts: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const text of texts) {
    const found = /^([!#$%&'*+\-.^_`|~\w]+)\s*:([\t\x20-\x7e\x80-\xff]*)$/.exec(text);
    if (!found) throw new OptionsError(option, text, "a header, such as 'retry-after: 30'");
    headers[(found[1] as string).toLowerCase()] = (found[2] as string).trim();
  }
  return headers;
}
