/**
 * The origin of requests that name none. A Pool or Client sends them to the one origin that it was made for.
 * undici passes that origin to interceptors from 8.10 on; before, only its own dispatch knows it.
 */

/** Finds the origin to which a dispatch sends requests that name none. */
export type OriginFinder = () => string | undefined;

/** Number of times that a dispatch is probed: a BalancedPool takes its origins in turn. */
const PROBES = 3;

/** Maximum number of requests for which a pool is probed while all its connections are busy. */
const TRIES = 8;

/** The finder for one composed dispatch. `named` is the origin given by the user or by undici, if any. */
export function originFinder(dispatch: unknown, named: unknown): OriginFinder {
  if (typeof named === 'string') return () => named;
  if (!isNative(dispatch)) return () => undefined;
  let tries = 0;
  let found: string | undefined;
  return () => {
    if (found === undefined && tries < TRIES) {
      const told = Array.from({ length: PROBES }, () => probe(dispatch));
      // All connections are busy: the next request probes again.
      tries = told.includes('busy') ? tries + 1 : TRIES;
      if (told.every((each) => each === told[0]) && told[0] !== 'busy') found = told[0];
    }
    return found;
  };
}

type Native = (options: object, handler: object) => unknown;

/**
 * Only a dispatcher's own dispatch is probed: another interceptor or a mock would take the probe for a
 * request.
 */
function isNative(dispatch: unknown): dispatch is Native {
  return typeof dispatch === 'function' && dispatch.name === 'bound dispatch';
}

const STOP: Error = new Error('Only asked for its origin');

/**
 * Lets a dispatch begin a request, and stops it where undici reads the origin of its own URL, before the
 * request exists. Nothing is queued, connected or changed, except that a busy pool queues a request that
 * aborts itself unsent.
 */
function probe(dispatch: Native): string | 'busy' | undefined {
  let origin: string | undefined;
  let asking = true;
  const options = {
    method: 'HEAD',
    // Code that reads or copies the options before that is not a Client.
    get path(): string {
      if (asking) throw STOP;
      return '/';
    },
  };
  // Without `onError`, errors are thrown back to this function.
  const handler = {
    onConnect: (abort: () => void): void => abort(),
    onRequestStart: undefined as unknown,
  };
  const native = Object.getOwnPropertyDescriptor(URL.prototype, 'origin') as PropertyDescriptor;
  const spy = {
    ...native,
    get(this: URL): string {
      origin = native.get?.call(this);
      throw STOP;
    },
  };
  try {
    Object.defineProperty(URL.prototype, 'origin', spy);
    const result = dispatch(options, handler);
    if (result instanceof Promise) result.catch(() => undefined);
    Object.assign(handler, SILENT);
    return 'busy';
  } catch {
    return origin;
  } finally {
    Object.defineProperty(URL.prototype, 'origin', native);
    asking = false;
  }
}

const nothing = (): void => undefined;

/** The methods that complete a handler for every major. */
const SILENT: object = {
  onRequestStart: (controller: { abort(reason: unknown): void }) => controller.abort(STOP),
  onResponseStart: nothing,
  onResponseData: nothing,
  onResponseEnd: nothing,
  onResponseError: nothing,
  onHeaders: nothing,
  onData: nothing,
  onComplete: nothing,
  onError: nothing,
};
