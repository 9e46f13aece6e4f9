import type { Attempt, Ending } from '../../call/attempt.ts';
import type { Headers, RequestFacts } from '../../words/types.ts';
import { bodyText, isReplayable } from '../shared/bodies.ts';
import { REPLAY_LIMIT } from '../shared/fetch-body.ts';
import type { Breaker } from '../shared/interruptible.ts';
import { headersOf } from '../shared/response-reading.ts';
import { AttemptToken, type CancelToken } from './token.ts';

/** axios's own headers: a class of each copy of axios. */
export interface AxiosHeaders {
  set(name: string, value: string): unknown;
  delete(name: string): unknown;
}

/** axios's config as its adapters get it, as far as it is used. */
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
  readonly fetchOptions?: object | undefined;
  readonly responseType?: string;
  readonly signal?: AbortSignal;
  readonly cancelToken?: CancelToken;
  readonly validateStatus?: ((status: number) => boolean) | null;
  readonly beforeRedirect?: BeforeRedirect;
  /** What the call asks for itself. */
  readonly headgate?: unknown;
  'axios-retry'?: { readonly retries?: number };
}

export interface Response {
  readonly status: number;
  readonly headers: object;
  readonly data?: unknown;
  config: Config;
}

export interface AxiosError extends Error {
  readonly isAxiosError?: boolean;
  readonly code?: string;
  readonly response?: Response;
  config?: Config;
}

/** The options of the request that a redirect makes: those of `follow-redirects`. */
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

/** A form of the `form-data` package, which axios makes of an object: a stream, gone once sent. */
interface FormStream {
  getBuffer(): Uint8Array;
  getHeaders(): Record<string, string>;
  getLengthSync(): number;
  /** False when a part of it is a stream itself. */
  hasKnownLength(): boolean;
}

/** How axios puts a URL together. */
export type UriOf = (config: Partial<Config>) => string;

/** One request of a call: the user's own, or the one that a redirect made of it. */
export class Leg implements RequestFacts {
  readonly config: Config;
  readonly method: string;
  readonly url: URL;
  readonly #kept: Uint8Array | undefined;
  #sent = false;

  /** Throws where axios itself would: the error is axios's to make. */
  constructor(config: Config, uriOf: UriOf) {
    const { url = '', baseURL, params, paramsSerializer, allowAbsoluteUrls = true, socketPath } = config;
    const uri =
      baseURL || params
        ? uriOf({ url, baseURL, params, paramsSerializer, allowAbsoluteUrls } as Config)
        : url;
    this.url = new URL(uri, socketPath ? 'http://localhost' : undefined);
    if (!/^https?:$/.test(this.url.protocol)) throw new TypeError('Not HTTP');
    this.method = (config.method ?? 'get').toUpperCase();
    this.config = config;
    this.#kept = keptForm(config.data);
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

  /** The config for one attempt, which may be written into. */
  prepared({ own }: Attempt, breaker: Breaker, beforeRedirect: BeforeRedirect): Config {
    const { config } = this;
    // The gate's own headers are for one attempt alone. What else adapters write into headers, they may meet again.
    const headers = own ? copyOf(config.headers, config.headers) : config.headers;
    for (const [name, value] of Object.entries(own ?? {})) headers.set(name, value);
    const kept = this.#sent ? this.#kept : undefined;
    if (kept) headers.set('Content-Type', (config.data as FormStream).getHeaders()['content-type'] as string);
    this.#sent = true;
    const cancelToken = new AttemptToken(breaker, config.cancelToken);
    const prepared = {
      ...config,
      headers,
      beforeRedirect,
      cancelToken,
      ...(kept && { data: kept }),
      ...(isSigned(own) && { fetchOptions: { ...config.fetchOptions, redirect: 'manual' } }),
    };
    // Without a prototype, as axios makes its own: of any other it makes a copy first.
    return Object.setPrototypeOf(prepared, null);
  }

  /** The headers that were sent, without the gate's own. */
  shown(sent: AxiosHeaders, own: NonNullable<Attempt['own']>): AxiosHeaders {
    const users = this.headers;
    for (const name of Object.keys(own)) {
      const value = users[name];
      if (typeof value === 'string' && name !== 'authorization') sent.set(name, value);
      else sent.delete(name);
    }
    return sent;
  }

  /**
   * The leg that a redirect leads to. `undefined` where a stream has to go along: it can only follow right behind,
   * as a part of this leg. Takes the gate's `own` headers for this leg out of the options.
   */
  redirected(options: HopOptions, own: Attempt['own'], uriOf: UriOf): Leg | undefined {
    const { href, method, headers, auth, maxRedirects } = options;
    const { config } = this;
    const same = method.toUpperCase() === this.method;
    if (same && !this.replayable) return undefined;
    for (const name of Object.keys(headers))
      if (own?.[name.toLowerCase()] !== undefined) delete headers[name];
    const [username = '', ...password] = auth?.split(':') ?? [];
    const { baseURL: _base, params: _params, ...rest } = config;
    return new Leg(
      {
        ...rest,
        url: href,
        method,
        headers: copyOf(config.headers, headers),
        data: same ? (this.#kept ?? config.data) : undefined,
        auth: auth === undefined ? undefined : { username, password: password.join(':') },
        // 0 would mean that none is followed, not that one more is too many.
        maxRedirects: Math.max(1, maxRedirects - 1),
      },
      uriOf,
    );
  }
}

/**
 * The headers hold more than a token. The `fetch` adapter follows redirects by itself, and takes all headers but
 * `authorization` along to another host: with a signature it must follow none.
 */
function isSigned(own: Attempt['own']): boolean {
  return own !== undefined && Object.keys(own).some((name) => name !== 'authorization');
}

/** How an attempt ended, by its response or by what the adapter threw. */
export function endingOf(response: Response | undefined, error?: AxiosError): Ending {
  // Of the `fetch` adapter's faults all have one code: what they were stands behind it.
  if (!response) return { error: error?.code === 'ERR_NETWORK' ? (error.cause ?? error) : error };
  const { status, data } = response;
  const headers = headersOf(response.headers);
  if (status >= 400) return { status, headers, body: textOf(data) };
  if (!error) return { status, headers };
  const { validateStatus } = response.config;
  const cutOff = !validateStatus || validateStatus(status);
  // axios gives a body that was cut off the code of one that it cannot read.
  return { status, headers, error: cutOff ? { code: 'ERR_STREAM_PREMATURE_CLOSE', cause: error } : error };
}

/** What a form would send, when it is small and all at hand. */
function keptForm(data: unknown): Uint8Array | undefined {
  const form = data as FormStream | null | undefined;
  if (typeof form?.getBuffer !== 'function' || typeof form.hasKnownLength !== 'function') return undefined;
  return form.hasKnownLength() && form.getLengthSync() <= REPLAY_LIMIT ? form.getBuffer() : undefined;
}

/** Streams are left to the user, unread. */
function textOf(data: unknown): string | undefined {
  return bodyText({ body: data instanceof ArrayBuffer ? new Uint8Array(data) : data });
}

/** Headers of the same copy of axios, with other contents. */
function copyOf(like: AxiosHeaders, contents: object): AxiosHeaders {
  const Headers = like.constructor as new (contents: object) => AxiosHeaders;
  return new Headers(contents);
}
