import type { RateLimit } from '../classify/rate-limit.ts';
import { Adaptive, type Fault, type LearningObserver } from '../learning/adaptive.ts';
import { routeOf } from '../learning/outage/routes.ts';
import type { LeaseContext } from '../ledger/context.ts';
import { WindowCount } from '../ledger/window-count.ts';
import { averaged, type Charge, REQUESTS, Windows } from '../ledger/windows.ts';
import type { Backoff } from '../policy/policy.ts';
import { CLOCK_GRAIN_MS } from '../time/clock.ts';
import type { PauseCause } from '../words/causes.ts';
import type { QuotaSnapshot } from '../words/snapshot.ts';
import type { Amounts, Outcome, QuotaRef } from '../words/types.ts';
import type { Drawn, Priced } from './admitter.ts';
import type { GateContext } from './context.ts';
import { NearLimit } from './near-limit.ts';
import { NEVER_PAUSED, Pause } from './pause.ts';
import { Tariff } from './tariff.ts';

/**
 * One quota's limits and their state, without a queue: decides when the next attempt may go. Its restraints:
 * attempts in flight, pause, learned limits, declared windows.
 */
export class Quota {
  readonly windows: Windows;
  /** Attempts in flight; its capacity is the concurrency limit. */
  readonly flight: WindowCount;
  /** Absent if learning is off. */
  readonly adaptive: Adaptive | undefined;
  /** Created when the quota first closes: there may be a hundred thousand quotas. */
  pause: Pause = NEVER_PAUSED;
  readonly #context: GateContext;
  /** Its definition. */
  ref: QuotaRef;
  /** Absent if an attempt costs one request and nothing else. */
  tariff: Tariff | undefined;
  /** Time from sending to the end, in ms: a moving average; negative before the first. */
  heldMs = -1;
  /** Absent if the use of windows need not be reported. */
  #nearLimit: NearLimit | undefined;

  constructor(ref: QuotaRef, context: GateContext, gate: LeaseContext & LearningObserver) {
    const { key, windows, concurrency } = ref;
    this.ref = ref;
    this.#context = context;
    this.tariff = Tariff.of(ref, this.#context.warn);
    this.#nearLimit = NearLimit.of(ref, this, this.#context.near);
    this.windows = new Windows(key, windows, gate);
    this.flight = new WindowCount(0, concurrency ?? Infinity);
    if (!context.adaptive) return;
    this.adaptive = new Adaptive(windows, context.random, gate);
    this.adaptive.join(key, gate, {
      keep: (agreed, joining) => this.windows.replace([...this.ref.windows, ...agreed], joining),
      full: (now) => this.windows.full(now),
    });
    const known = context.known?.get(key);
    if (known) this.adaptive.recall(known, context.clock.now());
  }

  /** What an attempt is charged; absent if it costs one request and nothing else. */
  charge(ask: Priced): Charge | undefined {
    if (this.tariff) {
      const charge = this.tariff.charge(ask, true);
      // The guessed margin guards against concurrent attempts: a lone attempt does not wait for it.
      if (!this.tariff.isCorrected || this.flight.used(0) > 0) return charge;
      const now = this.#context.clock.now();
      return this.windows.turnAt(now, charge) <= now ? charge : this.tariff.charge(ask, false);
    }
    if (ask.cost?.requests === undefined && ask.usual?.requests === undefined) return undefined;
    return this.#weighed().charge(ask, true);
  }

  /** Fraction of its scarcest limit that an attempt takes. */
  share(charge?: Charge): number {
    return Math.max(1 / this.flight.capacity, this.windows.share(charge));
  }

  /** A charged attempt is sent. */
  charged(ask: Priced): void {
    this.tariff?.taken(ask);
  }

  /** The error if an attempt can never go; `undefined` if it can. */
  refusal(ask: Priced): Error | undefined {
    const tariff = ask.cost?.requests === undefined ? this.tariff : this.#weighed();
    return tariff?.refusal(ask);
  }

  /** Whether it reads the amounts spent from outcomes. */
  get readsSpent(): boolean {
    return this.tariff !== undefined && this.ref.spent !== undefined;
  }

  /** Amounts that an outcome says were spent. */
  read(outcome: Outcome): Amounts | undefined {
    return this.tariff?.read(outcome);
  }

  /** Corrects an attempt's charge to the amounts spent. */
  spent(
    now: number,
    charge: Charge,
    ask: Priced,
    amounts: Amounts,
    answeredAt?: number,
    endedAt?: number,
  ): void {
    for (const [unit, by] of this.tariff?.corrected(ask, charge, amounts) ?? [])
      this.windows.correct(unit, by, now, unit === REQUESTS ? answeredAt : endedAt);
    this.#nearLimit?.look(now);
  }

  /** Number of the last attempt sent. */
  get sent(): number {
    return this.adaptive?.sent ?? 0;
  }

  /** The earliest moment at which the next attempt may go; `Infinity` if it waits for an event. */
  turnAt(now: number, charge?: Charge, heedOutage = true): number {
    const inFlight = this.flight.used(now);
    if (this.pause.doubts > 0 || inFlight + 1 > this.flight.capacity || this.adaptive?.fleet?.held)
      return Infinity;
    const turn = Math.max(this.pause.nextAt, this.windows.turnAt(now, charge));
    return this.adaptive ? Math.max(turn, this.adaptive.turnAt(now, inFlight, heedOutage)) : turn;
  }

  /** Whether an attempt may go in an outage: its route has not failed, and nothing else holds it. */
  exempts(request: Priced['request'], now: number, charge?: Charge): boolean {
    return this.exemptAt(now, charge) <= now && this.adaptive?.outage?.exempts(request, now) === true;
  }

  /** The earliest moment at which such an attempt may go; `Infinity` without an outage. */
  exemptAt(now: number, charge?: Charge): number {
    const outage = this.adaptive?.outage;
    return outage?.on ? Math.max(this.turnAt(now, charge, false), outage.exemptAt) : Infinity;
  }

  /** The earliest moment at which the last of `count` attempts can go: a lower bound. */
  expectedAt(count: number, now: number, charge?: Charge): number {
    return Math.max(this.pause.opensAt, this.windows.freeAt(count, now, charge));
  }

  /** Whether the last of `count` attempts waits for more than a permit on its way from the ledger. */
  holds(count: number, now: number): boolean {
    if (this.pause.doubts > 0 || this.flight.free(now) < count || this.pause.nextAt > now) return true;
    if (this.windows.isLate(now)) return true;
    return this.adaptive !== undefined && this.adaptive.turnAt(now, this.flight.used(now), true) > now;
  }

  /** The body of a refusal that would close it until `until` is being read; 0: one such body was read. */
  doubted(until: number): void {
    this.#ownPause().doubted(until);
  }

  /** ms until the pause ends; one clock tick while a refusal is being read; 0 if the quota is open. */
  reopensIn(now: number): number {
    return Math.max(0, this.pause.opensAt - now, this.pause.doubts > 0 ? CLOCK_GRAIN_MS : 0);
  }

  /** An attempt is sent. Returns its sequence number within this quota. */
  take(now: number, charge?: Charge): number {
    this.#nearLimit?.look(now);
    this.windows.take(now, now, charge);
    this.flight.take();
    this.pause.taken(now, this.adaptive?.learner?.latency ?? 0);
    this.adaptive?.take(now);
    this.#nearLimit?.look(now);
    return this.sent;
  }

  /** The head of an attempt's response arrived. */
  answered(at: number, sentAt: number, charge?: Charge): void {
    this.windows.give(at, sentAt, charge);
    this.adaptive?.answered(at, sentAt);
  }

  /** An attempt ended. */
  ended(now: number, { takenAt, charge, admitted }: Drawn): void {
    this.flight.refund();
    this.heldMs = averaged(this.heldMs, now - takenAt);
    if (charge) this.windows.finish(now, takenAt, charge);
    if (!admitted) return;
    this.pause.ended(takenAt);
    this.adaptive?.ended(now, takenAt);
  }

  /** An attempt was never sent. */
  refunded(now: number, sentAt: number, charge?: Charge): void {
    this.leave(now, sentAt, charge);
    this.pause.ended(sentAt);
    this.adaptive?.refunded(now, sentAt);
  }

  /** Also counts an attempt in flight that another quota admitted; nothing is learned from it here. */
  join(now: number, sentAt: number, answered: boolean, charge?: Charge): void {
    this.windows.take(now, sentAt, charge);
    this.flight.take();
    if (answered) this.windows.give(now, sentAt, charge);
  }

  /** An attempt that had joined was never sent. */
  leave(now: number, sentAt: number, charge?: Charge): void {
    this.windows.refund(now, sentAt, charge);
    this.flight.refund();
  }

  /**
   * An attempt sent at `sentAt` was answered, neither throttled nor failed, while `waiting` attempts waited.
   */
  served(now: number, sentAt: number, waiting: number, request: Priced['request']): void {
    const { outage } = this.adaptive ?? {};
    const route = request && outage?.routes.failing ? routeOf(request) : undefined;
    this.adaptive?.served(now, sentAt, this.flight.used(now), waiting, route);
    const probeAt = this.pause.served(sentAt);
    if (probeAt !== undefined) this.adaptive?.reopened(now, probeAt, false);
  }

  /** An attempt ended in a fault. */
  failed(now: number, fault: Fault): void {
    this.adaptive?.failed(now, this.flight.used(now), fault);
  }

  /** The server states what is left. Returns how long nothing more may be sent, in ms. */
  heard(now: number, number: number, limits: readonly RateLimit[]): number {
    this.#nearLimit?.heard(now, limits);
    return this.adaptive?.heard(now, number, limits, this.windows.uses(now)) ?? 0;
  }

  /**
   * An attempt was throttled at `at`, as is known since `now`. Returns how long to close from now, in ms;
   * `undefined` if this is nothing new.
   */
  throttled(
    now: number,
    at: number,
    sentAt: number,
    retryAfterMs: number | undefined,
    backoff: Backoff,
  ): number | undefined {
    if (this.adaptive?.throttled(now, at, sentAt, retryAfterMs)) return undefined;
    const silentMs = this.adaptive?.learner?.silentWait(at, backoff.baseMs / 2);
    const ms = this.#ownPause().judge(at, sentAt, retryAfterMs, backoff, silentMs);
    // If reading took longer than the wait, close for a moment anyway: the learners take a closing to end by
    // its reopening.
    return ms && Math.max(ms - (now - at), Math.min(ms, CLOCK_GRAIN_MS));
  }

  /** Closes for `ms`; false if it is already closed for longer. */
  close(now: number, ms: number, cause: PauseCause, silent?: boolean): boolean {
    return this.#ownPause().close(now, ms, cause, silent);
  }

  /** The pause is over, with `waiting` attempts queued. */
  reopen(now: number, waiting: number): void {
    const { serverPause } = this.pause;
    this.pause.reopen(now, waiting);
    if (serverPause && !serverPause.silent) this.adaptive?.reopened(now, serverPause.until, true);
  }

  /** Replaces the limits; usage under the old ones still counts. */
  relimit(ref: QuotaRef): void {
    this.ref = ref;
    this.tariff = Tariff.of(ref, this.#context.warn, this.tariff);
    this.#nearLimit = NearLimit.of(ref, this, this.#context.near);
    if (!this.adaptive?.fleet) this.windows.replace(ref.windows);
    this.flight.capacity = ref.concurrency ?? Infinity;
    this.adaptive?.declare(ref.windows, this.windows.unanswered);
  }

  /** ms until the next probe, if the server is out. */
  probeIn(now: number): number | undefined {
    const outage = this.adaptive?.outage;
    return outage?.on ? Math.max(0, outage.turnAt(this.flight.used(now)) - now) : undefined;
  }

  /** True when nothing would be lost by forgetting this quota. */
  idle(now: number): boolean {
    return now >= this.pause.opensAt && this.flight.used(now) === 0 && this.windows.idle(now);
  }

  snapshot(now: number): Omit<QuotaSnapshot, 'key' | 'queued'> {
    return {
      windows: this.windows.snapshot(now),
      concurrency: this.flight.capacity === Infinity ? undefined : this.flight.capacity,
      inFlight: this.flight.used(now),
      pausedUntil: this.reopensIn(now) > 0 ? Math.max(this.pause.until, this.pause.doubtedUntil) : undefined,
      learned: this.adaptive?.snapshot(now, this.windows.snapshot(now, true)),
      ...this.adaptive?.stated(now),
    };
  }

  /** The tariff; created if need be, for attempts that may cost more than one request. */
  #weighed(): Tariff {
    this.tariff ??= new Tariff(this.ref, this.#context.warn);
    return this.tariff;
  }

  #ownPause(): Pause {
    if (this.pause === NEVER_PAUSED) this.pause = new Pause(this.#context.random);
    return this.pause;
  }
}
