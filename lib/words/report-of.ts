/**
 * Finds a call's report from anything the call produced: a Headgate error, the client's own error, an SDK's error that
 * holds one of these as its cause or holds the response headers, a settled promise, or a response.
 */
import type { CallReport } from './report.ts';

/** A report, or a function that makes it on demand. */
type Kept = CallReport | (() => CallReport);

/** A failed response whose headers an SDK may have copied. */
interface Copied {
  readonly status: number;
  readonly url: string | undefined;
  /** The headers as one text, sorted by name. */
  readonly headers: string;
  readonly report: Kept;
}

/** The part of a response that is remembered. */
interface ResponseLike {
  readonly status: number;
  /** Absent if the client's response does not have it. */
  readonly url?: string;
  readonly headers: unknown;
}

/** A base class whose constructor returns an existing object, so that a subclass can add private fields to it. */
class Given {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: the way to add a private field to a foreign object
    return object;
  }
}

/**
 * Stores a report in a private field of the object that leads to it. The field is invisible, and costs a fraction of a WeakMap
 * entry, which the garbage collector visits again and again.
 */
class Marked extends Given {
  #report: Kept;

  private constructor(object: object, report: Kept) {
    super(object);
    this.#report = report;
  }

  static mark(object: object, report: Kept): void {
    try {
      if (#report in object) (object as Marked).#report = report;
      else new Marked(object, report);
    } catch {
      // An engine may refuse to add fields to a frozen object.
      frozen.set(object, report);
    }
  }

  static read(object: object): Kept | undefined {
    return #report in object ? (object as Marked).#report : frozen.get(object);
  }
}

const frozen = new WeakMap<object, Kept>();

/** The last failed responses, oldest first. */
const copied: Copied[] = [];

/** Maximum number of failed responses remembered by their headers. */
const MAX_COPIED = 64;
/** Maximum number of objects that {@link reportOf} visits. */
const MAX_VISITED = 64;
/** Maximum number of members read from an array of errors. */
const MAX_MEMBERS = 16;

/** Properties that lead from an error or a result to its cause. */
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
  'config',
] as const;

/** Lets {@link reportOf} find `report` from `object`, without adding a visible property. */
export function remember(object: object, report: Kept): void {
  Marked.mark(object, report);
}

/**
 * Lets {@link reportOf} find `report` from a response and from its headers. Some SDKs keep only a copy of the headers
 * in their errors, so the most recent failed responses are also remembered by the headers' content.
 */
export function rememberResponse(response: ResponseLike, report: Kept): void {
  const { status, url, headers } = response;
  Marked.mark(response, report);
  // A mock or a foreign fetch may have headers of any type.
  if (!isObject(headers)) return;
  Marked.mark(headers, report);
  const entries = status >= 400 && entriesOf(headers);
  if (!entries) return;
  copied.push({ status, url, headers: fingerprint(entries), report });
  if (copied.length > MAX_COPIED) copied.shift();
}

/** The report stored by {@link remember} for this very object. */
export function remembered(object: object): CallReport | undefined {
  const known = Marked.read(object);
  return typeof known === 'function' ? known() : known;
}

/**
 * Returns the report of the call that `from` came from. `from` may be an error of Headgate or of the client, an SDK's
 * error (found through its `cause`, `response` or `headers`), a response of a gated client, or an element of
 * `Promise.allSettled`. Returns `undefined` if no report is found. Never throws.
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
  for (let next = 0; next < queue.length && seen.size < MAX_VISITED; next += 1) {
    const object = queue[next];
    if (!isObject(object) || seen.has(object)) continue;
    seen.add(object);
    const found = isReport(object) ? object : (recorded(object) ?? byCopy(object));
    if (found) return found;
    for (const link of LINKS) queue.push(peek(object, link));
    if (isArray(object)) for (let i = 0; i < MAX_MEMBERS; i += 1) queue.push(peek(object, i));
  }
  return undefined;
}

/**
 * Whether `error` ended a gated call and carries its report; types `error.headgate`. True for the client's own errors
 * and for Headgate's. False for an `OptionsError` thrown before a call began, and for an SDK's error that only leads to
 * the report: use {@link reportOf} for it.
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
  const known = remembered(object);
  if (known !== undefined) return known;
  const own = peek(object, 'headgate');
  return isReport(own) ? own : undefined;
}

/** The report of the last failed response with exactly this status, URL and headers. */
function byCopy(object: object): CallReport | undefined {
  const status = peek(object, 'status') ?? peek(object, 'statusCode');
  const headers = peek(object, 'headers');
  if (copied.length === 0 || typeof status !== 'number') return undefined;
  const url = peek(object, 'url');
  const entries = entriesOf(headers);
  if (!entries) return undefined;
  const text = fingerprint(entries);
  const same = copied.filter(
    (each) =>
      each.status === status &&
      each.headers === text &&
      (url === undefined || each.url === undefined || each.url === url),
  );
  const reports = same.map(({ report }) => (typeof report === 'function' ? report() : report));
  const last = reports.at(-1);
  // Calls that overlapped and got identical responses cannot be told apart.
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

/** The pairs of name and value in `Headers` of any make or a plain record. Never throws. */
function entriesOf(headers: unknown): readonly (readonly [string, unknown])[] | undefined {
  if (isPlain(headers)) return Object.entries(headers);
  const looksLikeHeaders =
    isObject(headers) && peek(headers, 'get') && peek(headers, 'has') && peek(headers, 'append');
  if (!looksLikeHeaders) return undefined;
  try {
    return [...(headers as Headers)];
  } catch {
    return undefined;
  }
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

/** Never throws: a program can throw anything, even a revoked proxy. */
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

/** Reads a property; `undefined` if a proxy or getter throws. */
function peek(object: object, key: string | number): unknown {
  try {
    return Reflect.get(object, key);
  } catch {
    return undefined;
  }
}
