import { setImmediate } from 'node:timers';
import type { Call } from '../../call/call.ts';
import { HeadgateError } from '../../words/errors.ts';

/** Tells the code that makes an attempt when to abort it. */
export class Breaker {
  /** Created on demand, as most attempts have no listeners. */
  #listeners: Set<(reason: Error) => void> | undefined;
  #controller: AbortController | undefined;
  #reason: Error | undefined;

  /** Reason for the abort, once there is one. */
  get reason(): Error | undefined {
    return this.#reason;
  }

  /** The same as an AbortSignal. Created on first use, as creating it costs more than everything else here. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#reason) this.#controller.abort(this.#reason);
    return this.#controller.signal;
  }

  subscribe(listener: (reason: Error) => void): void {
    this.#listeners ??= new Set();
    if (this.#reason) listener(this.#reason);
    else this.#listeners.add(listener);
  }

  unsubscribe(listener: (reason: Error) => void): void {
    this.#listeners?.delete(listener);
  }

  /** Aborts the rest of an attempt whose response nobody will read. */
  end(): void {
    this.break(new Error('The response was discarded'));
  }

  break(reason: Error): void {
    if (this.#reason) return;
    this.#reason = reason;
    this.#controller?.abort(reason);
    for (const listener of this.#listeners ?? []) listener(reason);
  }
}

/**
 * Makes one attempt that ends as soon as its call is interrupted, even if the code that makes it ignores the breaker.
 * If the user aborts, the code may throw its own error in the same turn. A later result is dropped.
 */
export function interruptible<T extends { drop?(): void }>(
  call: Call,
  make: (breaker: Breaker) => Promise<T>,
): Promise<T> {
  const breaker = new Breaker();
  return new Promise((resolve, reject) => {
    call.onInterrupt((error) => {
      if (error instanceof HeadgateError) reject(error);
      else setImmediate(reject, error);
      breaker.break(error);
    });
    if (breaker.reason) return;
    make(breaker).then((tried) => {
      if (breaker.reason && tried.drop) tried.drop();
      else resolve(tried);
    }, reject);
  });
}

/** The used part of an AbortSignal. */
export interface Abortable {
  readonly aborted: boolean;
  readonly reason?: unknown;
  addEventListener(event: 'abort', listener: () => void, options?: { once: boolean }): void;
  removeEventListener(event: 'abort', listener: () => void): void;
}

/** Controllers by signal: a signal does not keep its controller alive. */
const controllers = new WeakMap<AbortSignal, AbortController>();
const forgotten = new FinalizationRegistry<() => void>((leave) => leave());

/** A signal that fires with the user's or the breaker's. The user's may come from another realm or a polyfill. */
export function joined(users: AbortSignal | undefined, breaker: Breaker): AbortSignal {
  const own = breaker.signal;
  if (!users) return own;
  try {
    return AbortSignal.any([users, own]);
  } catch {
    return bridged(users, own);
  }
}

/** `AbortSignal.any` for a signal that it refuses. Once collected, it leaves no listener on the user's signal. */
function bridged(users: Abortable, own: AbortSignal): AbortSignal {
  const controller = new AbortController();
  controllers.set(controller.signal, controller);
  own.addEventListener('abort', () => controller.abort(own.reason), { once: true });
  const weak = new WeakRef(controller);
  const abort = (): void => weak.deref()?.abort(reasonOf(users));
  if (users.aborted) abort();
  else users.addEventListener('abort', abort, { once: true });
  forgotten.register(controller, () => users.removeEventListener('abort', abort));
  return controller.signal;
}

/** Why a signal has aborted; polyfills may not say. */
export function reasonOf({ reason = AbortSignal.abort().reason }: Abortable): unknown {
  return reason;
}

const nothing = (): void => undefined;

/** Lets a signal abort a call. Returns a function that removes the listener. */
export function heed(call: Call, signal: Abortable | undefined): () => void {
  if (!signal) return nothing;
  const abort = (): void => call.abort(reasonOf(signal));
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  return () => signal.removeEventListener('abort', abort);
}
