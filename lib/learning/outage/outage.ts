import type { Random } from '../../policy/backoff.ts';
import { type RequestRoute, Routes, routeOf } from './routes.ts';

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
/** A probe that is out for so long, in ms, may hang: another goes beside it. */
const PATIENCE_MS = 1000;
/** After the outage, this many in flight make a ramp superfluous. */
const RAMP_END = 64;
/** When as many are in flight as may be, and nothing is heard of them, one more goes after so long, in ms. */
const STALL_MS = 100;

/**
 * Whether a quota's server is out, judged by transient failures alone: while it is, only probes are sent, one at a
 * time; the first that is served ends it, and the rest follow as fast as they are served (slow start). A route that is
 * broken by itself tells nothing of the server.
 *
 * The interval of probes is a tenth of the outage's age, from 100 ms to 5 s, so that a server that is back is found
 * after at most about a tenth more of the time it was away.
 */
export class Outage {
  readonly #random: Random;
  #failures = 0;
  /** Made for the first failure. */
  #calls: Set<unknown> | undefined;
  readonly routes: Routes = new Routes();
  /** When it began; absent while there is none. */
  #since: number | undefined;
  #nextAt = 0;
  #probing = false;
  #takenAt = -Infinity;
  #exemptAt = -Infinity;
  /** Most in flight after it; `Infinity` when it is long over. */
  #ramp = Infinity;

  constructor(random: Random) {
    this.#random = random;
  }

  get on(): boolean {
    return this.#since !== undefined;
  }

  /** The earliest moment of the next attempt, with so many in flight. */
  turnAt(inFlight: number): number {
    if (this.#since === undefined) return inFlight < this.#ramp ? -Infinity : this.#takenAt + STALL_MS;
    return this.#probing ? Math.max(this.#nextAt, this.#takenAt + PATIENCE_MS) : this.#nextAt;
  }

  /** The earliest moment at which {@link exempts} may let another go. */
  get exemptAt(): number {
    return this.#exemptAt + EXEMPTION_MS;
  }

  /** A call of a route that has not failed may go although the server seems out: it may be a healthy sibling. */
  exempts(request: RequestRoute | undefined, now: number): boolean {
    if (!request || now < this.exemptAt || this.routes.fails(routeOf(request))) return false;
    this.#exemptAt = now;
    return true;
  }

  /** An attempt goes. */
  taken(now: number): void {
    this.#takenAt = now;
    if (this.on) this.#probing = true;
  }

  /** An attempt is over, and told nothing if nothing was heard of it before. */
  ended(now: number): void {
    if (!this.#probing) return;
    this.#probing = false;
    this.#nextAt = Math.max(this.#nextAt, now + SHORTEST_MS);
  }

  /** The server answered, and not with a fault. Returns true when that ended an outage. */
  served(route?: string): boolean {
    this.routes.served(route);
    this.#failures = 0;
    if (this.#calls && this.#calls.size > 0) this.#calls.clear();
    if (this.#ramp !== Infinity) this.#ramp = this.#ramp >= RAMP_END ? Infinity : this.#ramp + 1;
    if (this.#since === undefined) return false;
    this.#since = undefined;
    this.#probing = false;
    this.#ramp = 2;
    return true;
  }

  /** An attempt failed. Returns true when that began an outage. */
  failed(now: number, sentAt: number, call: unknown, route: string): boolean {
    this.routes.failed(route);
    if (this.routes.broken(route)) {
      if (this.#since !== undefined && sentAt >= this.#since) this.ended(now);
      return false;
    }
    if (this.#since !== undefined) {
      if (sentAt < this.#since) return false;
      this.#probing = false;
      this.#schedule(now);
      return false;
    }
    this.#failures += 1;
    this.#calls ??= new Set();
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
