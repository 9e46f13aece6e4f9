import type { Attempt, Ending } from '../../call/attempt.ts';
import type { Headers, RequestFacts } from '../../words/types.ts';
import { bodyText, isReplayable } from '../shared/bodies.ts';
import { REPLAY_LIMIT } from '../shared/fetch-body.ts';
import type { Breaker } from '../shared/interruptible.ts';
import { headersOf } from '../shared/response-reading.ts';
import { isHttp, isLocal, unreadable } from '../shared/unreadable.ts';
import { AttemptToken, type CancelToken } from './token.ts';

/** axios's headers; each copy of axios has its own class. */
export interface AxiosHeaders {
  set(name: string, value: string): unknown;
  delete(name: string): unknown;
}

/** The used part of axios's config, as passed to its adapters. */
export interface Config {
  readonly url?: string;
  readonly baseURL?: string | undefined;
  readonly params?: unknown;
  readonly paramsSerializer?: unknown;
  readonly allowAbsoluteUrls?: boolean;
  readonly socketPath?: string | null;
  readonly method?: string;
  headers: AxiosHeaders;
  readonly auth?: { readonly username: string; readonly password: string } | undefined;
  readonly data?: unknown;
  readonly maxRedirects?: number;
  readonly maxContentLength?: number;
  readonly fetchOptions?: object | undefined;
  readonly env?: { readonly fetch?: unknown } | undefined;
  readonly responseType?: string;
  readonly signal?: AbortSignal;
  readonly cancelToken?: CancelToken;
  readonly validateStatus?: ((status: number) => boolean) | null;
  readonly beforeRedirect?: BeforeRedirect;
  /** Per-call options. */
  readonly headgate?: unknown;
  'axios-retry'?: { readonly retries?: number };
  /** Options of retry-axios, present from its first retry at the latest. */
  raxConfig?: { readonly retry?: number; readonly shouldRetry?: () => boolean };
}

export interface Response {
  readonly status: number;
  readonly headers: object;
  readonly data?: unknown;
  readonly request?: unknown;
  config: Config;
}

export interface AxiosError extends Error {
  readonly isAxiosError?: boolean;
  readonly code?: string;
  readonly response?: Response;
  readonly request?: unknown;
  config?: Config;
}

/** Options of the request that a redirect leads to, from `follow-redirects`. */
interface HopOptions {
  readonly href: string;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly auth?: string;
  readonly maxRedirects: number;
}

interface HopDetails {
  readonly statusCode?: number;
  readonly headers: Headers;
}

export type BeforeRedirect = (options: HopOptions, details: HopDetails, request: unknown) => void;

/** A form of the `form-data` package, which axios makes from an object: a stream, consumed by sending. */
interface FormStream {
  getBuffer(): Uint8Array;
  getHeaders(): Record<string, string>;
  getLengthSync(): number;
  /** False if a part is a stream of unknown length. */
  hasKnownLength(): boolean;
}

/** Builds a URL the way axios does. */
export type UriOf = (config: Partial<Config>) => string;

/** One request of a call: the user's own, or one that a redirect leads to. */
export class Leg implements RequestFacts {
  readonly config: Config;
  readonly method: string;
  readonly url: URL;
  readonly unreadable: true | undefined;
  readonly #kept: Uint8Array | undefined;
  #sent = false;
  /** Number of redirects since the adapter was last called. */
  #hops = 0;

  constructor(config: Config, uriOf: UriOf) {
    const { method } = config;
    const url = readable(config, uriOf);
    this.unreadable = url ? undefined : true;
    this.url = url ?? unreadable({ target: config.url }).url;
    this.method = typeof method === 'string' ? method.toUpperCase() : 'GET';
    this.config = config;
    this.#kept = keptForm(config.data);
  }

  /** Whether the request never leaves the process. */
  get isLocal(): boolean {
    return isLocal(this.url);
  }

  get headers(): Headers {
    const { headers, auth } = this.config;
    const record = headersOf(headers) ?? {};
    return auth || this.url.username ? { ...record, authorization: 'Basic' } : record;
  }

  body(): string | undefined {
    return bodyText({ body: this.config.data });
  }

  get replayable(): boolean {
    return this.#kept !== undefined || isReplayable(this.config.data);
  }

  /** The config for one attempt, which the adapter may modify. */
  prepared(
    own: Attempt['own'],
    added: Attempt['added'],
    breaker: Breaker,
    beforeRedirect: BeforeRedirect,
  ): Config {
    const { config } = this;
    // The gate's own headers apply to one attempt only. Other headers that adapters set may persist.
    const headers = added ? copyOf(config.headers, config.headers) : config.headers;
    for (const [name, value] of Object.entries(added ?? {})) headers.set(name, value);
    const kept = this.#sent ? this.#kept : undefined;
    if (kept) headers.set('Content-Type', (config.data as FormStream).getHeaders()['content-type'] as string);
    this.#sent = true;
    this.#hops = 0;
    const cancelToken = new AttemptToken(breaker, config.cancelToken);
    const prepared = {
      ...config,
      headers,
      beforeRedirect,
      cancelToken,
      ...(kept && { data: kept }),
      ...(mustStay(own, config) && { fetchOptions: { ...config.fetchOptions, redirect: 'manual' } }),
    };
    // No prototype, as in axios's own configs: axios copies any other config first.
    return Object.setPrototypeOf(prepared, null);
  }

  /** The sent headers without the gate's own. */
  shown(sent: AxiosHeaders, added: NonNullable<Attempt['added']>): AxiosHeaders {
    const users = this.headers;
    for (const name of Object.keys(added)) {
      const value = users[name];
      if (typeof value === 'string' && name !== 'authorization') sent.set(name, value);
      else sent.delete(name);
    }
    return sent;
  }

  /** Removes the gate's headers from a redirected request, unless it carries a stream to the same origin. */
  disown(options: HopOptions, added: Attempt['added']): void {
    const { href, headers } = options;
    if (this.#carriesStream(options) && URL.canParse(href) && new URL(href).origin === this.url.origin)
      return;
    for (const name of Object.keys(headers)) {
      if (headers[name] === added?.[name.toLowerCase()]) delete headers[name];
    }
  }

  /** Whether the redirect sends a body again that only the client still holds. */
  #carriesStream({ method }: HopOptions): boolean {
    return method.toUpperCase() === this.method && !this.replayable;
  }

  /**
   * The leg that a redirect leads to. `undefined` if a stream has to be sent along: it can only follow at once, as part
   * of this leg.
   */
  redirected(options: HopOptions, uriOf: UriOf): Leg | undefined {
    const { href, method, headers, auth, maxRedirects } = options;
    const { config } = this;
    if (this.#carriesStream(options)) return undefined;
    const same = method.toUpperCase() === this.method;
    const [username = '', ...password] = auth?.split(':') ?? [];
    const { baseURL: _base, params: _params, ...rest } = config;
    const hops = this.#hops + 1;
    const next = new Leg(
      {
        ...rest,
        url: href,
        method,
        headers: copyOf(config.headers, headers),
        data: same ? (this.#kept ?? config.data) : undefined,
        auth: auth === undefined ? undefined : { username, password: password.join(':') },
        // 0 would return the redirect instead of failing on one too many.
        maxRedirects: maxRedirects - hops || NO_MORE,
      },
      uriOf,
    );
    next.#hops = hops;
    return next;
  }
}

/** Redirect limit that the next redirect exceeds. */
const NO_MORE = 0.5;

/**
 * Whether the `fetch` adapter, which follows redirects itself, must follow none, as it could send the gate's own
 * headers to another host: the platform's fetch drops only `authorization`, and another fetch may drop nothing.
 */
function mustStay(own: Attempt['own'], { env }: Config): boolean {
  if (own === undefined) return false;
  const isForeign = typeof env?.fetch === 'function' && env.fetch !== globalThis.fetch;
  return isForeign || Object.keys(own).some((name) => name !== 'authorization');
}

/** A request's URL; `undefined` if the gate cannot read it, though an adapter may. */
function readable(config: Config, uriOf: UriOf): URL | undefined {
  const { url = '', baseURL, params, paramsSerializer, allowAbsoluteUrls = true, socketPath } = config;
  try {
    const uri =
      baseURL || params
        ? uriOf({ url, baseURL, params, paramsSerializer, allowAbsoluteUrls } as Config)
        : url;
    const parsed = new URL(uri, socketPath ? 'http://localhost' : undefined);
    return isHttp(parsed) || isLocal(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** How an attempt ended, read from its response or from the adapter's error. The attempt knows the headers. */
export function endingOf(response: Response | undefined, error?: AxiosError): Ending {
  if (!response) return { error: error && faultOf(error) };
  const { status, data } = response;
  if (status >= 400) return { status, body: textOf(data) };
  if (!error) return { status };
  const { validateStatus } = response.config;
  // axios gives a truncated body the same code as an unreadable one.
  const cutOff = error.code === UNREAD && (!validateStatus || validateStatus(status));
  return { status, error: cutOff ? cutOffBy(error) : error };
}

const UNREAD = 'ERR_BAD_RESPONSE';

/** The fault behind an error without a response. */
function faultOf(error: AxiosError): unknown {
  // All faults of the `fetch` adapter share one code; `cause` holds the actual fault.
  if (error.code === 'ERR_NETWORK') return error.cause ?? error;
  // axios 1.7 reports a truncated body as too long, even without a limit.
  const unlimited = (error.config?.maxContentLength ?? -1) < 0;
  return error.code === UNREAD && unlimited && /maxContentLength/.test(error.message)
    ? cutOffBy(error)
    : error;
}

function cutOffBy(cause: AxiosError): object {
  return { code: 'ERR_STREAM_PREMATURE_CLOSE', cause };
}

/** The bytes of a form, if it is small and contains no streams. */
function keptForm(data: unknown): Uint8Array | undefined {
  const form = data as FormStream | null | undefined;
  if (typeof form?.getBuffer !== 'function' || typeof form.hasKnownLength !== 'function') return undefined;
  try {
    return form.hasKnownLength() && form.getLengthSync() <= REPLAY_LIMIT ? form.getBuffer() : undefined;
  } catch {
    // A part is a stream of known length.
    return undefined;
  }
}

/** The data as text; streams are left unread for the user. */
function textOf(data: unknown): string | undefined {
  return bodyText({ body: data instanceof ArrayBuffer ? new Uint8Array(data) : data });
}

/** Headers with the given contents, of the same copy of axios. */
function copyOf(like: AxiosHeaders, contents: object): AxiosHeaders {
  const Headers = like.constructor as new (contents: object) => AxiosHeaders;
  return new Headers(contents);
}
