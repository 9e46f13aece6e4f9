import type { Headers, RequestFacts } from '../../words/types.ts';
import { bodyText } from '../shared/bodies.ts';
import type { Options } from './types.ts';

export function factsOf(options: Options, headers: Headers = options.headers): RequestFacts {
  return {
    method: options.method.toUpperCase(),
    url: options.url instanceof URL ? options.url : new URL(options.url as string),
    headers,
    body: () => bodyText(options),
  };
}

interface NativeOptions {
  headers?: Headers;
  cache?: unknown;
}

/** got calls a request function with (url, options), or, through its cache, with (options, callback). */
function nativeOptionsOf(args: readonly unknown[]): NativeOptions {
  const [first, second] = args as NativeOptions[];
  return first instanceof URL || typeof first === 'string' ? (second ?? {}) : (first ?? {});
}

export function headersOf(args: readonly unknown[]): Headers {
  return nativeOptionsOf(args).headers ?? {};
}

/** On a copy: got's own headers would carry them along a redirect. */
export function overlay(args: readonly unknown[], headers: Headers): void {
  const native = nativeOptionsOf(args);
  native.headers = { ...native.headers, ...headers };
}

/** Keeps the answer to a request out of the cache that asked for it, if one did. Call it before the cache sees the answer. */
export function doNotStore(args: readonly unknown[]): void {
  nativeOptionsOf(args).cache = false;
}
