/** What the gate and its profile know of a request, from undici's options for it. */
import { isIP } from 'node:net';
import type { RequestFacts } from '../../words/types.ts';
import { unreadable } from '../shared/unreadable.ts';
import { RequestBody } from './body.ts';
import { type Fields, fieldsOf } from './headers.ts';
import type { OriginFinder } from './origin.ts';

/** undici's DispatchOptions, as far as they are used. */
export interface Options {
  readonly origin?: string | URL | null;
  readonly path: string;
  readonly query?: Record<string, unknown>;
  readonly method: string;
  readonly headers?: unknown;
  readonly body?: unknown;
  readonly servername?: string | null;
  /** What the call asks for itself. */
  readonly headgate?: unknown;
}

/** A request, and its body. */
export interface Asked extends RequestFacts {
  readonly requestBody: RequestBody;
}

/** Never throws: of what cannot be read, the facts say so. */
export function factsOf(options: Options, origin: OriginFinder): Asked {
  try {
    return new Facts(options, origin);
  } catch {
    return unreadableFacts(options);
  }
}

/** One header by the name that its sender writes, mostly without the work of reading all. */
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

  /** Throws where there is none to be read. */
  #url({ path, query }: Options, given: string | URL | undefined): URL {
    // A proxy's own client asks with the whole URL as its path.
    const origin = String(given ?? '').replace(/\/$/, '');
    const url = new URL(isAbsolute(path) ? path : `${origin}${path.startsWith('/') ? '' : '/'}${path}`);
    if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new TypeError('No URL of HTTP');
    for (const name in query) url.searchParams.append(name, String(query[name]));
    if (isIP(url.hostname) || url.hostname.startsWith('[')) this.#name(url);
    return url;
  }

  /** Puts the name for the address. undici's dns interceptor put it the other way, and the name into `host`. */
  #name(url: URL): void {
    const { host } = this.headers;
    if (typeof host !== 'string' || !/^[\w.-]+(:\d+)?$/.test(host)) return;
    const named = new URL(`${url.protocol}//${host}`);
    // Over TLS the certificate proves the name only where it is the one asked for.
    if (isIP(named.hostname)) return;
    if (url.protocol === 'https:' && this.#options.servername !== named.hostname) return;
    url.hostname = named.hostname;
    if (named.port !== '') url.port = named.port;
  }
}

function isAbsolute(path: string): boolean {
  return path.startsWith('http://') || path.startsWith('https://');
}

/** By its `host` header at the best, which names quotas, but no place that a token may go to. */
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
