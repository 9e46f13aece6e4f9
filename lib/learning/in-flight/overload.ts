import { Chance } from './chance.ts';

/** Fraction of the attempts in flight kept after overload: minimum and maximum. */
const LEAST_KEPT = 0.5;
const MOST_KEPT = 0.95;
/** Fraction kept during a trial. */
const TRIED = 0.5;
/** Duration of a trial, as a multiple of the time the fault took: an attempt that fails slowly needs time to do so. */
const TRIAL_TIMES = 2;
/** Number of cuts without another trial after a first verdict of overload, about doubled at each further one; and maximum. */
const TRUST = 3;
const MOST_TRUST = 1023;
/** Attempts served at full use, per permit, before the limit grows: initially, and at most, after refuted growth. */
const ROUNDS = 4;
const MOST_ROUNDS = 16;
/** Maximum growth in one step, as a fraction of the limit. */
const WIDEST_STEP = 0.25;
/** Number of queued attempts per permit that makes growth worth its risk; credit of an attempt served while fewer are queued. */
const WORTH = 32;
const RARELY = 1 / 32;
/** Delay before one more attempt if none in flight is answered, in ms and in latencies: they may hang. */
const STALL_MS = 1000;
const STALL_LATENCIES = 4;
/** Weight of the newest latency in their average. */
const LATENCY_SHARE = 0.1;
/** Time without overload after which the limit may be obsolete, in ms: minimum and maximum. Interval and factor of its growth then. */
const SHORTEST_QUIET_MS = 3000;
const LONGEST_QUIET_MS = 120_000;
const QUIET_STEP_MS = 1000;
const QUIET_GROWTH = 1.5;

/** The state when overload was suspected. */
interface Suspicion {
  readonly at: number;
  /** Earliest moment of a verdict. */
  readonly until: number;
  /** Attempts in flight and limit at that moment. */
  readonly inFlight: number;
  readonly limit: number;
}

/**
 * The number of attempts a server can handle at once, learned from overload (503, timeouts, broken connections) or from
 * saturation. Unlimited until the first sign of either.
 *
 * Additive increase, multiplicative decrease. If the fraction f of the attempts fails with n in flight, and {@link Chance}
 * does not explain it, n / 2 are tried. If that cures it, the limit becomes n · (1 − f), with the factor kept between 0.5 and
 * 0.95, but no less than before its last growth; otherwise the limit is restored. After a verdict of overload the next 3 cuts
 * need no trial, after a second verdict in a row the next 7, and so on.
 *
 * The limit grows by 1, 2, 4, … after 4 · limit attempts served at full use, or 32 times as many if few are queued; each
 * refuted growth doubles the 4, up to 16. After a first verdict, which may be wrong, it grows by half after every `limit`
 * attempts served, until the next cut. It is never below 1. After 3 s without a suspicion the limit may be obsolete: it grows
 * by half each second while fully used; if that was wrong, the next such growth comes after four times as long.
 *
 * Source: D. Chiu, R. Jain, "Analysis of the Increase and Decrease Algorithms for Congestion Avoidance", 1989; the
 * shape of Netflix's concurrency-limits (AIMDLimit).
 */
export class ConcurrencyLimit {
  #limit = Infinity;
  #credit = 0;
  #worth = false;
  readonly #chance = new Chance();
  #trial: Suspicion | undefined;
  /** Outcomes of attempts sent before this moment say nothing about the current limit. */
  #changedAt = -Infinity;
  /** Verdicts of overload in a row, and number of further cuts that need no trial. */
  #verdicts = 0;
  #trust = 0;
  /** The last verdict may be wrong: no cut has confirmed it since. */
  #unproven = false;
  #takenAt = -Infinity;
  /** Moment of the last suspicion of overload, or of the last growth after quiet. */
  #loudAt = -Infinity;
  #quietMs = SHORTEST_QUIET_MS;
  /** The limit has grown after quiet since it was last lowered. */
  #tried = false;
  #latency = 0;
  /** The limit before it was last {@link saturated}. */
  #unsaturated = Infinity;
  /** The limit before its last growth, which the server handled; 0 after a cut. */
  #grownFrom = 0;
  #rounds = ROUNDS;
  /** Size of the next growth. */
  #step = 1;

  /** @param known limit found by an earlier run; trusted as if it had been found `now` */
  constructor(known: number = Infinity, now: number = -Infinity) {
    this.#limit = known;
    this.#loudAt = now;
  }

  /** Maximum attempts in flight. */
  get limit(): number {
    return this.#limit;
  }

  /** True while a trial holds a smaller limit. */
  get trying(): boolean {
    return this.#trial !== undefined;
  }

  /** Earliest moment at which another attempt may go. */
  turnAt(now: number, inFlight: number): number {
    if (inFlight < this.#limit) return now;
    return this.#takenAt + Math.max(STALL_MS, STALL_LATENCIES * this.#latency);
  }

  /** An attempt is sent. */
  taken(now: number): void {
    this.#takenAt = now;
  }

  /**
   * An attempt was served in `tookMs`, with `inFlight` in flight (itself included) and `waiting` queued. Returns true if
   * that ended a trial.
   */
  served(now: number, inFlight: number, waiting: number, tookMs: number): boolean {
    this.#latency += (tookMs - this.#latency) * (this.#latency === 0 ? 1 : LATENCY_SHARE);
    if (this.#ended(now, now - tookMs, inFlight, false)) return true;
    if (!this.#trial && inFlight >= this.#limit) this.#grow(now, waiting);
    return false;
  }

  /** An attempt failed, through overload or by chance. Returns true if that changed the limit. */
  overloaded(now: number, sentAt: number, inFlight: number): boolean {
    return this.#ended(now, sentAt, inFlight, true);
  }

  #grow(now: number, waiting: number): void {
    if (now >= this.#loudAt + this.#quietMs) {
      this.#loudAt = now - this.#quietMs + QUIET_STEP_MS;
      this.#limit = Math.ceil(this.#limit * QUIET_GROWTH);
      this.#credit = 0;
      this.#tried = true;
    }
    if (this.#unproven) {
      this.#credit += 1;
      if (this.#credit < this.#limit) return;
      this.#credit = 0;
      this.#limit = Math.ceil(this.#limit * QUIET_GROWTH);
      return;
    }
    const worth = waiting >= WORTH * this.#limit;
    if (worth !== this.#worth) this.#credit = 0;
    this.#worth = worth;
    this.#credit += worth ? 1 : RARELY;
    if (this.#credit < this.#rounds * this.#limit) return;
    this.#credit = 0;
    this.#grownFrom = this.#limit;
    this.#limit += this.#step;
    this.#step = Math.max(1, Math.min(this.#step * 2, Math.floor(this.#limit * WIDEST_STEP)));
  }

  /** Throughput is no higher with more than `limit` in flight; `Infinity` if that was a mistake. */
  saturated(now: number, limit: number): void {
    this.#trial = undefined;
    if (limit < Infinity) this.#unsaturated = this.#limit;
    this.#limit = Math.min(limit, this.#unsaturated);
    this.#credit = 0;
    this.#step = 1;
    this.#loudAt = now;
    if (limit < Infinity && this.#tried) this.#quietMs = Math.min(LONGEST_QUIET_MS, this.#quietMs * 4);
    this.#tried = false;
  }

  /** An attempt ended, with `inFlight` in flight (itself included). Returns true if that changed the limit. */
  #ended(now: number, sentAt: number, inFlight: number, fault: boolean): boolean {
    const trial = this.#trial;
    if (trial) {
      const overload = this.#chance.tried(fault, sentAt >= trial.at, trial.inFlight);
      if (overload === undefined || now < trial.until) return false;
      this.#decide(now, trial, overload);
      return true;
    }
    if (sentAt < this.#changedAt || !this.#chance.seen(fault) || !fault) return false;
    const until = now + TRIAL_TIMES * (now - sentAt);
    const suspicion = { at: now, until, inFlight, limit: this.#limit };
    this.#loudAt = now;
    if (this.#trust > 0) {
      this.#trust -= 1;
      this.#cut(now, suspicion);
      this.#chance.conclude(true);
    } else {
      this.#trial = suspicion;
      this.#limit = this.#less(suspicion, TRIED);
    }
    return true;
  }

  #decide(now: number, suspicion: Suspicion, overload: boolean): void {
    this.#trial = undefined;
    if (overload) {
      this.#cut(now, suspicion);
      this.#unproven = this.#verdicts === 0;
      this.#trust = Math.min(MOST_TRUST, (TRUST + 1) * 2 ** this.#verdicts - 1);
      this.#verdicts += 1;
    } else {
      this.#limit = suspicion.limit;
      this.#changedAt = now;
      this.#unproven = true;
      this.#verdicts = 0;
    }
    this.#chance.conclude(overload);
  }

  #cut(now: number, suspicion: Suspicion): void {
    const less = this.#less(suspicion, MOST_KEPT);
    this.#limit = Math.max(less, this.#grownFrom);
    this.#rounds = this.#grownFrom > less ? Math.min(MOST_ROUNDS, this.#rounds * 2) : ROUNDS;
    this.#grownFrom = 0;
    if (this.#tried) this.#quietMs = Math.min(LONGEST_QUIET_MS, this.#quietMs * 4);
    this.#tried = false;
    this.#unproven = false;
    this.#changedAt = now;
    this.#credit = 0;
    this.#step = 1;
  }

  #less({ inFlight, limit }: Suspicion, most: number): number {
    const kept = Math.min(most, Math.max(LEAST_KEPT, 1 - this.#chance.failing(inFlight)));
    return Math.max(1, Math.floor(Math.min(limit, inFlight) * kept));
  }
}
