import type { Random } from '../../policy/backoff.ts';

/** Failures in a row, with no success between, that make an outage. */
const FAILURES = 5;
/** They must come from so many calls: one that fails again and again tells of itself alone. */
const CALLS = 3;
/** Probes go at least so far apart, in ms; and at a tenth of the outage's age, up to the longest. */
const SHORTEST_MS = 100;
const LONGEST_MS = 5000;
const AGE_SHARE = 0.1;
/** Jitter added to each, as a share. */
const JITTER = 0.25;
/** Calls of a route that has not failed go all the same, so far apart, in ms. */
const EXEMPTION_MS = 50;
/** Most routes remembered as failing. */
const MOST_ROUTES = 64;
/** After the outage, this many in flight make a ramp superfluous. */
const RAMP_END = 64;

/**
 * Whether a quota's server is out, judged by transient failures alone: while it is, only probes are sent, one at a
 * time; the first that is served ends it, and the rest follow as fast as they are served (slow start).
 *
 * The interval of probes is a tenth of the outage's age, from 100 ms to 5 s, so that a server that is back is found
 * after at most about a tenth more of the time it was away.
 */
export class Outage {
  readonly #random: Random;
  #failures = 0;
  readonly #calls = new Set<string>();
  readonly #routes = new Set<string>();
  /** When it began; absent while there is none. */
  #since: number | undefined;
  #nextAt = 0;
  #probing = false;
  #exemptAt = -Infinity;
  /** Most in flight after it; `Infinity` when it is long over. */
  #ramp = Infinity;

  constructor(random: Random) {
    this.#random = random;
  }

  get on(): boolean {
    return this.#since !== undefined;
  }

  /** Most attempts in flight just after an outage. */
  get ramp(): number {
    return this.#ramp;
  }

  /** The earliest moment of the next attempt; `Infinity` while a probe is out. */
  get nextAt(): number {
    if (this.#since === undefined) return -Infinity;
    return this.#probing ? Infinity : this.#nextAt;
  }

  /** A call of a route that has not failed may go although the server seems out: it may be a healthy sibling. */
  exempts(route: string, now: number): boolean {
    if (this.#routes.has(route) || now < this.#exemptAt + EXEMPTION_MS) return false;
    this.#exemptAt = now;
    return true;
  }

  /** An attempt goes. */
  taken(): void {
    if (this.on) this.#probing = true;
  }

  /** An attempt is over, and told nothing if nothing was heard of it before. */
  ended(now: number): void {
    if (!this.#probing) return;
    this.#probing = false;
    this.#nextAt = Math.max(this.#nextAt, now + SHORTEST_MS);
  }

  /** The server answered, and not with a fault. Returns true when that ended an outage. */
  served(): boolean {
    if (this.#routes.size > 0) {
      this.#failures = 0;
      this.#calls.clear();
      this.#routes.clear();
    }
    if (this.#ramp !== Infinity) this.#ramp = this.#ramp >= RAMP_END ? Infinity : this.#ramp + 1;
    if (this.#since === undefined) return false;
    this.#since = undefined;
    this.#probing = false;
    this.#ramp = 2;
    return true;
  }

  /** An attempt failed. Returns true when that began an outage. */
  failed(now: number, sentAt: number, call: string, route: string): boolean {
    if (this.#routes.size < MOST_ROUTES) this.#routes.add(route);
    if (this.#since !== undefined) {
      if (sentAt < this.#since) return false;
      this.#probing = false;
      this.#schedule(now);
      return false;
    }
    this.#failures += 1;
    if (this.#calls.size < CALLS) this.#calls.add(call);
    // Just after an outage the first failure is enough.
    const relapse = this.#ramp !== Infinity;
    if (!relapse && (this.#failures < FAILURES || this.#calls.size < CALLS)) return false;
    this.#since = now;
    this.#ramp = Infinity;
    this.#schedule(now);
    return true;
  }

  #schedule(now: number): void {
    const age = now - (this.#since ?? now);
    const interval = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, age * AGE_SHARE));
    this.#nextAt = now + interval * (1 + this.#random() * JITTER);
  }
}

/** What a path is without what names a single thing in it: digits, and segments that are long. */
export function routeOf(method: string, pathname: string): string {
  return `${method} ${pathname.slice(0, 1000).replaceAll(/[^/]*\d[^/]*|[^/]{25,}/g, ':')}`;
}
