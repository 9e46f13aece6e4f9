import type { Attempt, Ending } from '../../call/attempt.ts';
import type { Call } from '../../call/call.ts';
import { HeadgateError } from '../../words/errors.ts';
import { bodyText, isReplayable, limitErrorBody, override } from '../shared/bodies.ts';
import { receivedOf } from '../shared/received.ts';
import { Form } from './form.ts';
import { refusalOf } from './http2.ts';
import { doNotStore, factsOf, headersOf, overlay } from './request.ts';
import { stretch } from './stretch.ts';
import type {
  GotError,
  NativeRequest,
  NativeResponse,
  Options,
  RequestFunction,
  Response,
  RetryAsk,
} from './types.ts';

const SILENT = 'The connection was closed without a response';

/** got's own message for the same error in its promise API. */
const CONSUMED = 'Cannot retry with consumed body stream';

/** One call of got: the hooks and the retry rule on the options of all its attempts. */
export class GotCall {
  readonly call: Call;
  /** True once another stream replaces the call's first one, whose closing then does not end the call. */
  replaced = false;
  readonly #form: Form | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #abort = (): void => this.call.abort(this.#signal?.reason);
  /** Options with which the call began. */
  readonly #first: Options;
  /** Options of the current leg. */
  #options: Options;
  /** Options of the legs that take permits already: got may run the hook again on them. */
  readonly #legs: Options[] = [];
  /** The user's `timeout.request`, and the retry count at which it was read. */
  #timeout: number | undefined;
  #retryCount = -1;
  /** Tells whether the server certainly did not process the current attempt. */
  #refused: (() => boolean) | undefined;
  /** True if the user's cache holds the failed response and would return it again. */
  #bypass = false;
  /** The consumed body, which the user may still replace before the retry. */
  #gone: unknown;

  constructor(call: Call, options: Options) {
    this.call = call;
    this.#first = options;
    this.#form = Form.of(options);
    this.#options = options;
    this.#signal = options.signal;
    if (this.#signal?.aborted) this.#abort();
    else this.#signal?.addEventListener('abort', this.#abort, { once: true });
  }

  /** True for the call's first options while it is open: the gate's handler may be present twice. */
  began(options: Options): boolean {
    return options === this.#first && !this.call.ended;
  }

  /** Hook: makes this leg take a permit before it is sent. */
  readonly beforeRequest = (options: Options, { retryCount = 0 }: { retryCount?: number } = {}): void => {
    if (this.#legs.includes(options)) return;
    this.#legs.push(options);
    if (this.#gone !== undefined && options.body === this.#gone) throw new Error(CONSUMED);
    this.#gone = undefined;
    // A retry restarts got's request timeout; a redirect keeps it, including its extension.
    if (this.#retryCount !== retryCount) {
      if (this.#retryCount >= 0 && options.timeout) options.timeout.request = this.#timeout;
      this.#timeout = options.timeout?.request;
      this.#retryCount = retryCount;
    }
    this.#options = options;
    const { getRequestFunction } = options;
    override(options, 'getRequestFunction', () => this.#gated(options, getRequestFunction.call(options)));
    if (this.#bypass) override(options, 'cache', undefined);
  };

  /** Retry rule: decides, waits, and returns got's shortest delay for a retry, or 0 for none. */
  readonly calculateDelay = async ({ error, computedValue }: RetryAsk): Promise<number> => {
    // The user's `retryWithMergedOptions` throws this: it is not a failure.
    if (error.name === 'RetryError') return 1;
    const { options, response } = error;
    if (response?.isFromCache || (response && !isRetriedStatus(options, response.statusCode)))
      this.#bypass = true;
    // A cached failure is out of date. If got would retry, send the request through the gate.
    if (response?.isFromCache) return computedValue > 0 ? 1 : 0;
    return (await this.#resends(options, this.#endingOf(error))) ? 1 : 0;
  };

  /** Hook: reads a good response that may hold a refusal, after which the request is sent again. */
  readonly afterResponse = async (
    response: Response,
    again: (changes: object) => Promise<never>,
  ): Promise<Response> => {
    const { statusCode: status, headers, rawBody, isFromCache } = response;
    if (status >= 400 || isFromCache) return response;
    const options = response.request?.options ?? this.#options;
    const { afterResponse } = options.hooks;
    const ending = { status, headers, body: rawBody && bodyText({ body: rawBody }) };
    if (await this.#resends(options, ending)) {
      // got would run no hook, or those before this one, on the next response.
      return again({}).finally(() => {
        options.hooks.afterResponse = afterResponse;
      });
    }
    const refused = this.call.attempt?.classification?.verdict !== 'success';
    const doom = refused ? this.call.deliver() : undefined;
    if (doom) throw doom;
    return response;
  };

  /** Settles an attempt, and waits until the next is due. */
  async #resends(options: Options | undefined, ending: Ending): Promise<boolean> {
    const lost = this.#form === undefined && !isReplayable(options?.body);
    const replaceable = lost && (options?.isStream || (options?.hooks.beforeRetry.length ?? 0) > 0);
    const decision = this.call.settle(ending, {
      replayable: !lost || (replaceable && this.#gone === undefined),
      allowed: options?.retry.limit !== 0,
    });
    if (!decision.resend) return false;
    await this.call.backOff(decision);
    if (options) this.#form?.refill(options);
    if (lost) this.#gone = options?.body;
    this.replaced = true;
    return true;
  }

  /** Hook: attaches the report to the error, or replaces it by a Headgate error. */
  readonly beforeError = (error: GotError): unknown => this.fail(error);

  /** The call succeeded. */
  deliver(): void {
    this.#leave();
    this.call.deliver();
  }

  /** The call failed for good. Returns the error to throw. */
  fail(error: unknown): unknown {
    this.#leave();
    const ending = this.#endingOf((error ?? {}) as GotError);
    // The user did not replace the body, so got did not retry.
    if (this.#gone !== undefined) this.call.settle(ending, { replayable: false, allowed: true });
    this.#gone = undefined;
    return this.call.fail(error, ending);
  }

  /** How an attempt ended, by got's error. An error status outweighs a fault in reading its body. */
  #endingOf(error: GotError): Ending {
    const { response } = error;
    if (!response && this.#refused?.()) return { error: { code: 'ERR_HTTP2_GOAWAY_SESSION', cause: error } };
    if (!response || response.statusCode < 400) return { error };
    if (response.isFromCache) return {};
    const { statusCode: status, headers, rawBody } = response;
    return { status, headers, body: rawBody && bodyText({ body: rawBody }) };
  }

  /** Releases the user's signal and restores the user's timeout. */
  #leave(): void {
    this.#signal?.removeEventListener('abort', this.#abort);
    const { timeout } = this.#options;
    if (this.#retryCount < 0 || !timeout || timeout.request === this.#timeout) return;
    timeout.request = this.#timeout;
  }

  /** The function that got calls to send; takes a permit first. */
  #gated(options: Options, native: RequestFunction | undefined): RequestFunction {
    return (...args) => {
      const send = (attempt: Attempt): NativeRequest | Promise<NativeRequest> => {
        const track = (made: NativeRequest): NativeRequest => this.#track(options, attempt, made, args);
        this.call.depart(attempt);
        try {
          const request = attempt.send((added) => {
            if (added) overlay(args, added);
            return native?.(...args) ?? options.getFallbackRequestFunction?.()(...args);
          });
          if (!(request instanceof Promise)) return track(request as NativeRequest);
          return request.then(track, (error: unknown) => {
            attempt.close();
            throw error;
          });
        } catch (error) {
          attempt.unsent();
          throw error;
        }
      };
      const attempt = this.call.admit(factsOf(options, headersOf(args)));
      if (!(attempt instanceof Promise)) return send(attempt);
      stretch(options, attempt);
      return attempt.then(send);
    };
  }

  /** Follows one native request to its end. */
  #track(
    options: Options,
    attempt: Attempt,
    request: NativeRequest,
    args: readonly unknown[],
  ): NativeRequest {
    const { call } = this;
    let last: NativeResponse | undefined;
    const answer = (response: NativeResponse): void => {
      last = response;
      attempt.answer(response.statusCode, response.headers, response.httpVersion);
      if (isRetriedStatus(options, response.statusCode)) doNotStore(args);
      if (response.statusCode >= 400 && options.throwHttpErrors) {
        // In a response to HEAD, `content-length` is the length of the body that GET would return.
        if (options.method !== 'HEAD') limitErrorBody(response, request, options.decompress);
      } else {
        call.read({ received: receivedOf(response), buffered: !options.isStream });
      }
    };
    this.#refused = options.http2 || options.h2session ? refusalOf(request as object) : undefined;
    if (request.statusCode !== undefined) answer(request as NativeResponse);
    else (request.prependListener ?? request.on)?.call(request, 'response', answer);
    let failed = false;
    let closed = false;
    let switched: { destroy?(): unknown } | undefined;
    const fail = (error: Error): unknown => request.emit?.('error', error);
    request.on?.('error', () => {
      failed = true;
    });
    // got's stream passes the socket to its listeners; with a promise, nobody can take it.
    request.on?.('upgrade', (_response, socket) => {
      switched = socket;
    });
    request.on?.('close', () => {
      closed = true;
      const silent = last === undefined && !failed && attempt.open && !call.sealed;
      attempt.close();
      if (silent && !(switched && options.isStream)) {
        switched?.destroy?.();
        // got would wait for ever.
        fail(Object.assign(new Error(SILENT), { code: 'ERR_STREAM_PREMATURE_CLOSE' }));
      }
      // The handler never sees a replacement stream: only its response shows its end.
      const done = last?.complete && (last.statusCode < 300 || !options.throwHttpErrors);
      if (this.replaced && options.isStream && done) this.deliver();
    });
    // If the user aborts the call, got aborts the request itself.
    call.onInterrupt((error) => {
      if (!(error instanceof HeadgateError)) return;
      if (closed) fail(error);
      else request.destroy?.(error);
    });
    return request;
  }
}

/** True for a status that got retries. Such a response is momentary, whatever its `Cache-Control` says. */
function isRetriedStatus(options: Options | undefined, status: number): boolean {
  return options?.retry.statusCodes.includes(status) ?? false;
}
