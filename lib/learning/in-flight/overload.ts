import { Chance } from './chance.ts';

/** Range of the fraction of attempts in flight that is kept when the server is overloaded. */
const LEAST_KEPT = 0.5;
const MOST_KEPT = 0.95;
/** Fraction kept during a trial. */
const TRIED = 0.5;
/** Duration of a trial, in times that a fault took: attempts that fail slowly must be able to. */
const TRIAL_TIMES = 2;
/** Number of cuts without another trial after the first verdict of overload; doubles with each further one. */
const TRUST = 3;
const MOST_TRUST = 1023;
/** Attempts served at full use, for each permit, before one more is tried. */
const ROUNDS = 4;
/** Maximum growth in one step, as a fraction of the limit. */
const WIDEST_STEP = 0.25;
/** Number of queued attempts per permit that makes growth worth its risk; with fewer, the limit grows more rarely. */
const WORTH = 32;
const RARELY = 1 / 32;
/** When nothing is heard of those in flight, one more goes after so long, in ms and in latencies: they may hang. */
const STALL_MS = 1000;
const STALL_LATENCIES = 4;
/** Weight of the newest latency in their average. */
const LATENCY_SHARE = 0.1;
/** Time without overload after which the limit may be obsolete, in ms: it then grows by half each second. */
const SHORTEST_QUIET_MS = 3000;
const LONGEST_QUIET_MS = 120_000;
const QUIET_STEP_MS = 1000;
const QUIET_GROWTH = 1.5;

/** Overload is suspected. */
interface Suspicion {
  readonly at: number;
  /** Earliest moment of a verdict. */
  readonly until: number;
  /** Attempts in flight and limit at that moment. */
  readonly inFlight: number;
  readonly limit: number;
}

/**
 * Number of attempts in flight that a server bears, learned from faults of overload (503, timeouts, broken connections)
 * or from its getting no faster. Unlimited until the first.
 *
 * Additive increase, multiplicative decrease. When f of the attempts fail with n in flight, and {@link Chance} does not
 * explain it, n / 2 are tried. If that cures it, the limit becomes n · (1 − f), that factor held between 0.5 and 0.95;
 * otherwise it returns to what it was. After a verdict of overload the next 3 cuts need no trial, after a second one in a
 * row the next 7, and so on.
 *
 * The limit grows by 1, 2, 4, … after 4 · limit attempts served at full use, or after 32 times as many where few wait;
 * after a first verdict, which may be wrong, by half for each limit served until the next cut. It is never below 1. After
 * 3 s without a suspicion it grows by half each second while it is used in full; if that was wrong, the next such growth
 * comes after four times as long.
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
  /** Outcomes of attempts sent before this tell nothing of the current limit. */
  #changedAt = -Infinity;
  /** Verdicts of overload in a row, and the number of cuts that need no trial. */
  #verdicts = 0;
  #trust = 0;
  /** The last verdict may be wrong: no cut confirmed it since. */
  #unproven = false;
  #takenAt = -Infinity;
  /** When overload was last suspected, or the limit grew for quiet. */
  #loudAt = -Infinity;
  #quietMs = SHORTEST_QUIET_MS;
  /** The limit grew after quiet since it was last lowered. */
  #tried = false;
  #latency = 0;
  /** What it was before it was {@link saturated} last. */
  #unsaturated = Infinity;
  /** Next growth of the limit. */
  #step = 1;

  /** Maximum attempts in flight. */
  get limit(): number {
    return this.#limit;
  }

  /** A smaller limit is on trial. */
  get trying(): boolean {
    return this.#trial !== undefined;
  }

  /** The earliest moment at which another may go. */
  turnAt(now: number, inFlight: number): number {
    if (inFlight < this.#limit) return now;
    return this.#takenAt + Math.max(STALL_MS, STALL_LATENCIES * this.#latency);
  }

  /** An attempt goes. */
  taken(now: number): void {
    this.#takenAt = now;
  }

  /**
   * An attempt was served in so many ms, with so many in flight, itself included, and so many waiting. Returns true when
   * that lowered the limit for good, or raised it again.
   */
  served(now: number, inFlight: number, waiting: number, tookMs: number): boolean {
    this.#latency += (tookMs - this.#latency) * (this.#latency === 0 ? 1 : LATENCY_SHARE);
    if (this.#ended(now, now - tookMs, inFlight, false)) return true;
    if (!this.#trial && inFlight >= this.#limit) this.#grow(now, waiting);
    return false;
  }

  /** An attempt failed for overload, or for chance. Returns true when that changed the limit. */
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
    if (this.#credit < ROUNDS * this.#limit) return;
    this.#credit = 0;
    this.#limit += this.#step;
    this.#step = Math.max(1, Math.min(this.#step * 2, Math.floor(this.#limit * WIDEST_STEP)));
  }

  /** The server is no faster with more than so many in flight; `Infinity` where that was a mistake. */
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

  /** An attempt ended, with `inFlight` in flight, itself included. Returns true when that changed the limit. */
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
    this.#limit = this.#less(suspicion, MOST_KEPT);
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
