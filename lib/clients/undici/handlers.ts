/**
 * undici's dispatch, as its interceptors see it. The types are structural, since a process may hold several
 * majors of undici, one of them inside Node.js. Handlers of undici 7 and later have `onRequestStart`,
 * `onResponseStart` and so on, which take a controller. Earlier ones, and those of the fetch in Node.js 24,
 * have `onConnect`, `onHeaders` and so on.
 */
import { type Fields, fieldsOf } from './headers.ts';

/** What a handler may do to its request. */
export interface Controller {
  readonly paused: boolean;
  readonly aborted: boolean;
  readonly reason: unknown;
  readonly rawHeaders?: unknown;
  readonly rawTrailers?: unknown;
  pause(): void;
  resume(): void;
  abort(reason?: unknown): void;
}

/** Receives the events of one request; undici 7 and later. */
export interface Handler {
  onRequestStart?(controller: Controller, context: unknown): void;
  onRequestUpgrade?(controller: Controller, status: number, headers: Fields, socket: Socket): void;
  onResponseStarted?(): void;
  onResponseStart?(controller: Controller, status: number, headers: Fields, message?: string): void;
  onResponseData?(controller: Controller, chunk: Uint8Array): void;
  onResponseEnd?(controller: Controller, trailers: Fields): void;
  onResponseError?(controller: Controller | undefined, error: unknown): void;
  onBodySent?(chunk: unknown): unknown;
  onRequestSent?(): unknown;
}

/** The part of an upgraded connection that is used. */
export interface Socket {
  readonly closed?: boolean;
  once(event: 'close', listener: () => void): unknown;
}

/** The same in undici 6 and earlier. Raw headers alternate names and values. */
export interface LegacyHandler {
  onConnect?(abort: (reason?: unknown) => void, context?: unknown): void;
  onUpgrade?(status: number, headers: unknown, socket: Socket): void;
  onResponseStarted?(): void;
  onHeaders?(status: number, headers: unknown, resume: () => void, message?: string): boolean;
  onData?(chunk: Uint8Array): boolean;
  onComplete?(trailers: unknown): void;
  onError?(error: unknown): void;
  onBodySent?(chunk: unknown): unknown;
  onRequestSent?(): unknown;
}

/** Whether any major of undici accepts it as a handler. */
export function isHandler(given: unknown): given is Handler | LegacyHandler {
  if (typeof given !== 'object' || given === null) return false;
  return typeof (given as Handler).onRequestStart === 'function' || 'onConnect' in given;
}

export function isLegacy(handler: Handler | LegacyHandler): handler is LegacyHandler {
  return typeof (handler as Handler).onRequestStart !== 'function';
}

/**
 * Translates our handlers into the methods of the given one: legacy, modern or both. Handlers of undici 7
 * have both, and its mocks call the legacy ones.
 */
export function wordsOf(given: Handler | LegacyHandler): (handler: Handler) => Handler | LegacyHandler {
  if (isLegacy(given)) return (handler) => ({ ...legacy(handler), ...common(handler) });
  return 'onConnect' in given ? (handler) => Object.assign(handler, legacy(handler)) : (handler) => handler;
}

/** The methods with the same name in every major. */
function common(handler: Handler | LegacyHandler): Handler & LegacyHandler {
  return {
    onResponseStarted: () => handler.onResponseStarted?.(),
    onBodySent: (chunk) => handler.onBodySent?.(chunk),
    onRequestSent: () => handler.onRequestSent?.(),
  };
}

/** A legacy handler as a modern one. */
export function modern(handler: LegacyHandler): Handler {
  return {
    onRequestStart: (controller, context) =>
      handler.onConnect?.((reason) => controller.abort(reason), context),
    onRequestUpgrade: ({ rawHeaders }, status, _headers, socket) =>
      handler.onUpgrade?.(status, rawHeaders, socket),
    ...common(handler),
    onResponseStart(controller, status, _headers, message) {
      const resume = (): void => controller.resume();
      if (handler.onHeaders?.(status, controller.rawHeaders, resume, message) === false) controller.pause();
    },
    onResponseData(controller, chunk) {
      if (handler.onData?.(chunk) === false) controller.pause();
    },
    onResponseEnd: ({ rawTrailers }) => handler.onComplete?.(rawTrailers),
    onResponseError: (_controller, error) => handler.onError?.(error),
  };
}

/** The methods of a modern handler under their legacy names. */
function legacy(handler: Handler): LegacyHandler {
  let resumeNative: (() => void) | undefined;
  let abortNative: ((reason?: unknown) => void) | undefined;
  const controller = {
    paused: false,
    aborted: false,
    reason: undefined as unknown,
    rawHeaders: undefined as unknown,
    rawTrailers: undefined as unknown,
    pause(): void {
      controller.paused = true;
    },
    resume(): void {
      if (!controller.paused) return;
      controller.paused = false;
      resumeNative?.();
    },
    abort(reason?: unknown): void {
      if (controller.aborted) return;
      controller.aborted = true;
      controller.reason = reason;
      abortNative?.(reason);
    },
  };
  return {
    onConnect(abort, context) {
      abortNative = abort;
      handler.onRequestStart?.(controller, context);
    },
    onUpgrade(status, headers, socket) {
      controller.rawHeaders = headers;
      handler.onRequestUpgrade?.(controller, status, fieldsOf(headers), socket);
    },
    onHeaders(status, headers, resume, message) {
      resumeNative = resume;
      controller.rawHeaders = headers;
      handler.onResponseStart?.(controller, status, fieldsOf(headers), message);
      return !controller.paused;
    },
    onData(chunk) {
      handler.onResponseData?.(controller, chunk);
      return !controller.paused;
    },
    onComplete(trailers) {
      controller.rawTrailers = trailers;
      handler.onResponseEnd?.(controller, fieldsOf(trailers));
    },
    onError: (error) => handler.onResponseError?.(controller, error),
  };
}
