/** Options with a `timeout.request`, in ms. */
export interface StretchableTimeout {
  readonly timeout?: { request?: number | undefined };
}

/**
 * Stops the user's `timeout.request` from running while an attempt waits at the gate.
 *
 * got 15 and 16 start that timer before they call the request function. When it fires, they read the option again and
 * continue if it has grown; so it grows during the wait. got 14 starts its timer after the wait.
 */
export function stretch({ timeout }: StretchableTimeout, wait: Promise<unknown>): void {
  const allowance = timeout?.request;
  if (timeout === undefined || allowance === undefined) return;
  // got measures with Date.now, so this must too.
  const startedAt = Date.now();
  const stretched = (): number => allowance + Date.now() - startedAt;
  const property = { configurable: true, enumerable: true };
  Object.defineProperty(timeout, 'request', { ...property, get: stretched });
  const settle = (): void => {
    Object.defineProperty(timeout, 'request', { ...property, writable: true, value: stretched() });
  };
  wait.then(settle, settle);
}
