import type { Call } from '../../call/call.ts';
import type { Tried } from './retry-loop.ts';

/** Tells what makes an attempt when it is to be broken off. */
export class Breaker {
  readonly #listeners = new Set<(reason: Error) => void>();
  #controller: AbortController | undefined;
  #reason: Error | undefined;

  /** Why it was broken off, once it was. */
  get reason(): Error | undefined {
    return this.#reason;
  }

  /** The same as a signal; made when first asked for, as it takes longer than all the rest. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#reason) this.#controller.abort(this.#reason);
    return this.#controller.signal;
  }

  subscribe(listener: (reason: Error) => void): void {
    if (this.#reason) listener(this.#reason);
    else this.#listeners.add(listener);
  }

  unsubscribe(listener: (reason: Error) => void): void {
    this.#listeners.delete(listener);
  }

  break(reason: Error): void {
    if (this.#reason) return;
    this.#reason = reason;
    this.#controller?.abort(reason);
    for (const listener of this.#listeners) listener(reason);
  }
}

/**
 * One attempt that ends at once when its call has to, whether what makes it heeds that or not. What comes of it
 * later is let go.
 */
export function interruptible<T>(
  call: Call,
  make: (breaker: Breaker) => Promise<Tried<T>>,
): Promise<Tried<T>> {
  const breaker = new Breaker();
  return new Promise((resolve, reject) => {
    call.onInterrupt((error) => {
      reject(error);
      breaker.break(error);
    });
    if (breaker.reason) return;
    make(breaker).then((tried) => {
      if (breaker.reason) tried.drop?.();
      else resolve(tried);
    }, reject);
  });
}

/** The part of an AbortSignal that is listened to. */
export interface Abortable {
  readonly aborted: boolean;
  readonly reason?: unknown;
  addEventListener(event: 'abort', listener: () => void, options?: { once: boolean }): void;
  removeEventListener(event: 'abort', listener: () => void): void;
}

const nothing = (): void => undefined;

/** Lets a signal end a call. Returns what stops that. */
export function heed(call: Call, signal: Abortable | undefined): () => void {
  if (!signal) return nothing;
  const abort = (): void => call.abort(signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  return () => signal.removeEventListener('abort', abort);
}
