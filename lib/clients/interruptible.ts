import type { Call } from '../call/call.ts';
import type { Tried } from './retrying.ts';

/**
 * One attempt that ends at once when its call has to, whether what makes it heeds the signal or not. What comes
 * of it later is let go.
 */
export function interruptible<T>(
  call: Call,
  make: (signal: AbortSignal) => Promise<Tried<T>>,
): Promise<Tried<T>> {
  const breaker = new AbortController();
  return new Promise((resolve, reject) => {
    let broken = false;
    call.onInterrupt((error) => {
      broken = true;
      breaker.abort(error);
      reject(error);
    });
    if (broken) return;
    make(breaker.signal).then((tried) => {
      if (broken) tried.drop?.();
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

/** Lets a signal end a call. Returns what stops that. */
export function heed(call: Call, signal: Abortable | undefined): () => void {
  if (!signal) return () => undefined;
  const abort = (): void => call.abort(signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  return () => signal.removeEventListener('abort', abort);
}
