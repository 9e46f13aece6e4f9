/** What the gate and its profile know about a request, read from undici's options. */
import { isIP } from 'node:net';
import type { RequestFacts } from '../../words/types.ts';
import { isHttp, unreadable } from '../shared/unreadable.ts';
import { RequestBody } from './body.ts';
import { type Fields, fieldsOf } from './headers.ts';
import type { OriginFinder } from './origin.ts';

/** The used part of undici's DispatchOptions. */
export interface Options {
  readonly origin?: string | URL | null;
  readonly path: string;
  readonly query?: Record<string, unknown>;
  readonly method: string;
  readonly headers?: unknown;
  readonly body?: unknown;
  readonly servername?: string | null;
  /** Per-call options. */
  readonly headgate?: unknown;
}

/** A request, and its body. */
export interface Asked extends RequestFacts {
  readonly requestBody: RequestBody;
}

/** Never throws: a request that cannot be read is marked as unreadable. */
export function factsOf(options: Options, origin: OriginFinder): Asked {
  try {
    return new Facts(options, origin);
  } catch {
    return unreadableFacts(options);
  }
}

/** One header, by its name as the sender spells it; usually without reading all of them. */
export function headerOf(
  options: Options | null | undefined,
  asked: Asked,
  name: string,
): string | undefined {
  const given = options?.headers;
  if (given === undefined || given === null) return undefined;
  const plain = typeof given === 'object' && !(Symbol.iterator in given);
  const fields = plain ? (given as Fields) : (asked.headers as Fields);
  const found = fields[name] ?? fields[name.toLowerCase()];
  return Array.isArray(found) ? found[0] : found;
}

class Facts implements Asked {
  readonly method: string;
  readonly url: URL;
  readonly requestBody: RequestBody;
  readonly #options: Options;
  #headers: Fields | undefined;

  constructor(options: Options, origin: OriginFinder) {
    this.#options = options;
    this.method = options.method.toUpperCase();
    this.url = this.#url(options, options.origin || (isAbsolute(options.path) ? '' : origin()));
    this.requestBody = new RequestBody(options.body);
  }

  get headers(): Fields {
    this.#headers ??= fieldsOf(this.#options.headers);
    return this.#headers;
  }

  body(): string | undefined {
    return this.requestBody.text();
  }

  /** Throws if there is no readable URL. */
  #url({ path, query }: Options, given: string | URL | undefined): URL {
    // The client of a proxy passes the whole URL as its path.
    const origin = String(given ?? '').replace(/\/$/, '');
    const url = new URL(isAbsolute(path) ? path : `${origin}${path.startsWith('/') ? '' : '/'}${path}`);
    if (!isHttp(url)) throw new TypeError('unreadable');
    for (const name in query) url.searchParams.append(name, String(query[name]));
    if (isIP(url.hostname) || url.hostname.startsWith('[')) this.#name(url);
    return url;
  }

  /**
   * Replaces an IP address by the host name: undici's dns interceptor did the reverse, and kept the name in
   * `host`.
   */
  #name(url: URL): void {
    const { host } = this.headers;
    if (typeof host !== 'string' || !/^[\w.-]+(:\d+)?$/.test(host)) return;
    const named = new URL(`${url.protocol}//${host}`);
    // Over TLS, the certificate proves the name only if it is the requested one.
    if (isIP(named.hostname)) return;
    if (url.protocol === 'https:' && this.#options.servername !== named.hostname) return;
    url.hostname = named.hostname;
    if (named.port !== '') url.port = named.port;
  }
}

function isAbsolute(path: string): boolean {
  return path.startsWith('http://') || path.startsWith('https://');
}

/** Takes the host from the `host` header, if any: good enough to choose quotas, but not to send a token. */
function unreadableFacts(options: Options | null | undefined): Asked {
  const { method, path, body } = options ?? {};
  const requestBody = new RequestBody(body);
  const headers = headersOf(options?.headers);
  const facts = unreadable({ method, target: path, headers, body: () => requestBody.text() });
  const named = typeof headers.host === 'string' ? `http://${headers.host}${facts.url.pathname}` : '';
  const url = URL.canParse(named) ? new URL(named) : facts.url;
  return { ...facts, url, requestBody };
}

function headersOf(given: unknown): Fields {
  try {
    return fieldsOf(given);
  } catch {
    return {};
  }
}
