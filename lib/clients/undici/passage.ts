import type { Attempt, Ending } from '../../call/attempt.ts';
import type { Call } from '../../call/call.ts';
import { BODY_LIMIT, type RequestFacts } from '../../words/types.ts';
import { errorText, type RequestBody } from './body.ts';
import { type Controller, type Fields, type Handler, pairsOf } from './handlers.ts';

/** Longest that the body of an error is held back, in ms: it may come a byte a day. */
const HOLD_MS = 2_000;

/** A request, and its body. */
export interface Asked extends RequestFacts {
  readonly requestBody: RequestBody;
}

/** Dispatches once; `changes` are laid over the request's own options. */
export type Send = (handler: Handler, changes: { headers?: unknown; body?: unknown }) => boolean;

/** An error response that was not yet passed on. */
interface Held {
  readonly status: number;
  readonly headers: Fields;
  readonly message: string | undefined;
  readonly chunks: Uint8Array[];
  size: number;
  trailers: Fields | undefined;
  readonly timer: NodeJS.Timeout;
}

/** One request of undici on its way through the gate, attempt after attempt. Its handler's controller throughout. */
export class Passage implements Controller {
  paused = false;
  aborted = false;
  reason: unknown = null;
  readonly #call: Call;
  readonly #asked: Asked;
  readonly #handler: Handler;
  readonly #send: Send;
  #headers: unknown;
  /** What interceptors below tell of the request, once they do: the handler was told of it before. */
  readonly #context: object = {};
  /** Of the attempt on the wire. */
  #native: Controller | undefined;
  /** What was held back, on its way to the handler. */
  #draining: Held | undefined;
  #over = false;

  constructor(call: Call, asked: Asked, handler: Handler, send: Send) {
    this.#call = call;
    this.#asked = asked;
    this.#handler = handler;
    this.#send = send;
  }

  /** At once, so that the request can be aborted while it waits. */
  begin(headers: unknown): boolean {
    this.#headers = headers;
    this.#tell(() => this.#handler.onRequestStart?.(this, this.#context));
    return this.#admit();
  }

  get rawHeaders(): unknown {
    return this.#native?.rawHeaders;
  }

  get rawTrailers(): unknown {
    return this.#native?.rawTrailers;
  }

  pause(): void {
    this.paused = true;
    this.#native?.pause();
  }

  resume(): void {
    this.paused = false;
    this.#drain();
    if (!this.paused) this.#native?.resume();
  }

  abort(reason?: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason =
      reason ?? Object.assign(new Error('Request aborted'), { name: 'AbortError', code: 'UND_ERR_ABORTED' });
    this.#call.abort(this.reason);
    this.#fail(this.reason);
  }

  #admit(): boolean {
    if (this.#over) return true;
    const admitted = this.#call.admit(this.#asked);
    if (!(admitted instanceof Promise)) return this.#dispatch(admitted);
    admitted.then(
      (attempt) => this.#dispatch(attempt),
      (error: unknown) => this.#fail(error),
    );
    return true;
  }

  #dispatch(attempt: Attempt): boolean {
    const { own } = attempt;
    const headers = own ? overlaid(this.#headers, own) : this.#headers;
    this.#native = undefined;
    this.#call.onInterrupt((error) => this.#fail(error));
    if (this.#over) return true;
    try {
      return this.#send(this.#follow(attempt), { headers, body: this.#asked.requestBody.next() });
    } catch (error) {
      this.#fail(error);
      return true;
    }
  }

  /** What is told of one attempt. */
  #follow(attempt: Attempt): Handler {
    const handler = this.#handler;
    let held: Held | undefined;
    /** Its outcome was read, and another attempt is being made in its place. */
    let left = false;
    /** Bytes of the body that were passed on. */
    let passed = 0;
    const judge = (): void => {
      if (!held) return;
      const { status, headers, chunks, timer } = held;
      clearTimeout(timer);
      const ending = { status, headers, body: errorText(chunks, headers['content-encoding']) };
      if (this.#settle(ending)) {
        left = true;
        if (!held.trailers)
          this.#native?.abort(new Error('The response was discarded, and the request resent'));
      } else if (!this.#over) {
        this.#draining = held;
        const { message } = held;
        this.#tell(() => handler.onResponseStart?.(this, status, headers, message));
        this.#drain();
      }
      held = undefined;
    };
    return {
      onRequestStart: (controller, context) => {
        Object.assign(this.#context, context);
        if (this.#over || left) controller.abort(this.reason ?? undefined);
        else this.#native = controller;
      },
      onRequestUpgrade: (_controller, status, headers, socket) => {
        attempt.answer(status, headers);
        this.#call.read({ received: () => Number.NaN, buffered: false });
        this.#over = true;
        socket.once('close', () => this.#call.deliver());
        handler.onRequestUpgrade?.(this, status, headers, socket);
      },
      onResponseStarted: () => handler.onResponseStarted?.(),
      onResponseStart: (_controller, status, headers, message) => {
        if (this.#over) return;
        if (status >= 200) attempt.answer(status, headers);
        if (status < 400) {
          if (status >= 200) {
            this.#call.read({ received: () => (this.paused ? Number.NaN : passed), buffered: false });
          }
          handler.onResponseStart?.(this, status, headers, message);
          return;
        }
        const timer = setTimeout(judge, HOLD_MS).unref();
        held = { status, headers, message, chunks: [], size: 0, trailers: undefined, timer };
      },
      onResponseData: (_controller, chunk) => {
        if (this.#over || left) return;
        const into = held ?? this.#draining;
        if (!into) {
          passed += chunk.byteLength;
          handler.onResponseData?.(this, chunk);
          return;
        }
        into.chunks.push(chunk);
        into.size += chunk.byteLength;
        if (held && held.size > BODY_LIMIT) judge();
        else if (!held) this.#drain();
      },
      onResponseEnd: (_controller, trailers) => {
        if (this.#over || left) return;
        const into = held ?? this.#draining;
        if (!into) {
          attempt.close();
          this.#end(trailers);
          return;
        }
        into.trailers = trailers;
        if (held) judge();
        else this.#drain();
      },
      onResponseError: (_controller, error) => {
        if (this.#over || left) return;
        if (held) {
          // An error status says more than the fault that cut off its body.
          judge();
          if (left || this.#over) return;
        }
        if (attempt.status !== undefined) this.#fail(error, { error });
        else if (!this.#settle({ error })) this.#fail(error, { error });
        else left = true;
      },
      onBodySent: (chunk) => handler.onBodySent?.(chunk),
      onRequestSent: () => handler.onRequestSent?.(),
    };
  }

  /** Whether the attempt is made again; if it is, that is under way. */
  #settle(ending: Ending): boolean {
    const { replayable } = this.#asked.requestBody;
    const decision = this.#call.settle(ending, { replayable, allowed: true });
    if (decision.resend) {
      this.#call.backOff(decision).then(
        () => this.#admit(),
        (error: unknown) => this.#fail(error),
      );
      return true;
    }
    const doom = ending.status === undefined ? undefined : this.#call.deliver();
    if (doom) this.#fail(doom);
    return false;
  }

  /** Passes on what was held back, as fast as the handler takes it. */
  #drain(): void {
    const held = this.#draining;
    if (!held || this.#over) return;
    while (!this.paused && !this.#over && held.chunks.length > 0) {
      this.#tell(() => this.#handler.onResponseData?.(this, held.chunks.shift() as Uint8Array));
    }
    if (this.#over) return;
    if (this.paused) {
      this.#native?.pause();
    } else if (held.trailers) {
      this.#end(held.trailers);
    } else {
      this.#draining = undefined;
    }
  }

  #end(trailers: Fields): void {
    if (this.#over) return;
    this.#over = true;
    this.#call.deliver();
    try {
      this.#handler.onResponseEnd?.(this, trailers);
    } catch (error) {
      this.#handler.onResponseError?.(this, error);
    }
  }

  /** Tells the handler something. It fails by what it throws, as it does where undici itself tells it. */
  #tell(say: () => void): void {
    try {
      say();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The request failed, or has to: its handler is told at once, and the wire let go. */
  #fail(error: unknown, ending?: Ending): void {
    if (this.#over) return;
    this.#over = true;
    const thrown = this.#call.fail(this.aborted ? this.reason : error, ending);
    this.#handler.onResponseError?.(this, thrown);
    this.#native?.abort(thrown);
  }
}

/** In the flat form that all majors take. */
function overlaid(headers: unknown, own: Readonly<Record<string, string>>): unknown[] {
  const kept = pairsOf(headers).filter(([name]) => own[String(name).toLowerCase()] === undefined);
  const flat = kept.flatMap(([name, value]) => [value].flat().flatMap((each) => [name, each]));
  return [...flat, ...Object.entries(own).flat()];
}
