/** Failures in a row, while others are served, that make a route broken. */
const FAILURES = 5;
/** Most routes remembered. */
const MOST = 64;

/** What of a request tells its route. */
export interface RequestRoute {
  readonly method: string;
  readonly url: URL;
}

/** A route that fails. */
interface Failing {
  failures: number;
  /** How many attempts of all routes had been served when it failed first. */
  readonly servedBefore: number;
}

/**
 * Which routes of a quota fail, and which of them by themselves: one that failed five times in a row, while others
 * were served, is broken, and tells nothing of the server.
 */
export class Routes {
  /** Made for the first. */
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
    else if (this.#failing.size < MOST) this.#failing.set(route, { failures: 1, servedBefore: this.#served });
  }

  /** An attempt was served, whatever route it was of; without one, none fails any more. */
  served(route: string | undefined): void {
    this.#served += 1;
    if (!this.#failing || this.#failing.size === 0) return;
    if (route === undefined) this.#failing.clear();
    else this.#failing.delete(route);
  }
}

/** What a path is without what names a single thing in it: digits, and segments that are long. */
export function routeOf({ method, url }: RequestRoute): string {
  return `${method} ${url.pathname.slice(0, 1000).replaceAll(/[^/]*\d[^/]*|[^/]{25,}/g, ':')}`;
}
