import type { RateLimit } from '../../classify/rate-limit.ts';
import type { Random } from '../../policy/backoff.ts';
import type { QuotaSnapshot } from '../context.ts';
import { Allowances } from './allowances.ts';
import { ConcurrencyLimit } from './concurrency.ts';
import { type Finding, Learner } from './learner.ts';
import { Outage } from './outage.ts';

export type { Finding } from './learner.ts';

/** Why a limit was learned or changed. */
export type LearnedCause = 'header' | 'throttled' | 'probe' | 'overload';

/** One attempt that failed for a fault. */
export interface Fault {
  readonly sentAt: number;
  readonly call: string;
  readonly route: string;
  /** True when it may tell of a server that has too much to do. */
  readonly overload: boolean;
}

/** Reports what was learned. */
export type OnLearned = (finding: Finding, cause: LearnedCause) => void;

/** What one quota's gate learns by itself: windows that nobody declared, overload, outage. */
export class Adaptive {
  readonly outage: Outage;
  readonly concurrency: ConcurrencyLimit = new ConcurrencyLimit();
  /** Absent where windows are declared: there is nothing to find out. */
  readonly learner: Learner | undefined;
  readonly #allowances = new Allowances();
  readonly #learned: OnLearned;
  /** Attempts sent. */
  #sent = 0;

  constructor(declared: boolean, random: Random, learned: OnLearned) {
    this.outage = new Outage(random);
    this.learner = declared ? undefined : new Learner();
    this.#learned = learned;
  }

  /** The earliest moment at which an attempt may go; `Infinity` when only an outcome can tell. */
  turnAt(now: number, inFlight: number, heedOutage: boolean): number {
    const { learner, outage } = this;
    if (inFlight >= Math.min(this.concurrency.limit, outage.ramp)) return Infinity;
    return Math.max(
      heedOutage ? outage.nextAt : now,
      this.#allowances.turnAt(now, this.#sent),
      learner ? learner.turnAt(now) : now,
    );
  }

  /** Number of the last attempt sent, from 1. */
  get sent(): number {
    return this.#sent;
  }

  /**
   * The server stated what is left of its quotas, in its answer to attempt `number`. Returns for how long nothing more
   * may be sent, in ms.
   */
  heard(now: number, number: number, limits: readonly RateLimit[]): number {
    for (const { limit, windowMs, requests } of limits) {
      if (!requests || !limit || !windowMs) continue;
      const finding = this.learner?.stated(now, limit, windowMs);
      if (finding) this.#learned(finding, 'header');
    }
    return this.#allowances.heard(now, number, this.#sent, limits);
  }

  take(now: number): void {
    this.#sent += 1;
    this.outage.taken();
    this.learner?.take(now);
  }

  answered(at: number): void {
    this.learner?.answered(at);
  }

  ended(now: number, sentAt: number): void {
    this.outage.ended(now);
    this.learner?.ended(now, sentAt);
  }

  refunded(now: number): void {
    this.outage.ended(now);
    this.learner?.refunded();
  }

  /** An attempt was answered, and neither throttled nor at fault. Returns true when that ended an outage. */
  served(now: number, sentAt: number, inFlight: number, waiting: number): boolean {
    this.concurrency.served(inFlight, waiting);
    const finding = this.learner?.served(now, sentAt);
    if (finding) this.#learned(finding, 'probe');
    return this.outage.served();
  }

  /** Returns true when the fault began an outage. */
  failed(now: number, inFlight: number, { sentAt, call, route, overload }: Fault): boolean {
    if (overload && !this.outage.on && this.concurrency.overloaded(now, sentAt, inFlight)) {
      this.#learned({ limit: this.concurrency.limit, perMs: 0 }, 'overload');
    }
    return this.outage.failed(now, sentAt, call, route);
  }

  throttled(now: number, sentAt: number, waitMs: number | undefined): void {
    this.outage.served();
    this.learner?.refused(now, sentAt, waitMs);
  }

  reopened(now: number, at: number, named: boolean): void {
    const finding = this.learner?.reopened(now, at, named);
    if (finding) this.#learned(finding, 'throttled');
  }

  /** What was found out; absent when nothing was. */
  snapshot(now: number): QuotaSnapshot['learned'] {
    const windows = this.learner?.windows ?? [];
    const { limit } = this.concurrency;
    if (windows.length === 0 && limit === Infinity && !this.outage.on) return undefined;
    return {
      windows: windows.map(({ limit: most, per, count }) => ({ limit: most, per, used: count.used(now) })),
      concurrency: limit === Infinity ? undefined : limit,
      outage: this.outage.on,
    };
  }
}
