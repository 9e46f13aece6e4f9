import type { RateLimit } from '../classify/rate-limit.ts';
import { Adaptive, type Fault, type Finding, type LearningObserver } from '../learning/adaptive.ts';
import { routeOf } from '../learning/outage/routes.ts';
import type { LeaseContext } from '../ledger/context.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { WindowCount } from '../ledger/window-count.ts';
import { Windows } from '../ledger/windows.ts';
import type { Backoff } from '../policy/policy.ts';
import { Alarm } from '../time/alarm.ts';
import type { Schedule } from '../time/schedule.ts';
import type { LearnedCause, PauseCause } from '../words/causes.ts';
import type { QuotaSnapshot } from '../words/snapshot.ts';
import type { QuotaRef } from '../words/types.ts';
import { Backlog } from './backlog.ts';
import type { GateContext } from './context.ts';
import { NEVER_PAUSED, Pause } from './pause.ts';
import { type Ask, Permit, Place } from './permit.ts';
import type { Line, Linked } from './queue.ts';
import { Budget } from './retry-budget.ts';

/**
 * The gate of one quota: hands out permits in order, while no window is full and no pause is on.
 *
 * An uncontended permit is given synchronously. Otherwise the attempt gets a {@link Place} in the queue, and one
 * law moves the queue on: {@link Gate.turnAt}, the earliest moment at which its first may go.
 */
export class Gate implements LeaseContext, LearningObserver, Linked {
  readonly key: string;
  /** Of what its retries after faults may cost. */
  readonly budget: Budget;
  /** The quota is none any more: what is in use is seen to its end. */
  retired = false;
  /** @internal It was drawn on since it was last examined whether to forget it. */
  drawnOn = false;
  /** @internal */
  previous: Linked | undefined;
  /** @internal */
  next: Linked | undefined;
  /** @internal */
  line: Line<Linked> | undefined;
  readonly #context: GateContext;
  readonly #windows: Windows;
  /** Attempts in flight; its capacity is the concurrency limit. */
  readonly #flight: WindowCount;
  readonly #backlog: Backlog;
  /** Absent where nothing is to be learned. */
  readonly #adaptive: Adaptive | undefined;
  // What only some quotas come to need is made when they do: there may be a hundred thousand.
  #pause: Pause = NEVER_PAUSED;
  /** When the first in line may go. */
  #wake: Alarm | undefined;
  #reopening: Alarm | undefined;
  #closed = false;
  /** Facts are being told that belong together. */
  #telling = 0;

  constructor(ref: QuotaRef, context: GateContext) {
    this.key = ref.key;
    this.#context = context;
    this.#backlog = new Backlog(context);
    this.budget = new Budget(context.clock.now());
    this.#windows = new Windows(ref.key, ref.windows, this);
    this.#flight = new WindowCount(0, ref.concurrency ?? Infinity);
    if (!context.adaptive) return;
    this.#adaptive = new Adaptive(ref.windows.length > 0, context.random, this);
  }

  /** A permit, or a place in line, `from` elsewhere. Throws `QueueFullError`, or `ask.late` for one in vain. */
  acquire(ask: Ask, now: number = this.#context.clock.now(), from?: Place): Permit | Place {
    if (this.#reopening?.isSet && now >= this.#pause.opensAt) this.#reopen();
    const failure = this.#windows.failure;
    if (failure) throw failure;
    if (this.#backlog.length === 0 && this.#turnAt(now) <= now) return this.#take(now);
    if (this.#exempt(ask.request, now)) return this.#take(now);

    const expectedMs = this.#expectedAt(ask, now) - now;
    if (now + expectedMs > ask.deadlineAt) throw ask.late(expectedMs);
    const held = expectedMs > 0 || this.#holds(ask, now);
    // A place that moves has had room all along; one that only the ledger's answer keeps waiting takes none.
    if (held && !from) this.#backlog.reserve();
    const place = from ?? new Place(ask);
    place.stand(this, expectedMs, held);
    this.#backlog.push(place);
    this.#pump(now);
    return place;
  }

  /**
   * Tells the gate several facts as one: the queue moves on when all of them are known. What a response says of its quota
   * is told with the response, so a refusal lets nothing go in the moment it comes.
   */
  together<T>(tell: () => T): T {
    this.#telling += 1;
    try {
      return tell();
    } finally {
      this.#telling -= 1;
      this.#pump();
    }
  }

  /**
   * An attempt of this quota was throttled: closes it for the wait that the server named, or for one of ours.
   * Returns the moment of reopening, when this moved it.
   */
  throttled(
    sentAt: number,
    retryAfterMs: number | undefined,
    cause: PauseCause,
    backoff: Backoff,
  ): number | undefined {
    const now = this.#context.clock.now();
    if (this.#adaptive?.throttled(now, sentAt, retryAfterMs)) return undefined;
    const silentMs = this.#adaptive?.learner?.silentWait(now, backoff.baseMs / 2);
    const ms = this.#ownPause().judge(now, sentAt, retryAfterMs, backoff, silentMs);
    if (ms === undefined || !this.pause(ms, cause)) return undefined;
    this.#context.closed(this.key, ms);
    return this.#pause.until;
  }

  /** Closes for `ms`, unless it is closed for longer already. */
  pause(ms: number, cause: PauseCause): boolean {
    const now = this.#context.clock.now();
    if (!this.#ownPause().close(now, ms, cause)) return false;
    const { until, opensAt } = this.#pause;
    this.#reopening ??= new Alarm(this.#context.schedule, false, () => this.#reopen());
    this.#reopening.set(opensAt);
    this.#backlog.dismissBefore(until, now);
    this.#pump(now);
    return true;
  }

  /** An attempt sent at `sentAt` was answered, and neither throttled nor at fault. */
  served(sentAt: number, request?: Ask['request'], now: number = this.#context.clock.now()): void {
    const { outage } = this.#adaptive ?? {};
    const route = request && outage?.routes.failing ? routeOf(request) : undefined;
    this.#adaptive?.served(now, sentAt, this.#flight.used(now), this.#backlog.length, route);
    const trialAt = this.#pause.served(sentAt);
    if (trialAt !== undefined) this.#adaptive?.reopened(now, trialAt, false);
    this.#pump(now);
  }

  /** The server states what is left of its quotas, in its answer to the attempt of this number. */
  heard(number: number, limits: readonly RateLimit[]): void {
    const { clock, held } = this.#context;
    const now = clock.now();
    const ms = this.#adaptive?.heard(now, number, limits) ?? 0;
    if (ms > 0 && this.pause(ms, 'header')) held(this.key, this.#pause.until);
  }

  /** An attempt failed for a fault. */
  failed(fault: Fault): void {
    const now = this.#context.clock.now();
    this.#adaptive?.failed(now, this.#flight.used(now), fault);
    this.#pump(now);
  }

  /** Takes one retry from the budget; false when none is left. In an outage the gate paces them by itself. */
  withdraw(share: number): boolean {
    return this.#adaptive?.outage.on || this.budget.withdraw(share, this.#context.clock.now());
  }

  /** The quota's limits are others from now on; what was used of the old ones counts on. */
  relimit(ref: QuotaRef): void {
    this.#windows.replace(ref.windows);
    this.#flight.capacity = ref.concurrency ?? Infinity;
    this.#adaptive?.declare(ref.windows.length > 0, this.#windows.unanswered);
    this.#pump();
  }

  /** ms until the quota admits again after a pause; 0 when it is open. */
  reopensIn(now: number): number {
    return Math.max(0, this.#pause.opensAt - now);
  }

  /** True when nothing would be lost by forgetting this quota. */
  idle(now: number): boolean {
    if (this.#backlog.length > 0 || now < this.#pause.opensAt) return false;
    return this.#flight.used(now) === 0 && this.#windows.idle(now);
  }

  snapshot(): QuotaSnapshot {
    const now = this.#context.clock.now();
    const { capacity } = this.#flight;
    return {
      key: this.key,
      windows: this.#windows.snapshot(now),
      concurrency: capacity === Infinity ? undefined : capacity,
      inFlight: this.#flight.used(now),
      queued: this.#backlog.length,
      pausedUntil: now < this.#pause.opensAt ? this.#pause.until : undefined,
      learned: this.#adaptive?.snapshot(now),
    };
  }

  /** Takes all who wait out of the line, in order. */
  vacate(): Place[] {
    const places = this.#backlog.vacate();
    this.#pump();
    return places;
  }

  /** Rejects all who wait, and ends the leases. */
  async close(error: Error): Promise<void> {
    this.#closed = true;
    this.#wake?.clear();
    this.#reopening?.clear();
    this.#backlog.dismissAll(error);
    await this.#windows.close();
  }

  /** @internal */
  get ledger(): Ledger {
    return this.#context.ledger;
  }

  /** @internal */
  get schedule(): Schedule {
    return this.#context.schedule;
  }

  /** @internal */
  now(): number {
    return this.#context.clock.now();
  }

  /** @internal */
  learned(finding: Finding, cause: LearnedCause): void {
    this.#context.learned(this.key, finding, cause);
  }

  /** @internal The ledger granted or lost permits. */
  changed(): void {
    this.#pump();
  }

  /** @internal A permit's response came. */
  answered(at: number, sentAt: number): void {
    this.#windows.give(at);
    this.#adaptive?.answered(at, sentAt);
    this.#pump(at);
  }

  /** @internal A permit's attempt is over. */
  ended({ takenAt }: Permit, now: number): void {
    this.#flight.refund();
    this.#pause.ended(takenAt);
    this.#adaptive?.ended(now, takenAt);
    this.#pump(now);
  }

  /** @internal A permit was not used. */
  refunded({ takenAt }: Permit): void {
    this.#windows.refund();
    this.#flight.refund();
    this.#pause.ended(takenAt);
    this.#adaptive?.refunded(this.#context.clock.now());
    this.#pump();
  }

  /** @internal A place is given up; false when it had left before. */
  left(place: Place): boolean {
    if (!this.#backlog.remove(place)) return false;
    this.#pump();
    return true;
  }

  #ownPause(): Pause {
    if (this.#pause === NEVER_PAUSED) this.#pause = new Pause(this.#context.random);
    return this.#pause;
  }

  #take(now: number): Permit {
    this.#windows.take(now);
    this.#flight.take();
    this.#pause.taken(now, this.#adaptive?.learner?.latency ?? 0);
    this.#adaptive?.take(now);
    return new Permit(this, now, this.#adaptive?.sent ?? 0);
  }

  /** A call of a route that has not failed need not wait for an outage to end, if nothing else holds it up. */
  #exempt(request: Ask['request'], now: number): boolean {
    const outage = this.#adaptive?.outage;
    return outage?.on === true && this.#turnAt(now, false) <= now && outage.exempts(request, now);
  }

  /** The same for one who waits already. Returns the moment to look again. */
  #exemptOne(now: number): number {
    const { outage } = this.#adaptive as Adaptive;
    const turn = Math.max(this.#turnAt(now, false), outage.exemptAt);
    if (turn > now) return turn;
    const place = this.#backlog.pick(({ request }) => outage.exempts(request, now));
    if (!place) return Infinity;
    place.grant(this.#take(now));
    return outage.exemptAt;
  }

  /** The earliest moment at which the first in line may go; `Infinity` when only an event can tell. */
  #turnAt(now: number, heedOutage = true): number {
    if (this.#flight.free(now) < 1) return Infinity;
    let turn = Math.max(now, this.#pause.nextAt);
    if (this.#adaptive) turn = Math.max(turn, this.#adaptive.turnAt(now, this.#flight.used(now), heedOutage));
    return Math.max(turn, this.#windows.turnAt(now));
  }

  /** Something keeps attempts waiting: more than a permit that is on its way from the ledger. */
  #holds(ask: Ask, now: number): boolean {
    if (this.#flight.free(now) <= this.#backlog.ahead(ask) || this.#pause.nextAt > now) return true;
    if (this.#windows.isLate(now)) return true;
    return this.#adaptive !== undefined && this.#adaptive.turnAt(now, this.#flight.used(now), true) > now;
  }

  /** The earliest moment at which a newcomer can go: a lower bound, for waits in vain. */
  #expectedAt(ask: Ask, now: number): number {
    const place = this.#backlog.ahead(ask) + 1;
    return Math.max(this.#pause.opensAt, this.#windows.freeAt(place, now));
  }

  #pump(now: number = this.#context.clock.now()): void {
    if (this.#closed || this.#telling > 0) return;
    this.#windows.want(this.#backlog.length);
    const failure = this.#backlog.length > 0 ? this.#windows.failure : undefined;
    if (failure) this.#backlog.dismissAll(failure);
    let turn = Infinity;
    while (this.#backlog.length > 0) {
      turn = this.#turnAt(now);
      if (turn > now) break;
      this.#backlog.shift().grant(this.#take(now));
      this.#pause.released();
    }
    if (this.#backlog.length > 0 && this.#adaptive?.outage.on) turn = Math.min(turn, this.#exemptOne(now));
    if (this.#backlog.length > 0) {
      this.#wake ??= new Alarm(this.#context.schedule, true, () => this.#awake());
      this.#wake.set(turn);
    } else {
      this.#pause.cleared();
      this.#wake?.clear();
    }
  }

  #awake(): void {
    if (this.#reopening?.isSet && this.#context.clock.now() >= this.#pause.opensAt) this.#reopen();
    else this.#pump();
  }

  #reopen(): void {
    this.#reopening?.clear();
    const now = this.#context.clock.now();
    const { until, cause } = this.#pause;
    this.#pause.reopen(now, this.#backlog.length);
    if (cause !== 'backoff') this.#adaptive?.reopened(now, until, true);
    this.#context.resumed(this.key, until, cause);
    this.#pump();
  }
}
