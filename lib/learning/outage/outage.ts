import type { Random } from '../../policy/backoff.ts';
import { Probe, patience } from '../probe.ts';
import { type RequestRoute, Routes, routeOf } from './routes.ts';

/** Number of failures in a row that make an outage. */
const FAILURES = 5;
/** Minimum number of calls these must come from: a single call that keeps failing says nothing about the rest. */
const CALLS = 3;
/** Interval of probes: minimum and maximum in ms, and fraction of the outage's age. */
const SHORTEST_MS = 100;
const LONGEST_MS = 5000;
const AGE_SHARE = 0.1;
/** Jitter added to each interval, as a fraction. */
const JITTER = 0.25;
/** Interval at which calls to routes that have not failed still go, in ms. */
const EXEMPTION_MS = 50;
/** Number in flight from which the ramp after an outage is over. */
const RAMP_END = 64;
/** Number allowed in flight after an outage up to which a single failure shows that it continues. */
const RELAPSE = 5;
/** Delay before one more attempt if the allowed number is in flight and none is answered, in ms. */
const STALL_MS = 100;

/**
 * Decides from transient failures alone whether a quota's server is down. While it is, only probes are sent, one at a time. The
 * first one served ends the outage, and the rest follow as fast as they are served (slow start). A single broken route says
 * nothing about the server.
 *
 * The interval of probes is a tenth of the outage's age, from 100 ms to 5 s, so recovery is noticed after at most about a tenth
 * of the downtime.
 */
export class Outage {
  readonly #random: Random;
  #failures = 0;
  /** Created at the first failure. */
  #calls: Set<unknown> | undefined;
  readonly routes: Routes = new Routes();
  /** Moment at which the outage began; absent while there is none. */
  #since: number | undefined;
  #nextAt = 0;
  readonly #probe = new Probe();
  #takenAt = -Infinity;
  #exemptAt = -Infinity;
  /** Until this moment, a single failure here confirms another process's report of an outage. */
  #toldUntil = -Infinity;
  /** Another process probes first. */
  #defers = false;
  /** Maximum in flight after an outage; `Infinity` once the ramp is over. */
  #ramp = Infinity;

  constructor(random: Random) {
    this.#random = random;
  }

  get on(): boolean {
    return this.#since !== undefined;
  }

  /** True if an attempt sent at `sentAt` was sent during the outage that is on. */
  probedBy(sentAt: number): boolean {
    return this.#since !== undefined && sentAt >= this.#since;
  }

  /** Earliest moment of the next attempt, with `inFlight` in flight. */
  turnAt(inFlight: number): number {
    if (this.#since === undefined) return inFlight < this.#ramp ? -Infinity : this.#takenAt + STALL_MS;
    return Math.max(this.#nextAt, this.#probe.until);
  }

  /** Earliest moment at which {@link exempts} may let another call go. */
  get exemptAt(): number {
    return this.#exemptAt + EXEMPTION_MS;
  }

  /** Whether a call may go although the server seems down: its route has not failed and may be healthy. */
  exempts(request: RequestRoute | undefined, now: number): boolean {
    if (!request || now < this.exemptAt || this.routes.fails(routeOf(request))) return false;
    this.#exemptAt = now;
    return true;
  }

  /** An attempt is sent; a round trip takes `tripMs`. */
  taken(now: number, tripMs: number): void {
    this.#takenAt = now;
    if (this.on) this.#probe.sent(now, tripMs);
  }

  /** An attempt ended. A probe that ended without a response says nothing. */
  ended(now: number, sentAt: number): void {
    if (!this.#probe.concerns(sentAt)) return;
    this.#probe.end();
    this.#nextAt = Math.max(this.#nextAt, now + SHORTEST_MS);
  }

  /** The server is up: it answered without a fault. */
  served(route?: string): void {
    this.routes.served(route);
    this.#failures = 0;
    if (this.#calls && this.#calls.size > 0) this.#calls.clear();
    if (this.#ramp !== Infinity) this.#ramp = this.#ramp >= RAMP_END ? Infinity : this.#ramp + 1;
    if (this.#since !== undefined) this.#over();
  }

  /** ms until the next probe; `Infinity` if none is due or another process probes. */
  probesIn(now: number): number {
    return this.#defers || !this.on ? Infinity : Math.max(1, this.#nextAt - now);
  }

  /**
   * Another process found the server down and will probe it in `ms`; 0 means it answers again. The report is believed once an
   * attempt fails here too: the fault may be in the other's network. Of all the processes that see the outage, the first to probe
   * keeps probing; the rest follow a second later, so that none depends on another's network for long.
   */
  told(now: number, ms: number): void {
    if (ms === 0) {
      this.#toldUntil = -Infinity;
      if (this.on) this.#over();
      return;
    }
    const tryAt = now + Math.min(ms, LONGEST_MS * (1 + JITTER));
    this.#toldUntil = tryAt + patience(0);
    if (!this.on || this.#probe.out || this.#defers || this.#nextAt <= tryAt) return;
    this.#defers = true;
    this.#nextAt = this.#toldUntil;
  }

  /** An attempt failed. Returns true when that began an outage. */
  failed(now: number, sentAt: number, call: unknown, route: string): boolean {
    this.routes.failed(route);
    if (this.routes.broken(route)) {
      if (this.probedBy(sentAt)) this.ended(now, sentAt);
      return false;
    }
    if (this.#since !== undefined) {
      if (sentAt < this.#since) return false;
      this.#probe.end();
      this.#schedule(now);
      return false;
    }
    this.#failures += 1;
    this.#calls ??= new Set();
    if (this.#calls.size < CALLS) this.#calls.add(call);
    // Shortly after an outage, or after another process's report, one failure is enough; otherwise it may be chance.
    const told = now < this.#toldUntil;
    const relapse = this.#ramp <= RELAPSE || told;
    if (!relapse && (this.#failures < FAILURES || this.#calls.size < CALLS)) return false;
    this.#since = now;
    this.#ramp = Infinity;
    this.#schedule(now);
    if (told) {
      this.#defers = true;
      this.#nextAt = this.#toldUntil;
    }
    return true;
  }

  #over(): void {
    this.#since = undefined;
    this.#probe.end();
    this.#failures = 0;
    this.#ramp = 2;
  }

  #schedule(now: number): void {
    this.#defers = false;
    const age = now - (this.#since ?? now);
    const interval = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, age * AGE_SHARE));
    this.#nextAt = now + interval * (1 + this.#random() * JITTER);
  }
}
