import type { Attempt, Ending } from '../../call/attempt.ts';
import type { Call } from '../../call/call.ts';
import { AbortedError } from './aborted-error.ts';
import { Exchange, type Request } from './exchange.ts';
import type { Asked } from './facts.ts';
import type { Handler, Socket } from './handlers.ts';
import { type Fields, overlaid } from './headers.ts';

/** Dispatches once; `changes` override the request's own options. */
export type Send = (handler: Handler, changes: { headers?: unknown; body?: unknown }) => boolean;

/**
 * One undici request on its way through the gate, attempt by attempt. It is its handler's controller
 * throughout; like undici's own, it accepts whatever interceptors above write to it.
 */
export class UndiciCall implements Request {
  paused = false;
  aborted = false;
  reason: unknown = null;
  rawHeaders: unknown = null;
  rawTrailers: unknown = null;
  readonly call: Call;
  readonly handler: Handler;
  over = false;
  readonly #asked: Asked;
  readonly #send: Send;
  #headers: unknown;
  /** The context from interceptors below, filled in later: the handler already holds this object. */
  readonly #context: object = {};
  /** The attempt on the wire. */
  #exchange: Exchange | undefined;

  constructor(call: Call, asked: Asked, handler: Handler, send: Send) {
    this.call = call;
    this.handler = handler;
    this.#asked = asked;
    this.#send = send;
  }

  /** Informs the handler at once, so that the request can be aborted while it waits. */
  begin(headers: unknown): boolean {
    this.#headers = headers;
    this.call.teller.keepScope();
    this.tell(() => this.handler.onRequestStart?.(this, this.#context));
    return this.#admit();
  }

  pause(): void {
    this.paused = true;
    this.#exchange?.pause();
  }

  resume(): void {
    this.paused = false;
    this.#exchange?.resume();
  }

  abort(reason?: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason ?? new AbortedError();
    this.call.abort(this.reason);
    this.fail(this.reason);
  }

  learn(context: unknown): void {
    Object.assign(this.#context, context);
  }

  settle(ending: Ending): boolean {
    const { replayable } = this.#asked.requestBody;
    const decision = this.call.settle(ending, { replayable, allowed: true });
    if (decision.resend) {
      this.call.teller.inScope(() =>
        this.#later(
          this.call.backOff(decision).then(() => {
            this.#admit();
          }),
        ),
      );
      return true;
    }
    const doom = ending.status === undefined ? undefined : this.call.deliver();
    if (doom) this.fail(doom);
    return false;
  }

  tell(say: () => void): void {
    try {
      say();
    } catch (error) {
      this.fail(error);
    }
  }

  end(trailers: Fields): void {
    if (this.over) return;
    this.over = true;
    this.call.deliver();
    try {
      this.handler.onResponseEnd?.(this, trailers);
    } catch (error) {
      this.handler.onResponseError?.(this, error);
    }
  }

  /** From here, the connection belongs to the user; the attempt stays in flight while it is open. */
  upgrade(socket: Socket): void {
    this.over = true;
    if (socket.closed) this.call.deliver();
    else socket.once('close', () => this.call.deliver());
  }

  /** Fails the request: informs its handler at once, and aborts the attempt on the wire. */
  fail(error: unknown, ending?: Ending): void {
    if (this.over) return;
    this.over = true;
    const exchange = this.#exchange;
    exchange?.returnUnsent();
    const thrown = this.call.fail(this.aborted ? this.reason : error, ending);
    try {
      this.handler.onResponseError?.(this, thrown);
    } finally {
      exchange?.abort(thrown);
    }
  }

  #admit(): boolean {
    if (this.over) return true;
    const admitted = this.call.admit(this.#asked);
    if (!(admitted instanceof Promise)) return this.#dispatch(admitted);
    this.#later(
      admitted.then((attempt) => {
        this.#dispatch(attempt);
      }),
    );
    return true;
  }

  #dispatch(attempt: Attempt): boolean {
    this.call.onInterrupt((error) => this.fail(error));
    if (this.over) return true;
    const exchange = new Exchange(this, attempt);
    this.#exchange = exchange;
    try {
      return attempt.send((added) => {
        const headers = added ? overlaid(this.#headers, added) : this.#headers;
        return this.#send(exchange, { headers, body: this.#asked.requestBody.next() });
      });
    } catch (error) {
      this.fail(error);
      return true;
    }
  }

  /** Fails the request if `wait` rejects. An error that the handler then throws is uncaught, as in undici. */
  #later(wait: Promise<void>): void {
    wait
      .catch((error: unknown) => this.fail(error))
      .catch((thrown: unknown) => {
        queueMicrotask(() => {
          throw thrown;
        });
      });
  }
}
