/**
 * The origin of requests that name none. A Pool or Client sends them to the one origin that it was made for, which
 * undici tells its interceptors from 8.10 on. Before, only its own dispatch knows.
 */

/** Finds the origin that a dispatch sends to where a request names none. */
export type OriginFinder = () => string | undefined;

/** Number of times that a dispatch is asked: a BalancedPool takes its origins in turn. */
const PROBES = 3;

/** Maximum number of requests for which a pool is asked that could not answer, as all its connections were busy. */
const TRIES = 8;

/** The finder for one composed dispatch. `named` is the origin that undici passes to an interceptor, if it does. */
export function originFinder(dispatch: unknown, named: unknown): OriginFinder {
  if (typeof named === 'string') return () => named;
  if (!isNative(dispatch)) return () => undefined;
  let tries = 0;
  let found: string | undefined;
  return () => {
    if (found === undefined && tries < TRIES) {
      const told = Array.from({ length: PROBES }, () => probe(dispatch));
      // All connections busy: the next request asks again.
      tries = told.includes('busy') ? tries + 1 : TRIES;
      if (told.every((each) => each === told[0]) && told[0] !== 'busy') found = told[0];
    }
    return found;
  };
}

type Native = (options: object, handler: object) => unknown;

/** Only a dispatcher's own dispatch is asked: another interceptor, or a mock, would take the question for a request. */
function isNative(dispatch: unknown): dispatch is Native {
  return typeof dispatch === 'function' && dispatch.name === 'bound dispatch';
}

const STOP: Error = new Error('Only asked for its origin');

/**
 * Lets a dispatch begin a request that is stopped where undici reads the origin of its own URL: before the request
 * exists. Nothing is queued, connected or changed, except where a pool is busy: it queues what aborts itself unsent.
 */
function probe(dispatch: Native): string | 'busy' | undefined {
  let origin: string | undefined;
  let asking = true;
  const options = {
    method: 'HEAD',
    // Whoever reads or copies the options beforehand is no Client.
    get path(): string {
      if (asking) throw STOP;
      return '/';
    },
  };
  // Without `onError`, what is thrown comes back here.
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

/** What makes a handler of every major complete. */
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
