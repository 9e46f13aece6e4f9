import type { Headers as HeaderRecord, RequestFacts } from '../../words/types.ts';
import { bodyText, isReplayable } from '../shared/bodies.ts';
import { KeptBody } from '../shared/fetch-body.ts';
import { isHttp } from '../shared/unreadable.ts';

/** The first argument of fetch, in the types of whichever library declares it. */
export type FetchInput = Parameters<typeof fetch>[0];
/** The second argument of fetch. */
export type FetchInit = NonNullable<Parameters<typeof fetch>[1]>;

type GivenHeaders = ConstructorParameters<typeof Headers>[0];

/** Maximum redirects of a request; more is a network error (Fetch standard, HTTP-redirect fetch). */
const MAX_REDIRECTS = 20;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** Request-body-header names (Fetch standard, 2.2.3), and the length, which clients set themselves. */
const BODY_HEADERS = [
  'content-encoding',
  'content-language',
  'content-location',
  'content-type',
  'content-length',
];
/** Headers that must not reach another origin. */
const ORIGIN_HEADERS = ['authorization', 'proxy-authorization', 'cookie', 'host'];

/** One request of a call as passed to fetch: the user's own, or one that a redirect leads to. */
export class Leg implements RequestFacts {
  readonly method: string;
  readonly url: URL;
  /** The user's signal, if any. */
  readonly signal: AbortSignal | undefined;
  /** Number of redirects that led here. */
  readonly redirects: number;
  /** Set if the fetch may send a token on to another host. */
  bearerless = false;
  readonly #input: FetchInput;
  readonly #init: FetchInit;
  readonly #request: Request | undefined;
  #kept: KeptBody | undefined;
  #headers: HeaderRecord | undefined;
  #sent = false;

  private constructor(input: FetchInput, init: FetchInit, redirects: number, url: URL) {
    this.#input = input;
    this.#init = init;
    this.#request = isRequest(input) ? input : undefined;
    this.redirects = redirects;
    this.url = url;
    this.method = (init.method ?? this.#request?.method ?? 'GET').toUpperCase();
    this.signal = (init.signal === undefined ? this.#request?.signal : init.signal) ?? undefined;
  }

  /** The leg for these arguments of fetch. Takes ownership of `init`. Throws where fetch does. */
  static of(input: FetchInput, init: FetchInit, url: URL): Leg {
    if (init.headers !== undefined) init.headers = snapshot(init.headers);
    const leg = new Leg(input, init, 0, url);
    if (leg.signal !== undefined && typeof leg.signal.addEventListener !== 'function')
      throw new TypeError('unreadable');
    return leg;
  }

  get headers(): HeaderRecord {
    this.#headers ??= recordOf(new Headers(this.#givenHeaders));
    return this.#headers;
  }

  /** One header, by its name as the sender spells it, without reading all of them. */
  header(name: string): string | null | undefined {
    const given = this.#givenHeaders as { get?(name: string): string | null } & Record<string, string>;
    return typeof given?.get === 'function' ? given.get(name) : given?.[name];
  }

  body(): string | undefined {
    return bodyOf(this.#body);
  }

  /** Whether the body can be sent again. */
  get replayable(): boolean {
    if (this.#hasRequestBody) return this.#kept?.bytes !== undefined;
    return isReplayableInit(this.#init.body);
  }

  /** Whether the user wants redirects followed. */
  get follows(): boolean {
    return (this.#init.redirect ?? this.#request?.redirect ?? 'follow') === 'follow';
  }

  /**
   * Whether the gate follows redirects, one attempt each. With `integrity`, or a `mode` other than `cors`, the fetch
   * follows them itself.
   */
  get followed(): boolean {
    const { integrity, mode } = this.#init;
    return (
      this.follows &&
      !(integrity ?? this.#request?.integrity) &&
      (mode ?? this.#request?.mode ?? 'cors') === 'cors'
    );
  }

  /** Arguments for fetch. The gate's own headers go on a copy of the headers, so the next leg does not inherit them. */
  args(
    signal: AbortSignal,
    added: Readonly<Record<string, string>> | undefined,
    redirect: 'manual' | undefined,
  ): [FetchInput, FetchInit] {
    const init: FetchInit = { ...this.#init, signal };
    if (this.#request) {
      // A Request passed with an init loses these.
      init.referrer ??= this.#request.referrer;
      init.referrerPolicy ??= this.#request.referrerPolicy;
    }
    if (redirect) init.redirect = redirect;
    if (added) {
      const headers = new Headers(this.#givenHeaders);
      for (const [name, value] of Object.entries(added)) headers.set(name, value);
      init.headers = headers;
    }
    if (this.#hasRequestBody) {
      if (this.#sent) init.body = this.#kept?.bytes ?? null;
      else this.#kept = new KeptBody(this.#request as Request);
    }
    this.#sent = true;
    return [this.#input, init];
  }

  /** Cancels the body of a request that was aborted before it was sent, as fetch does. */
  discard(reason: unknown): void {
    const body = (this.#init.body ?? this.#request?.body) as Partial<ReadableStream> | null | undefined;
    if (!this.#sent) body?.cancel?.(reason).catch(() => undefined);
  }

  /** The leg that a response redirects to; `undefined` if it is not a redirect. Throws as fetch does. */
  redirected(status: number, location: HeaderRecord[string]): Leg | undefined {
    if (!REDIRECTS.has(status) || typeof location !== 'string') return undefined;
    const url = this.#target(location);
    const options = { ...membersOf(this.#request), ...this.#init } as FetchInit & {
      readonly follow?: number;
    };
    // node-fetch lets its user say how many.
    if (this.redirects >= (options.follow ?? MAX_REDIRECTS)) throw networkError('redirect count exceeded');
    if (!isHttp(url)) {
      throw networkError('URL scheme must be a HTTP(S) scheme');
    }
    if ((url.username || url.password) && url.origin !== this.url.origin) {
      throw networkError('cross origin not allowed for request mode "cors"');
    }
    // fetch refuses a URL with credentials from its caller, and drops those that a redirect brings.
    url.username = '';
    url.password = '';
    const headers = new Headers(this.#givenHeaders);
    let body = this.#body ?? null;
    const reads = this.method === 'GET' || this.method === 'HEAD';
    const toGet = this.method === 'POST' ? status <= 303 : status === 303 && !reads;
    const method = toGet ? 'GET' : (options.method ?? 'GET');
    if (toGet) {
      body = null;
      for (const name of BODY_HEADERS) headers.delete(name);
    } else if ((body !== null || this.#hasRequestBody) && !this.replayable) {
      throw networkError('the body is a stream and cannot be sent to where the redirect leads');
    }
    if (url.origin !== this.url.origin) for (const name of ORIGIN_HEADERS) headers.delete(name);
    const init = {
      ...options,
      method,
      headers,
      signal: this.signal ?? null,
      body: body as NonNullable<FetchInit['body']> | null,
    };
    return new Leg(url.href, init, this.redirects + 1, url);
  }

  /** The location URL (Fetch standard, 2.2.6): read as UTF-8; without a fragment, it keeps the current one. */
  #target(location: string): URL {
    try {
      const url = new URL(Buffer.from(location, 'latin1').toString(), this.url);
      if (url.hash === '') url.hash = this.url.hash;
      return url;
    } catch (cause) {
      throw new TypeError('fetch failed', { cause });
    }
  }

  get #givenHeaders(): GivenHeaders {
    return (this.#init.headers ?? this.#request?.headers) as GivenHeaders;
  }

  get #hasRequestBody(): boolean {
    return this.#init.body == null && this.#request?.body != null;
  }

  get #body(): unknown {
    return this.#hasRequestBody ? this.#kept?.bytes : this.#init.body;
  }
}

/** Members that an init may inherit from its prototype, as when it is a Request. */
const MEMBERS: readonly string[] = (
  'method headers body signal redirect duplex mode credentials cache integrity ' +
  'keepalive referrer referrerPolicy dispatcher headgate'
).split(' ');

/** The gate's options of an init, and the rest of it as a copy. Throws if it is not an object. */
export function readInit(init: FetchInit | undefined): { headgate?: unknown; own: FetchInit } {
  if (typeof (init ?? {}) !== 'object' && typeof init !== 'function') throw new TypeError('unreadable');
  const { headgate, ...own } = membersOf(init) as FetchInit & { headgate?: unknown };
  return { headgate, own };
}

/** The init with inherited members as its own properties. */
function membersOf<Init extends object>(init: Init | null | undefined): Init {
  const prototype = init ? Object.getPrototypeOf(init) : null;
  if (prototype === null || prototype === Object.prototype) return init ?? ({} as Init);
  const own = { ...init } as Record<string, unknown>;
  for (const name of MEMBERS) own[name] ??= (init as Record<string, unknown>)[name];
  return own as Init;
}

/** Headers as a record, the form that profiles and classification read. A mocked response may have none. */
export function recordOf(headers: Iterable<[string, string]> | undefined): HeaderRecord {
  return headers ? Object.fromEntries(headers) : {};
}

/** fetch's own error, with the reason in `cause`, as in Node.js. */
export function networkError(reason: string): TypeError {
  return new TypeError('fetch failed', { cause: new Error(reason) });
}

/** Whether the input is a Request, by shape: other implementations of fetch have their own class. */
export function isRequest(input: unknown): input is Request {
  return typeof input === 'object' && input !== null && typeof (input as Request).url === 'string';
}

/** Whether the body of an init can be sent again. */
export function isReplayableInit(body: unknown): boolean {
  return isReplayable(body) && !(typeof body === 'object' && body !== null && Symbol.asyncIterator in body);
}

/** A request's body as text, if available. */
export function bodyOf(body: unknown): string | undefined {
  return bodyText({ body: body instanceof URLSearchParams ? String(body) : body });
}

/** A copy of the user's headers: an attempt may be made much later. */
function snapshot(headers: unknown): NonNullable<FetchInit['headers']> {
  if (typeof headers !== 'object') throw new TypeError('unreadable');
  if (Array.isArray(headers)) return headers.slice();
  if (typeof (headers as Iterable<[string, string]>)[Symbol.iterator] === 'function') {
    return new Headers(headers as GivenHeaders);
  }
  return { ...(headers as Record<string, string>) };
}
