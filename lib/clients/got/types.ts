/** The used part of got, typed structurally, so that it is independent of got's major version. */
import type { Headers } from '../../words/types.ts';
import type { BodySource } from '../shared/bodies.ts';
import type { StretchableTimeout } from './stretch.ts';

/** The minimum that a got instance has. */
export interface GotLike {
  extend(...options: never[]): unknown;
}

/** The part of a got instance that is used. */
export interface GotInstance extends GotLike {
  readonly defaults: {
    readonly options: unknown;
    readonly handlers: readonly unknown[];
    readonly mutableDefaults: boolean;
  };
}

/** A hook of any kind. */
export type Hook = (...args: never[]) => unknown;

// biome-ignore lint/suspicious/noExplicitAny: nothing else fits the handlers and hooks of every major
type Any = any;

/** Options that `gate.gotOptions()` returns for `got.extend()` of any major version. */
export interface GotExtension {
  readonly handlers: ((options: Any, next: Any) => Any)[];
  readonly hooks: {
    readonly beforeRequest: ((options: Any, context: Any) => void)[];
    readonly beforeError: ((error: Any) => Any)[];
  };
}

/** A native request, or its substitute returned by a user's `request` function. */
export interface NativeRequest {
  readonly statusCode?: number;
  readonly headers?: Headers;
  on?(event: string, listener: (response: NativeResponse, socket?: { destroy?(): unknown }) => void): unknown;
  prependListener?(event: string, listener: (response: NativeResponse) => void): unknown;
  emit?(event: 'error', error: Error): unknown;
  destroy?(error?: Error): unknown;
  shouldKeepAlive?: boolean;
}

export interface NativeResponse {
  readonly httpVersion?: string;
  readonly statusCode: number;
  readonly headers: Headers;
  complete?: boolean;
  push(chunk: unknown, encoding?: BufferEncoding): boolean;
}

export type RequestFunction = (...args: unknown[]) => NativeRequest | Promise<NativeRequest> | undefined;

/** The part of got's `Options` that is used. */
export interface Options extends BodySource, StretchableTimeout {
  readonly context: Readonly<Record<string, unknown>>;
  readonly hooks: {
    readonly beforeRequest: Hook[];
    readonly beforeRetry: readonly Hook[];
    readonly beforeError: Hook[];
    afterResponse: Hook[];
  };
  readonly url?: URL | string;
  readonly method: string;
  readonly headers: Headers;
  readonly isStream?: boolean;
  readonly throwHttpErrors: boolean;
  readonly decompress: boolean;
  readonly signal?: AbortSignal;
  readonly retry: {
    readonly limit: number;
    readonly statusCodes: readonly number[];
    calculateDelay: (ask: RetryAsk) => Promise<number>;
    enforceRetryRules?: boolean;
  };
  readonly cache?: unknown;
  readonly http2?: boolean;
  readonly h2session?: unknown;
  getRequestFunction(): RequestFunction | undefined;
  /** got 14 calls it if a user's function returned nothing. */
  getFallbackRequestFunction?(): RequestFunction;
}

export interface RetryAsk {
  readonly error: GotError;
  /** Delay by got's own rules, in ms; 0 for no retry. */
  readonly computedValue: number;
}

export interface GotError extends Error {
  readonly options?: Options;
  readonly response?: Response;
}

/** The part of got's response that is used. */
export interface Response {
  readonly statusCode: number;
  readonly headers: Headers;
  readonly rawBody?: Uint8Array;
  readonly isFromCache?: boolean;
  readonly request?: { readonly options: Options };
}

export type Result = Promise<unknown> & {
  json(): Promise<unknown>;
  text(): Promise<unknown>;
  buffer(): Promise<unknown>;
  cancel?(reason?: string): void;
  readonly isCanceled?: boolean;
  on(event: string, listener: unknown): unknown;
  off(event: string, listener: unknown): unknown;
};
export type Stream = { once(event: string, listener: () => void): unknown };
