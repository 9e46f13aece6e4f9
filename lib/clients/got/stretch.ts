/** Options with a `timeout.request`, in ms. */
export interface StretchableTimeout {
  readonly timeout?: { request?: number | undefined };
}

/**
 * Keeps the user's `timeout.request` from running while an attempt waits at the gate.
 *
 * got 15 and 16 start that timer before they ask for the request, and when it fires they read the option again and
 * go on when it has grown; so it grows for as long as the wait lasts. got 14 starts its timer after, and never asks.
 */
export function stretch({ timeout }: StretchableTimeout, wait: Promise<unknown>): void {
  const allowance = timeout?.request;
  if (timeout === undefined || allowance === undefined) return;
  // got reckons with Date.now, so this must too.
  const startedAt = Date.now();
  const stretched = (): number => allowance + Date.now() - startedAt;
  const property = { configurable: true, enumerable: true };
  Object.defineProperty(timeout, 'request', { ...property, get: stretched });
  const settle = (): void => {
    Object.defineProperty(timeout, 'request', { ...property, writable: true, value: stretched() });
  };
  wait.then(settle, settle);
}
