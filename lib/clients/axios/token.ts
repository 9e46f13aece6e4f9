import type { Breaker } from '../shared/interruptible.ts';

/** axios's older way to cancel a request. */
export interface CancelToken {
  readonly reason?: Error | undefined;
  subscribe(listener: (reason: Error) => void): void;
  unsubscribe(listener: (reason: Error) => void): void;
}

/** Has a `type`, like an event, so that axios makes its own error: some releases of axios fail on a DOMException. */
class GivenUp extends Error {
  readonly type = 'abort';
}

type Told = (reason: Error) => void;

/** Aborts an attempt for the user or for the gate. A token costs less than a signal. */
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
    // The user's token still governs a stream after the call has ended.
    this.#users?.subscribe(listener);
  }

  unsubscribe(listener: Told): void {
    const told = this.#told.get(listener);
    if (told) this.#own.unsubscribe(told);
    this.#users?.unsubscribe(listener);
  }

  /** Mimics a signal: the `fetch` adapter of axios 1.7 does not support tokens. */
  addEventListener(_event: 'abort', listener: Told): void {
    this.subscribe(listener);
  }

  removeEventListener(_event: 'abort', listener: Told): void {
    this.unsubscribe(listener);
  }

  /** Called by the `fetch` adapter of later releases. */
  toAbortSignal(): AbortSignal {
    const controller = new AbortController();
    const abort = (reason: Error): void => controller.abort(reason);
    this.subscribe(abort);
    return Object.assign(controller.signal, { unsubscribe: () => this.unsubscribe(abort) });
  }
}
