/**
 * Finds the record of a call from whatever the call left behind: an error of ours, the client's own error, an SDK's
 * error that holds one of these as its cause or holds the response's headers, a settled promise, or a response.
 */
import type { CallReport } from './report.ts';

/** A record, or what makes it when it is asked for. */
type Kept = CallReport | (() => CallReport);

/** A failed response whose headers an SDK may have copied into an object of its own. */
interface Copied {
  readonly status: number;
  readonly url: string;
  /** The headers as one text, sorted by name. */
  readonly headers: string;
  readonly report: Kept;
}

/** What a response must have to be remembered. */
interface ResponseLike {
  readonly status: number;
  readonly url: string;
  readonly headers: unknown;
}

/** Records by the object that leads to them. */
const kept = new WeakMap<object, Kept>();

/** The last failed responses, oldest first. */
const copied: Copied[] = [];

/** Maximum number of failed responses that are remembered by their headers. */
const MOST_COPIED = 64;
/** Maximum number of objects that {@link reportOf} looks at. */
const MOST_LOOKED_AT = 64;
/** Maximum number of members read from an array of errors. */
const MOST_MEMBERS = 16;

/** Properties by which an error or a result leads to what caused it. */
const LINKS = [
  'cause',
  'response',
  'headers',
  'error',
  'reason',
  'originalError',
  'lastError',
  'errors',
  '$response',
] as const;

/** Lets {@link reportOf} find `report` from `object`, without a property that anybody could see. */
export function remember(object: object, report: Kept): void {
  kept.set(object, report);
}

/**
 * Lets {@link reportOf} find `report` from a response and from its headers. Some SDKs keep only a copy of the headers
 * in their errors, so the last failed responses are remembered by the headers' content as well.
 */
export function rememberResponse(response: ResponseLike, report: Kept): void {
  const { status, url, headers } = response;
  kept.set(response, report);
  // Of a fetch by somebody else, or a mock, headers may be anything.
  if (!isObject(headers)) return;
  kept.set(headers, report);
  if (status < 400 || !isEntries(headers)) return;
  copied.push({ status, url, headers: fingerprint([...headers]), report });
  if (copied.length > MOST_COPIED) copied.shift();
}

/**
 * The record of the call that `from` came from: an error of Headgate or of the client, an SDK's error (through its
 * `cause`, `response` or `headers`), a response of a gated client, or an element of `Promise.allSettled`. Returns
 * `undefined` where none is found. Never throws.
 *
 * @example
 * try {
 *   await openai.models.list();
 * } catch (error) {
 *   console.error(reportOf(error)?.correlationId, reportOf(error)?.hint);
 * }
 */
export function reportOf(from: unknown): CallReport | undefined {
  const seen = new Set<object>();
  const queue: unknown[] = [from];
  for (let next = 0; next < queue.length && seen.size < MOST_LOOKED_AT; next += 1) {
    const object = queue[next];
    if (!isObject(object) || seen.has(object)) continue;
    seen.add(object);
    const found = isReport(object) ? object : (recorded(object) ?? byCopy(object));
    if (found) return found;
    for (const link of LINKS) queue.push(peek(object, link));
    if (isArray(object)) for (let i = 0; i < MOST_MEMBERS; i += 1) queue.push(peek(object, i));
  }
  return undefined;
}

/**
 * Whether `error` ended a gated call and bears its record: `error.headgate` is typed then. True for the client's own
 * errors as for those of Headgate. An `OptionsError` thrown before a call began bears none. For an SDK's error, which
 * leads to the record without bearing it, use {@link reportOf}.
 *
 * @example
 * try {
 *   await api('https://api.example.com/items');
 * } catch (error) {
 *   if (isHeadgateError(error)) console.error(error.headgate.reason, error.headgate.attempts.length);
 * }
 */
export function isHeadgateError(error: unknown): error is Error & { readonly headgate: CallReport } {
  return isError(error) && isReport(peek(error, 'headgate'));
}

function recorded(object: object): CallReport | undefined {
  const known = kept.get(object);
  if (known !== undefined) return typeof known === 'function' ? known() : known;
  const own = peek(object, 'headgate');
  return isReport(own) ? own : undefined;
}

/** The record of the last failed response with just this status, URL and headers. */
function byCopy(object: object): CallReport | undefined {
  const status = peek(object, 'status');
  const headers = peek(object, 'headers');
  if (copied.length === 0 || typeof status !== 'number' || !isPlain(headers)) return undefined;
  const url = peek(object, 'url');
  const text = fingerprint(Object.entries(headers));
  const same = copied.filter(
    (each) => each.status === status && each.headers === text && (url === undefined || each.url === url),
  );
  const reports = same.map(({ report }) => (typeof report === 'function' ? report() : report));
  const last = reports.at(-1);
  // Of several calls in flight at once, whose responses look alike, none can be told from the others.
  return last && reports.slice(0, -1).every((each) => endOf(each) <= startOf(last)) ? last : undefined;
}

function startOf({ attempts }: CallReport): number {
  return attempts[0]?.startedAt ?? 0;
}

function endOf({ attempts }: CallReport): number {
  const last = attempts.at(-1);
  return last ? last.startedAt + last.durationMs : 0;
}

function fingerprint(entries: readonly (readonly [string, unknown])[]): string {
  return entries
    .map(([name, value]) => `${name.toLowerCase()}: ${String(value)}`)
    .sort()
    .join('\n');
}

function isEntries(headers: object): headers is Iterable<readonly [string, unknown]> {
  return typeof peek(headers, 'entries') === 'function' && Symbol.iterator in headers;
}

function isReport(value: unknown): value is CallReport {
  return isObject(value) && typeof peek(value, 'call') === 'string' && isArray(peek(value, 'attempts'));
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  try {
    return isObject(value) && [Object.prototype, null].includes(Object.getPrototypeOf(value));
  } catch {
    return false;
  }
}

/** Anything can be thrown, a revoked proxy among it. */
function isError(value: unknown): value is Error {
  try {
    return value instanceof Error || (isObject(value) && typeof peek(value, 'message') === 'string');
  } catch {
    return false;
  }
}

function isArray(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

/** Proxies and getters may throw. */
function peek(object: object, key: string | number): unknown {
  try {
    return Reflect.get(object, key);
  } catch {
    return undefined;
  }
}
