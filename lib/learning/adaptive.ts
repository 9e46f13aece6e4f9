import type { RateLimit } from '../classify/rate-limit.ts';
import type { LeaseContext } from '../ledger/context.ts';
import type { Conference, Party } from '../ledger/ledger.ts';
import type { Random } from '../policy/backoff.ts';
import type { LearnedCause } from '../words/causes.ts';
import type { LearnedQuota } from '../words/learned.ts';
import type { QuotaSnapshot, StatedLimit, WindowSnapshot } from '../words/snapshot.ts';
import type { Window } from '../words/types.ts';
import type { Finding } from './finding.ts';
import { FleetPart, type Keeper } from './fleet.ts';
import { FlightLimit } from './in-flight/limit.ts';
import { Outage } from './outage/outage.ts';
import { Allowances, type DeclaredUse } from './stated.ts';
import { rolling } from './windows/declared.ts';
import { FleetLearner } from './windows/fleet-learner.ts';
import { Learner } from './windows/learner.ts';

/** Number of attempts in flight below which an outage is not blamed on overload. */
const FEW = 8;

/** Minimum time to find out whether a quota is open, in ms. */
const LEAST_TRY_MS = 25;

/** One attempt that failed with a transient error. */
export interface Fault {
  readonly sentAt: number;
  /** Identity of the call. */
  readonly call: unknown;
  readonly route: string;
  /** True if it may be a sign of server overload. */
  readonly overload: boolean;
}

/** Receives what was learned. */
export interface LearningObserver {
  learned(finding: Finding, cause: LearnedCause): void;
}

/** Everything one quota's gate learns by itself: undeclared windows, overload, outages. */
export class Adaptive {
  /** Created at the first failure: a process may have a hundred thousand quotas that never fail. */
  outage: Outage | undefined;
  readonly #random: Random;
  /**
   * Finds windows beyond the declared ones. If any are declared, it is created at the second attempt: a process may have a
   * hundred thousand quotas that are each used once.
   */
  learner: Learner | undefined;
  #declared: readonly Window[];
  /** Shares findings with the other users of the ledger; absent if the ledger is not shared. */
  fleet: FleetPart | undefined;
  /** Number of processes that share the quota; absent if the ledger is not shared. */
  #sharers: (() => number) | undefined;
  readonly #flight = new FlightLimit();
  readonly #allowances = new Allowances();
  readonly #observer: LearningObserver;
  /** Attempts sent. */
  #sent = 0;
  /** The first attempt was answered, or its permit refunded, before the learner was created. */
  #firstEnded = false;

  constructor(declared: readonly Window[], random: Random, observer: LearningObserver) {
    this.#random = random;
    this.#declared = rolling(declared);
    if (this.#declared.length === 0) this.learner = new Learner(this.#flight);
    this.#observer = observer;
  }

  /** Learns together with all others that share the ledger. */
  join(quota: string, gate: LeaseContext & LearningObserver, keeper: Keeper): void {
    const { ledger } = gate;
    if (!ledger.confer) return;
    this.#sharers = () => this.fleet?.conference.sharers ?? 1;
    this.learner = this.#make(0);
    const learner = (): FleetLearner => this.learner as FleetLearner;
    const outage = (ms: number): void => {
      this.outage ??= new Outage(this.#random);
      this.outage.told(gate.now(), ms);
    };
    const confer = (party: Party): Conference => ledger.confer?.(quota, party) as Conference;
    this.fleet = new FleetPart(learner, outage, gate, keeper, confer);
  }

  #make(unanswered: number): Learner {
    return this.#sharers
      ? new FleetLearner(this.#flight, unanswered, this.#declared, this.#sharers)
      : new Learner(this.#flight, unanswered, this.#declared);
  }

  /** Restores what an earlier run knew. */
  recall(known: LearnedQuota, now: number): void {
    this.#learning.recall(known, now);
    this.#flight.recall(known, now);
  }

  /** State from which another run can continue; `undefined` if nothing was learned. */
  known(now: number): LearnedQuota | undefined {
    const { learner } = this;
    const agreed = this.#agreed.map(({ limit, per }) => ({ limit, per }));
    const windows = [...agreed, ...(learner?.windows.map((each) => each.record(now)) ?? [])];
    const { record } = this.#flight;
    if (windows.length === 0 && !record) return undefined;
    return { at: now, ...(windows.length > 0 && { windows }), ...record };
  }

  /** Replaces the declared windows; if they differ, what was learned is void. `unanswered` attempts are in flight. */
  declare(windows: readonly Window[], unanswered: number): void {
    const declared = rolling(windows);
    const before = this.#declared;
    const same =
      declared.length === before.length &&
      declared.every(({ limit, per, of }, at) => {
        const other = before[at];
        return limit === other?.limit && per === other.per && of === other.of;
      });
    const learner = this.learner;
    this.#declared = declared;
    if (!same) this.learner = this.#make(unanswered);
    if (!this.fleet) return;
    if (!same) (this.learner as FleetLearner).inherit(learner as FleetLearner);
    this.fleet.keep();
  }

  /** Earliest moment at which an attempt may go; `Infinity` if that depends on an outcome. */
  turnAt(now: number, inFlight: number, heedOutage: boolean): number {
    const { learner, outage } = this;
    return Math.max(
      heedOutage && outage ? outage.turnAt(inFlight) : now,
      this.#flight.turnAt(now, inFlight, learner?.takenAt ?? now, this.latency),
      this.#allowances.turnAt(now, this.#sent, learner?.unanswered ?? 0),
      learner ? learner.turnAt(now) : now,
    );
  }

  /** Time that one attempt needs to find out whether a quota closed without Retry-After is open again, in ms. */
  get tryMs(): number {
    return LEAST_TRY_MS + 2 * this.latency;
  }

  /** Average round trip, in ms; 0 if unknown. */
  get latency(): number {
    return this.learner?.latency ?? 0;
  }

  /** Number of the last attempt sent, from 1. */
  get sent(): number {
    return this.#sent;
  }

  /**
   * The response to attempt `number` states what remains of the server's quotas. Returns for how many ms nothing more may be
   * sent. @param declared use of the declared windows
   */
  heard(now: number, number: number, limits: readonly RateLimit[], declared: DeclaredUse): number {
    // Of several policies of the same length, the narrowest applies.
    const windows = new Map<number, number>();
    for (const { limit, windowMs, requests } of limits) {
      if (!requests || !limit || !windowMs) continue;
      windows.set(windowMs, Math.min(limit, windows.get(windowMs) ?? Infinity));
    }
    for (const [windowMs, limit] of windows) {
      const finding = this.#learning.stated(now, limit, windowMs);
      if (finding) this.#observer.learned(finding, 'header');
    }
    if (windows.size > 0) this.fleet?.conference.look();
    return this.#allowances.heard(now, number, limits, declared);
  }

  take(now: number): void {
    this.#sent += 1;
    if (this.#sent > 1) this.#learning.take(now);
    else this.learner?.take(now);
    this.outage?.taken(now, this.latency);
  }

  answered(at: number, sentAt: number): void {
    if (this.learner) this.learner.answered(at, sentAt);
    else this.#firstEnded = true;
  }

  ended(now: number, sentAt: number): void {
    this.outage?.ended(now, sentAt);
    this.learner?.ended(now, sentAt);
  }

  refunded(now: number, sentAt: number): void {
    this.outage?.ended(now, sentAt);
    if (this.learner) this.learner.refunded(sentAt);
    else this.#firstEnded = true;
  }

  /** An attempt was answered: neither throttled nor failed. */
  served(now: number, sentAt: number, inFlight: number, waiting: number, route?: string): void {
    this.#found(this.#flight.served(now, sentAt, inFlight, waiting));
    this.fleet?.conference.served(waiting);
    // If windows are known, attempts may be queued for them rather than for capacity.
    const known = this.#declared.length > 0 || (this.learner?.windows.length ?? 0) + this.#agreed.length > 0;
    if (!known) this.#found(this.#flight.watch(now, inFlight, waiting));
    const finding = this.learner?.served(now, sentAt);
    if (finding) this.#observer.learned(finding, 'probe');
    this.#answers(route);
  }

  /** An attempt failed with a transient error. */
  failed(now: number, inFlight: number, { sentAt, call, route, overload }: Fault): void {
    this.outage ??= new Outage(this.#random);
    const { outage } = this;
    this.learner?.failed(sentAt);
    const probe = outage.probedBy(sentAt);
    const began = outage.failed(now, sentAt, call, route);
    const probesIn = began || probe ? outage.probesIn(now) : Infinity;
    if (probesIn < Infinity) this.fleet?.conference.outage(probesIn);
    // Neither an outage probe nor a broken route says anything about overload.
    const blamed = overload && !probe && !(began && inFlight < FEW) && !outage.routes.broken(route);
    if (blamed) this.#found(this.#flight.failed(now, sentAt, inFlight));
  }

  /**
   * The quota refused an attempt at `at`, which became known at `now`. Returns true if the attempt may simply be resent once
   * another has ended.
   */
  throttled(now: number, at: number, sentAt: number, waitMs: number | undefined): boolean {
    this.#answers();
    if (waitMs === undefined && this.#flight.resends(now, sentAt)) {
      this.fleet?.conference.crowded();
      return true;
    }
    this.learner?.refused(at, sentAt, waitMs);
    this.fleet?.conference.look();
    return false;
  }

  reopened(now: number, at: number, named: boolean): void {
    const finding = this.learner?.reopened(now, at, named);
    if (finding) this.#observer.learned(finding, 'throttled');
    this.fleet?.conference.look();
  }

  /** The server is up: it answered without a fault. */
  #answers(route?: string): void {
    const wasOut = this.outage?.on;
    this.outage?.served(route);
    if (wasOut) this.fleet?.conference.outage(0);
  }

  /** The limit of attempts in flight changed. */
  #found(cause: LearnedCause | undefined): void {
    if (cause) this.#observer.learned({ limit: this.#flight.limit, perMs: 0 }, cause);
  }

  get #learning(): Learner {
    this.learner ??= this.#make(this.#sent > 0 && !this.#firstEnded ? 1 : 0);
    return this.learner;
  }

  /** Windows the fleet agreed on. */
  get #agreed(): readonly Window[] {
    return this.fleet ? (this.learner as FleetLearner).agreed : [];
  }

  /** What the server last said about its limits; absent if it said nothing. */
  stated(now: number): { readonly stated: readonly StatedLimit[] } | undefined {
    const stated = this.#allowances.snapshot(now, this.#sent);
    return stated.length > 0 ? { stated } : undefined;
  }

  /** What was learned; absent if nothing was. @param agreed windows the fleet agreed on, as the gate enforces them */
  snapshot(now: number, agreed: readonly WindowSnapshot[] = []): QuotaSnapshot['learned'] {
    const windows = this.learner?.windows ?? [];
    const { limit } = this.#flight;
    if (windows.length + agreed.length === 0 && limit === Infinity && !this.outage?.on) return undefined;
    return {
      windows: [
        ...agreed,
        ...windows.map(({ limit: most, per, count }) => ({ limit: most, per, used: count.used(now) })),
      ],
      concurrency: limit === Infinity ? undefined : limit,
      outage: this.outage?.on === true,
    };
  }
}
