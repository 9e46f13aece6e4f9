import type { Headers, RequestFacts } from '../../words/types.ts';
import { bodyText } from '../shared/bodies.ts';
import type { Options } from './types.ts';

/** Socket and path in `http://unix/run/api.sock:/path`, got's form for every URL of a Unix socket. */
const UNIX_SOCKET = /^([^:]+):(.+)$/;

export function factsOf(options: Options, headers: Headers = options.headers): RequestFacts {
  return {
    method: options.method.toUpperCase(),
    url: urlOf(options),
    headers,
    body: () => bodyText(options),
  };
}

/** A request's URL. Each Unix socket becomes its own host; otherwise all would share quotas and tokens. */
function urlOf({ url: given }: Options): URL {
  const url = given instanceof URL ? given : new URL(given as string);
  if (url.hostname !== 'unix') return url;
  const [, socket, path = ''] = UNIX_SOCKET.exec(`${url.pathname}${url.search}`) ?? [];
  if (socket === undefined) return url;
  const host = socket.replace(/[^a-z0-9.]/g, escaped);
  return new URL(`${url.protocol}//${host}.unix${path.startsWith('/') ? '' : '/'}${path}`);
}

/** Encodes a character that a host name cannot have, e.g. as `-2f`. */
function escaped(character: string): string {
  return `-${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

interface NativeOptions {
  headers?: Headers;
  cache?: unknown;
}

/** Finds the options: got passes (url, options), or through its cache (options, callback). */
function nativeOptionsOf(args: readonly unknown[]): NativeOptions {
  const [first, second] = args as NativeOptions[];
  return first instanceof URL || typeof first === 'string' ? (second ?? {}) : (first ?? {});
}

export function headersOf(args: readonly unknown[]): Headers {
  return nativeOptionsOf(args).headers ?? {};
}

/** Overrides headers on a copy: got would carry changes to its own headers along a redirect. */
export function overlay(args: readonly unknown[], headers: Headers): void {
  const native = nativeOptionsOf(args);
  native.headers = { ...native.headers, ...headers };
}

/** Keeps a response out of got's cache. Must be called before the cache sees the response. */
export function doNotStore(args: readonly unknown[]): void {
  nativeOptionsOf(args).cache = false;
}
