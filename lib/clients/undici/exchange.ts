import type { Attempt, Ending } from '../../call/attempt.ts';
import type { Call } from '../../call/call.ts';
import { rememberResponse } from '../../words/report-of.ts';
import { BODY_LIMIT } from '../../words/types.ts';
import { bodyText } from '../shared/bodies.ts';
import { readRefusal } from '../shared/response-reading.ts';
import { isRead } from '../shared/success-body.ts';
import { SpentBody } from './body.ts';
import type { Controller, Handler, Socket } from './handlers.ts';
import type { Fields } from './headers.ts';
import { HeldResponse } from './held-response.ts';

/** Maximum time for which the body of an error is held back, in ms: it may arrive a byte a day. */
const HOLD_MS = 2_000;

/** The user's request, of which an exchange is one attempt. */
export interface Request extends Controller {
  readonly call: Call;
  /** The user's handler. */
  readonly handler: Handler;
  /** True once the request has ended: its handler hears nothing more. */
  readonly over: boolean;
  rawHeaders?: unknown;
  rawTrailers?: unknown;
  /** Takes the context that interceptors below pass with the request. */
  learn(context: unknown): void;
  /** Settles the attempt. Returns true if another attempt follows. */
  settle(ending: Ending): boolean;
  /** Calls the handler; an error that it throws fails the request. */
  tell(say: () => void): void;
  end(trailers: Fields): void;
  upgrade(socket: Socket): void;
  fail(error: unknown, ending?: Ending): void;
}

/**
 * One attempt on the wire, as undici reports it. A response that may be a refusal is held back until it is
 * read. Then it is passed on, or dropped because the request is sent again.
 */
export class Exchange implements Handler {
  readonly #request: Request;
  readonly #attempt: Attempt;
  #native: Controller | undefined;
  #held: HeldResponse | undefined;
  /** Set if the body reports amounts spent. */
  #spent: SpentBody | undefined;
  /** Set while the held response has not been read. */
  #timer: NodeJS.Timeout | undefined;
  /** True once another attempt follows. */
  #left = false;
  /** True once undici has started the request: something may have been sent. */
  #begun = false;
  /** Number of bytes of the body passed on. */
  #passed = 0;

  constructor(request: Request, attempt: Attempt) {
    this.#request = request;
    this.#attempt = attempt;
  }

  pause(): void {
    this.#native?.pause();
  }

  resume(): void {
    if (this.#timer === undefined) this.#drain();
    if (!this.#request.paused) this.#native?.resume();
  }

  /** Aborts the request on the wire, if undici has started it. */
  abort(reason: unknown): void {
    clearTimeout(this.#timer);
    this.#native?.abort(reason);
  }

  /** Gives back the permit if undici never started the request; returns whether that is so. */
  returnUnsent(): boolean {
    if (!this.#begun && this.#attempt.status === undefined) this.#attempt.unsent();
    return !this.#begun;
  }

  onRequestStart(controller: Controller, context: unknown): void {
    const request = this.#request;
    request.learn(context);
    if (request.over || this.#left) {
      controller.abort(request.reason ?? undefined);
      return;
    }
    this.#begun = true;
    this.#native = controller;
    if (request.paused) controller.pause();
  }

  onRequestUpgrade(
    controller: Controller | undefined,
    status: number,
    headers: Fields,
    socket: Socket,
  ): void {
    const request = this.#request;
    if (request.over) return;
    this.#attempt.answer(status, headers);
    request.call.read({ received: () => Number.NaN, buffered: false });
    request.rawHeaders = controller?.rawHeaders;
    request.upgrade(socket);
    request.handler.onRequestUpgrade?.(request, status, headers, socket);
  }

  onResponseStarted(): void {
    this.#request.handler.onResponseStarted?.();
  }

  onResponseStart(
    controller: Controller | undefined,
    status: number,
    headers: Fields,
    message?: string,
  ): void {
    const request = this.#request;
    if (request.over || this.#left) return;
    if (status >= 200) this.#attempt.answer(status, headers);
    // A listener may have ended the request.
    if (request.over) return;
    if (status >= 400 || (status >= 200 && isRead(this.#attempt, headers['content-type']))) {
      this.#held = new HeldResponse(status, headers, message, controller?.rawHeaders);
      this.#timer = setTimeout(() => this.#judge(), HOLD_MS).unref();
      return;
    }
    if (status >= 200) {
      this.#spent = SpentBody.of(this.#attempt, headers);
      this.#given();
    }
    request.rawHeaders = controller?.rawHeaders;
    request.handler.onResponseStart?.(request, status, headers, message);
  }

  /** From here, the response belongs to the user. */
  #given(): void {
    const request = this.#request;
    request.call.read({ received: () => (request.paused ? Number.NaN : this.#passed), buffered: false });
  }

  onResponseData(_controller: Controller, chunk: Uint8Array): void {
    const request = this.#request;
    if (request.over || this.#left) return;
    const held = this.#held;
    if (!held) {
      this.#passed += chunk.byteLength;
      this.#spent?.push(chunk);
      request.handler.onResponseData?.(request, chunk);
      return;
    }
    held.push(chunk);
    if (this.#timer === undefined) this.#drain();
    else if (held.size > BODY_LIMIT) this.#judge();
  }

  onResponseEnd(controller: Controller | undefined, trailers: Fields = {}): void {
    const request = this.#request;
    if (request.over || this.#left) return;
    request.rawTrailers = controller?.rawTrailers;
    if (!this.#held) {
      this.#attempt.close();
      this.#spent?.tell(this.#attempt);
      request.end(trailers);
      return;
    }
    this.#held.trailers = trailers;
    if (this.#timer === undefined) this.#drain();
    else this.#judge();
  }

  onResponseError(_controller: Controller | undefined, error: unknown): void {
    const request = this.#request;
    if (request.over || this.#left) return;
    if (this.#timer !== undefined) {
      // An error status says more than the fault that truncated its body.
      this.#judge();
      // Not in the same turn as the head just passed on: fetch would miss the error and wait for ever.
      if (!this.#left && !request.over) setImmediate(() => request.fail(error, { error }));
      return;
    }
    const answered = this.#attempt.status !== undefined;
    const ending = this.#endingOf(error);
    this.#left = !answered && request.settle(ending);
    if (!this.#left) request.fail(error, ending);
  }

  onBodySent(chunk: unknown): unknown {
    this.#begun = true;
    return this.#request.handler.onBodySent?.(chunk);
  }

  onRequestSent(): unknown {
    this.#begun = true;
    return this.#request.handler.onRequestSent?.();
  }

  /**
   * How an attempt with an error ended; with a response too, if an interceptor below turned it into an error.
   */
  #endingOf(error: unknown): Ending {
    const attempt = this.#attempt;
    const refusal = attempt.status === undefined ? readRefusal(error) : undefined;
    if (refusal && refusal.status >= 400) {
      const { status, headers = {} } = refusal;
      const { body } = error as { body?: unknown };
      attempt.answer(status, headers);
      return { status, headers, body: bodyText(typeof body === 'object' ? { json: body } : { body }), error };
    }
    if (!this.returnUnsent()) return { error };
    return { error, reread: (read) => ({ ...read, unprocessed: true }) };
  }

  /** Reads the held response, as much as has arrived. */
  #judge(): void {
    const request = this.#request;
    const held = this.#held;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!held || request.over) return;
    const { status, headers, message, text } = held;
    // A good response that is too long or too slow to be read is passed on as it arrives.
    if (status < 400 && !held.trailers) this.#given();
    else this.#left = request.settle({ status, headers, body: text });
    if (this.#left) {
      this.#held = undefined;
      if (!held.trailers) this.#native?.abort(new Error('The response was discarded'));
    } else if (!request.over) {
      request.rawHeaders = held.rawHeaders;
      // An interceptor above may turn the response into an error that keeps the headers or a copy of them.
      if (status >= 400) rememberResponse({ status, headers }, () => request.call.report());
      request.tell(() => request.handler.onResponseStart?.(request, status, headers, message));
      this.#drain();
    }
  }

  /** Passes on what was held back, as fast as the handler takes it. */
  #drain(): void {
    const request = this.#request;
    const held = this.#held;
    if (!held || request.over) return;
    while (!request.paused && !request.over && held.chunks.length > 0) {
      const chunk = held.chunks.shift() as Uint8Array;
      request.tell(() => request.handler.onResponseData?.(request, chunk));
    }
    if (request.over) return;
    if (request.paused) {
      this.#native?.pause();
    } else if (held.trailers) {
      request.end(held.trailers);
    } else {
      this.#held = undefined;
    }
  }
}
