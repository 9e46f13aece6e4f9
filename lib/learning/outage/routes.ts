/** Number of failures in a row, while other routes are served, that make a route broken. */
const FAILURES = 5;
/** Maximum number of routes remembered. */
const MAX_ROUTES = 64;

/** The part of a request that determines its route. */
export interface RequestRoute {
  readonly method: string;
  readonly url: URL;
}

/** A failing route. */
interface Failing {
  failures: number;
  /** Number of attempts served on all routes before its first failure. */
  readonly servedBefore: number;
}

/**
 * The failing routes of a quota. A route that failed five times in a row while others were served is broken, and says nothing
 * about the server.
 */
export class Routes {
  /** Created at the first failure. */
  #failing: Map<string, Failing> | undefined;
  #served = 0;

  /** True while any route is failing. */
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

  /** An attempt on `route` was served; if the route is unknown, none counts as failing any longer. */
  served(route: string | undefined): void {
    this.#served += 1;
    if (!this.#failing || this.#failing.size === 0) return;
    if (route === undefined) this.#failing.clear();
    else this.#failing.delete(route);
  }
}

/** Method and path without identifiers: segments with digits and long segments are replaced. */
export function routeOf({ method, url }: RequestRoute): string {
  return `${method} ${url.pathname.slice(0, 1000).replaceAll(/[^/]*\d[^/]*|[^/]{25,}/g, ':')}`;
}
