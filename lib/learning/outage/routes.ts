/** Number of failures in a row, while other routes are served, that make a route broken. */
const FAILURES = 5;
/** Maximum number of routes remembered. */
const MAX_ROUTES = 64;

/** The part of a request that tells its route. */
export interface RequestRoute {
  readonly method: string;
  readonly url: URL;
}

/** A route that fails. */
interface Failing {
  failures: number;
  /** Number of attempts served on all routes when it first failed. */
  readonly servedBefore: number;
}

/**
 * The routes of a quota that fail, and which of them fail alone: a route that failed five times in a row while others were served is
 * broken, and says nothing about the server.
 */
export class Routes {
  /** Made at the first failure. */
  #failing: Map<string, Failing> | undefined;
  #served = 0;

  /** True while any route fails. */
  get failing(): boolean {
    return this.#failing !== undefined && this.#failing.size > 0;
  }

  fails(route: string): boolean {
    return this.#failing?.has(route) === true;
  }

  broken(route: string): boolean {
    const record = this.#failing?.get(route);
    return record !== undefined && record.failures >= FAILURES && this.#served > record.servedBefore;
  }

  failed(route: string): void {
    this.#failing ??= new Map();
    const record = this.#failing.get(route);
    if (record) record.failures += 1;
    else if (this.#failing.size < MAX_ROUTES)
      this.#failing.set(route, { failures: 1, servedBefore: this.#served });
  }

  /** An attempt of `route` was served; without a route, none counts as failing from now on. */
  served(route: string | undefined): void {
    this.#served += 1;
    if (!this.#failing || this.#failing.size === 0) return;
    if (route === undefined) this.#failing.clear();
    else this.#failing.delete(route);
  }
}

/** A path without what names a single thing in it: digits, and long segments. */
export function routeOf({ method, url }: RequestRoute): string {
  return `${method} ${url.pathname.slice(0, 1000).replaceAll(/[^/]*\d[^/]*|[^/]{25,}/g, ':')}`;
}
