import type { RateLimit } from '../classify/rate-limit.ts';
import type { Fault, LearningObserver } from '../learning/adaptive.ts';
import type { Finding } from '../learning/finding.ts';
import type { LeaseContext } from '../ledger/context.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { CLOCK_GRAIN_MS } from '../ledger/window-count.ts';
import type { Backoff } from '../policy/policy.ts';
import { Alarm } from '../time/alarm.ts';
import type { Schedule } from '../time/schedule.ts';
import type { LearnedCause, PauseCause } from '../words/causes.ts';
import type { QuotaSnapshot } from '../words/snapshot.ts';
import type { QuotaRef } from '../words/types.ts';
import { Backlog } from './backlog.ts';
import type { GateContext } from './context.ts';
import { type Ask, Permit, Place } from './permit.ts';
import type { Line, Linked } from './queue.ts';
import { Quota } from './quota.ts';
import { Budget } from './retry-budget.ts';

/**
 * The gate of one quota: hands out permits in order, while the quota lets attempts go.
 *
 * An uncontended permit is given synchronously. Otherwise the attempt gets a {@link Place} in the queue, and one
 * law moves the queue on: {@link Quota.turnAt}, the earliest moment at which its first may go.
 */
export class Gate implements LeaseContext, LearningObserver, Linked {
  readonly key: string;
  /** Of what its retries after faults may cost. */
  readonly budget: Budget;
  /** The quota was removed: what is in use is seen to its end. */
  retired = false;
  /** @internal It was drawn on since it was last examined whether to forget it. */
  drawnOn = false;
  // As Linked:
  previous: Linked | undefined;
  next: Linked | undefined;
  line: Line<Linked> | undefined;
  readonly #context: GateContext;
  readonly #quota: Quota;
  readonly #backlog: Backlog;
  // What only some quotas come to need is made when they do: there may be a hundred thousand.
  /** When the first in line may go. */
  #wake: Alarm | undefined;
  #reopening: Alarm | undefined;
  /** Facts are being told that belong together; `Infinity` once the gate is closed, when nothing goes any more. */
  #telling = 0;
  /** What was told last is not the whole of it: nothing goes in this moment on its account. */
  #unread = false;

  constructor(ref: QuotaRef, context: GateContext) {
    this.key = ref.key;
    this.#context = context;
    this.#backlog = new Backlog(context);
    this.budget = new Budget(context.clock.now());
    this.#quota = new Quota(ref, context, this);
  }

  /** A permit, or a place in line, `from` elsewhere. Throws `QueueFullError`, or `ask.late` for one in vain. */
  acquire(ask: Ask, now: number = this.#context.clock.now(), from?: Place): Permit | Place {
    const quota = this.#quota;
    if (this.#reopening?.isSet && now >= quota.pause.opensAt) this.#reopen();
    const failure = quota.windows.failure;
    if (failure) throw failure;
    if (this.#backlog.length === 0 && quota.turnAt(now) <= now) return this.#take(ask, now);
    if (quota.exempts(ask.request, now)) return this.#take(ask, now);

    const place = this.#backlog.ahead(ask) + 1;
    const expectedMs = quota.expectedAt(place, now) - now;
    if (now + expectedMs > ask.deadlineAt) throw ask.late(expectedMs);
    const held = expectedMs > 0 || quota.holds(place, now);
    // A place that moves has had room all along; one that only the ledger's answer keeps waiting takes none.
    if (held && !from) this.#backlog.reserve();
    const standing = from ?? new Place(ask);
    standing.stand(this, expectedMs, held);
    this.#backlog.push(standing);
    this.#pump(now);
    return standing;
  }

  /** Tells several facts as one: the queue moves on once all are known, so a refusal lets nothing go in its moment. */
  together<T>(tell: () => T): T {
    this.#telling += 1;
    try {
      return tell();
    } finally {
      this.#telling -= 1;
      this.#pump();
    }
  }

  /** @internal What was told last is not the whole of it. */
  unread(): void {
    this.#unread = true;
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
    const ms = this.#quota.throttled(this.now(), sentAt, retryAfterMs, backoff);
    if (ms === undefined || !this.pause(ms, cause)) return undefined;
    this.#context.closed(this.key, ms);
    return this.#quota.pause.until;
  }

  /** Closes for `ms`, unless it is closed for longer already. */
  pause(ms: number, cause: PauseCause): boolean {
    const now = this.now();
    if (!this.#quota.close(now, ms, cause)) return false;
    const { until, opensAt } = this.#quota.pause;
    this.#reopening ??= new Alarm(this.schedule, false, () => this.#reopen());
    this.#reopening.set(opensAt);
    this.#backlog.dismissBefore(until, now);
    this.#pump(now);
    return true;
  }

  /** An attempt sent at `sentAt` was answered, and neither throttled nor at fault. */
  served(sentAt: number, request?: Ask['request'], now: number = this.#context.clock.now()): void {
    this.#quota.served(now, sentAt, this.#backlog.length, request);
    this.#pump(now);
  }

  /** The server states what is left of its quotas, in its answer to the attempt of this number. */
  heard(number: number, limits: readonly RateLimit[]): void {
    const ms = this.#quota.heard(this.now(), number, limits);
    if (ms > 0 && this.pause(ms, 'header')) this.#context.held(this.key, this.#quota.pause.until);
  }

  /** An attempt failed for a fault. */
  failed(fault: Fault): void {
    const now = this.now();
    this.#quota.failed(now, fault);
    this.#pump(now);
  }

  /** Takes one retry from the budget; false when none is left. In an outage the gate paces them by itself. */
  withdraw(share: number): boolean {
    return this.#quota.adaptive?.outage.on || this.budget.withdraw(share, this.now());
  }

  /** The quota's limits are others from now on; what was used of the old ones counts on. */
  relimit(ref: QuotaRef): void {
    this.#quota.relimit(ref);
    this.#pump();
  }

  /** ms until the quota admits again after a pause; 0 when it is open. */
  reopensIn(now: number): number {
    return Math.max(0, this.#quota.pause.opensAt - now);
  }

  /** True when nothing would be lost by forgetting this quota. */
  idle(now: number): boolean {
    return this.#backlog.length === 0 && this.#quota.idle(now);
  }

  snapshot(): QuotaSnapshot {
    return { key: this.key, queued: this.#backlog.length, ...this.#quota.snapshot(this.now()) };
  }

  /** Takes all that wait out of the line, in order. */
  vacate(): Place[] {
    const places = this.#backlog.vacate();
    this.#pump();
    return places;
  }

  /** Rejects all that wait, and ends the leases. */
  async close(error: Error): Promise<void> {
    this.#telling = Infinity;
    this.#wake?.clear();
    this.#reopening?.clear();
    this.#backlog.dismissAll(error);
    await this.#quota.windows.close();
  }

  // As LeaseContext and LearningObserver:
  get ledger(): Ledger {
    return this.#context.ledger;
  }

  get schedule(): Schedule {
    return this.#context.schedule;
  }

  now(): number {
    return this.#context.clock.now();
  }

  learned(finding: Finding, cause: LearnedCause): void {
    this.#context.learned(this.key, finding, cause);
  }

  /** The ledger granted or lost permits. */
  changed(): void {
    this.#pump();
  }

  /** @internal The response to a permit's attempt came. */
  answered({ gate, takenAt }: Permit, at: number): void {
    if (gate === this) this.#quota.answered(at, takenAt);
    else this.#quota.windows.give(at, takenAt);
    const slowness = this.#backlog.length > 0 ? this.#quota.slowness() : undefined;
    if (slowness) this.#context.warn('latency-bound', slowness, this.key);
    this.#pump(at);
  }

  /** @internal A permit's attempt is over. */
  ended(permit: Permit, now: number): void {
    if (permit.gate === this) {
      this.#context.inUse.remove(permit);
      this.#quota.ended(now, permit.takenAt);
    } else this.#quota.flight.refund();
    this.#pump(now);
  }

  /** @internal A permit was not used. */
  refunded(permit: Permit): void {
    const now = this.now();
    if (permit.gate === this) {
      this.#context.inUse.remove(permit);
      this.#quota.refunded(now, permit.takenAt);
    } else this.#quota.leave(now, permit.takenAt);
    this.#pump(now);
  }

  /** @internal An attempt in flight that another gate admitted counts here too. */
  joined({ takenAt }: Permit, answered: boolean): void {
    this.#quota.join(this.now(), takenAt, answered);
  }

  /** @internal A place is given up; false when it had left before. */
  left(place: Place): boolean {
    if (!this.#backlog.remove(place)) return false;
    this.#pump();
    return true;
  }

  #take(ask: Ask, now: number): Permit {
    const permit = new Permit(this, ask, now, this.#quota.take(now));
    this.#context.inUse.push(permit);
    return permit;
  }

  /** Lets one waiting attempt go that need not wait for the end of an outage. Returns the moment to look again. */
  #exemptOne(now: number): number {
    const turn = this.#quota.exemptAt(now);
    if (turn > now) return turn;
    const place = this.#backlog.pick(({ request }) => this.#quota.exempts(request, now));
    if (!place) return Infinity;
    place.grant(this.#take(place.ask, now));
    return this.#quota.exemptAt(now);
  }

  #pump(now: number = this.#context.clock.now()): void {
    if (this.#telling > 0) return;
    const { windows, pause } = this.#quota;
    const earliest = this.#unread ? now + CLOCK_GRAIN_MS : now;
    this.#unread = false;
    windows.want(this.#backlog.length);
    const failure = this.#backlog.length > 0 ? windows.failure : undefined;
    if (failure) this.#backlog.dismissAll(failure);
    let turn = Infinity;
    while (this.#backlog.length > 0) {
      turn = Math.max(earliest, this.#quota.turnAt(now));
      if (turn > now) break;
      const place = this.#backlog.shift();
      place.grant(this.#take(place.ask, now));
      pause.released();
    }
    if (this.#backlog.length > 0 && earliest === now) turn = Math.min(turn, this.#exemptOne(now));
    if (this.#backlog.length > 0) {
      this.#wake ??= new Alarm(this.schedule, true, () => this.#awake());
      this.#wake.set(turn);
    } else {
      pause.cleared();
      this.#wake?.clear();
    }
  }

  #awake(): void {
    if (this.#reopening?.isSet && this.now() >= this.#quota.pause.opensAt) this.#reopen();
    else this.#pump();
  }

  #reopen(): void {
    this.#reopening?.clear();
    const { until, cause } = this.#quota.pause;
    this.#quota.reopen(this.now(), this.#backlog.length);
    this.#context.resumed(this.key, until, cause);
    this.#pump();
  }
}
