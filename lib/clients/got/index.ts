/**
 * got, 14 and later, promises and streams alike.
 *
 * One seam carries it: each leg's `Options` gets a `getRequestFunction` of its own, which takes a permit before it
 * calls the function that got would have called. So every attempt is gated, redirects, retries, pages, streams
 * and HTTP/2 included; what needs no attempt, a cache hit or a hook's own response, takes no permit.
 */
import type { Attempt, Ending } from '../../call/attempt.ts';
import type { Call, OpenCall } from '../../call/call.ts';
import { HeadgateError } from '../../words/errors.ts';
import type { Headers, RequestFacts } from '../../words/types.ts';
import { bodyText, isReplayable, limitErrorBody } from '../shared/bodies.ts';
import { receivedOf } from '../shared/received.ts';
import { Form } from './form.ts';
import { stretch } from './stretch.ts';
import type {
  GotError,
  GotExtension,
  NativeRequest,
  NativeResponse,
  Options,
  RequestFunction,
  Result,
  RetryAsk,
  Stream,
} from './types.ts';

/** One call of got, in its options' context. */
interface Passage {
  readonly call: Call;
  /** The Options that the call began with: a second handler of the same gate meets the same ones. */
  readonly options: Options;
  /** The user's `timeout.request`, and the retry for which it was read. */
  timeout: number | undefined;
  retryCount: number;
  readonly form: Form | undefined;
  /** A stream of this call is being replaced by another: the closing of the first ends nothing. */
  replaced: boolean;
}

export function gotExtension(open: OpenCall): GotExtension {
  const key = Symbol('headgate');
  const passageOf = (options: Options | undefined): Passage | undefined =>
    options?.context?.[key] as Passage | undefined;

  function handle(options: Options, next: (options: Options) => unknown): unknown {
    // got calls handlers without options when the input was too wrong to make any.
    if (!options?.url) return next(options);
    const outer = passageOf(options);
    if (outer?.options === options && !outer.call.ended) return next(options);
    const { context, retry, signal } = options;
    let call: Call;
    try {
      call = open(context.headgate, factsOf(options));
    } catch (error) {
      if (options.isStream) throw error;
      return Promise.reject(error);
    }
    const form = Form.of(options);
    const passage: Passage = { call, options, timeout: undefined, retryCount: -1, form, replaced: false };
    // It is the options' own: got copies it for each request.
    context[key] = passage;
    retry.calculateDelay = calculateDelay;
    if ('enforceRetryRules' in retry) retry.enforceRetryRules = false;
    const abort = (): void => call.abort(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    const leave = (): void => signal?.removeEventListener('abort', abort);
    const result = next(options);
    return options.isStream
      ? watchStream(result as Stream, passage, leave)
      : watchPromise(result as Result, call, leave);
  }

  function beforeRequest(options: Options, { retryCount = 0 }: { retryCount?: number } = {}): void {
    const passage = passageOf(options);
    if (!passage || Object.hasOwn(options, 'getRequestFunction')) return;
    // A retry starts got's request timeout anew; a redirect goes on with it, and with what it was stretched by.
    if (passage.retryCount !== retryCount) {
      if (passage.retryCount >= 0 && options.timeout) options.timeout.request = passage.timeout;
      passage.timeout = options.timeout?.request;
      passage.retryCount = retryCount;
    }
    const getRequestFunction = options.getRequestFunction;
    options.getRequestFunction = () => gated(passage, options, getRequestFunction.call(options));
  }

  async function calculateDelay({ error }: RetryAsk): Promise<number> {
    // Thrown by the user's own `retryWithMergedOptions`: not a failure to judge.
    if (error.name === 'RetryError') return 1;
    const passage = passageOf(error.options);
    if (!passage) return 0;
    const replayable = passage.form !== undefined || isReplayable(error.options?.body);
    const decision = passage.call.settle(endingOf(error), {
      replayable,
      allowed: error.options?.retry.limit !== 0,
    });
    if (!decision.resend) return 0;
    await passage.call.backOff(decision);
    if (error.options) passage.form?.refill(error.options);
    passage.replaced = true;
    // The least delay that got takes for a retry: all waiting is done, or is the gate's.
    return 1;
  }

  function beforeError(error: GotError): unknown {
    return passageOf(error.options)?.call.fail(error, endingOf(error)) ?? error;
  }

  const extension = {
    handlers: [handle],
    hooks: { beforeRequest: [beforeRequest], beforeError: [beforeError] },
  };
  return extension as unknown as GotExtension;
}

/** The function that got calls to send, with a permit taken before it. */
function gated(passage: Passage, options: Options, native: RequestFunction | undefined): RequestFunction {
  const { call } = passage;
  return (...args) => {
    const send = (attempt: Attempt): NativeRequest | Promise<NativeRequest> => {
      if (attempt.token !== undefined) authorize(args, attempt.token);
      try {
        const request = native?.(...args) ?? options.getFallbackRequestFunction?.()(...args);
        if (!(request instanceof Promise)) return track(passage, options, attempt, request as NativeRequest);
        return request.then(
          (made) => track(passage, options, attempt, made),
          (error: unknown) => {
            attempt.close();
            throw error;
          },
        );
      } catch (error) {
        attempt.unsent();
        throw error;
      }
    };
    const attempt = call.admit(factsOf(options, headersOf(args)));
    if (!(attempt instanceof Promise)) return send(attempt);
    stretch(options, attempt);
    return attempt.then(send);
  };
}

/** Follows one native request to its end. */
function track(passage: Passage, options: Options, attempt: Attempt, request: NativeRequest): NativeRequest {
  const { call } = passage;
  let last: NativeResponse | undefined;
  const answer = (response: NativeResponse): void => {
    last = response;
    attempt.answer(response.statusCode, response.headers);
    if (response.statusCode >= 400 && options.throwHttpErrors) {
      limitErrorBody(response, request, options.decompress);
    } else {
      call.read({ received: receivedOf(response), buffered: !options.isStream });
    }
  };
  if (request.statusCode !== undefined) answer(request as NativeResponse);
  else request.on?.('response', answer);
  request.on?.('close', () => {
    attempt.close();
    // The handler never sees the stream that replaced another: its end is told by its response alone.
    const done = last?.complete && (last.statusCode < 300 || !options.throwHttpErrors);
    if (passage.replaced && options.isStream && done) call.deliver();
  });
  // Where its user gives it up, got breaks it off by itself.
  call.onInterrupt((error) => {
    if (error instanceof HeadgateError) request.destroy?.(error);
  });
  return request;
}

function watchPromise(result: Result, call: Call, leave: () => void): Result {
  const watched = result.then(
    (value) => {
      leave();
      call.deliver();
      return value;
    },
    (error: unknown) => {
      leave();
      throw call.fail(error);
    },
  ) as Result;
  // got 14 alone can cancel. Its methods work only on its own promise, and give that.
  const { cancel } = result;
  if (typeof cancel === 'function') {
    const cancelCall = (reason?: string): void => {
      call.abort(new Error(reason ?? 'Promise was canceled'));
      cancel.call(result, reason);
    };
    Object.defineProperties(watched, {
      cancel: { get: () => cancelCall, set: () => undefined },
      isCanceled: { get: () => result.isCanceled },
    });
    for (const name of ['on', 'off'] as const) {
      watched[name] = function (this: unknown, event, listener) {
        result[name](event, listener);
        return this;
      };
    }
  }
  return watched;
}

/** No `error` listener here: it would make an error that nobody listens to go unnoticed. */
function watchStream(stream: Stream, passage: Passage, leave: () => void): Stream {
  const { call } = passage;
  stream.once('end', () => call.deliver());
  stream.once('close', () => {
    if (passage.replaced) return;
    leave();
    if (call.ended) return;
    const error = new Error('The stream was closed before its end');
    call.abort(error);
    call.fail(error);
  });
  return stream;
}

function factsOf(options: Options, headers: Headers = options.headers): RequestFacts {
  return {
    method: options.method.toUpperCase(),
    url: options.url instanceof URL ? options.url : new URL(options.url as string),
    headers,
    body: () => bodyText(options),
  };
}

/** How an attempt ended, by got's error. Where an error status came, a fault in reading its body says no more. */
function endingOf(error: GotError): Ending {
  const { response } = error;
  if (!response || response.statusCode < 400) return { error };
  const { statusCode: status, headers, rawBody } = response;
  return { status, headers, body: rawBody && bodyText({ body: rawBody }) };
}

/** got calls a request function with (url, options), or, through its cache, with (options, callback). */
function nativeOptionsOf(args: readonly unknown[]): { headers?: Headers } {
  const [first, second] = args as { headers?: Headers }[];
  return first instanceof URL || typeof first === 'string' ? (second ?? {}) : (first ?? {});
}

function headersOf(args: readonly unknown[]): Headers {
  return nativeOptionsOf(args).headers ?? {};
}

/** On a copy: got's own headers would carry the token along a redirect. */
function authorize(args: readonly unknown[], token: string): void {
  const native = nativeOptionsOf(args);
  native.headers = { ...native.headers, authorization: `Bearer ${token}` };
}
