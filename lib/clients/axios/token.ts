import type { Breaker } from '../shared/interruptible.ts';

/** The older way to give a request up. */
export interface CancelToken {
  readonly reason?: Error | undefined;
  subscribe(listener: (reason: Error) => void): void;
  unsubscribe(listener: (reason: Error) => void): void;
}

/** Has a type, as events have: axios then makes an error of its own. Some of its releases cannot bear a DOMException. */
class GivenUp extends Error {
  readonly type = 'abort';
}

type Told = (reason: Error) => void;

/** Breaks an attempt off for its user, or for the gate. As a token it costs less than a signal. */
export class AttemptToken implements CancelToken {
  readonly #own: Breaker;
  readonly #users: CancelToken | undefined;
  readonly #told = new Map<Told, Told>();

  constructor(own: Breaker, users: CancelToken | undefined) {
    this.#own = own;
    this.#users = users;
  }

  get reason(): Error | undefined {
    return this.#own.reason;
  }

  throwIfRequested(): void {
    if (this.reason) throw new GivenUp();
  }

  subscribe(listener: Told): void {
    const told = (): void => listener(new GivenUp());
    this.#told.set(listener, told);
    this.#own.subscribe(told);
    // The user's goes on to govern a stream after the call is over.
    this.#users?.subscribe(listener);
  }

  unsubscribe(listener: Told): void {
    const told = this.#told.get(listener);
    if (told) this.#own.unsubscribe(told);
    this.#users?.unsubscribe(listener);
  }

  /** As of a signal: the `fetch` adapter of axios 1.7 knows no tokens. */
  addEventListener(_event: 'abort', listener: Told): void {
    this.subscribe(listener);
  }

  removeEventListener(_event: 'abort', listener: Told): void {
    this.unsubscribe(listener);
  }

  /** The `fetch` adapter of later ones asks for it. */
  toAbortSignal(): AbortSignal {
    const controller = new AbortController();
    const abort = (reason: Error): void => controller.abort(reason);
    this.subscribe(abort);
    return Object.assign(controller.signal, { unsubscribe: () => this.unsubscribe(abort) });
  }
}
