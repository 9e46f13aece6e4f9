import type { Clock } from '../clock.ts';
import { QueueFullError } from '../errors.ts';
import type { PauseCause } from '../events/types.ts';
import type { Random } from '../policy/backoff.ts';
import { Budget } from '../policy/budget.ts';
import type { Backoff } from '../policy/policy.ts';
import type { QuotaRef } from '../types.ts';
import { type LeaseContext, Leases } from './leases.ts';
import type { Ledger } from './ledger.ts';
import { Pause } from './pause.ts';
import { type Ask, Permit, Place } from './permit.ts';
import { Queue } from './queue.ts';
import type { Entry, Schedule } from './schedule.ts';
import { WindowCount } from './window-count.ts';

/** Room for waiting attempts, shared by all gates of one `headgate()`. */
export interface Room {
  readonly most: number;
  taken: number;
}

/** What every gate of one `headgate()` shares. */
export interface GateContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly schedule: Schedule;
  readonly ledger: Ledger;
  readonly room: Room;
  /** The pause of this quota ended. */
  readonly resumed: (quota: string, untilMs: number, cause: PauseCause) => void;
}

/** State of one quota, as `gate.quotas()` shows it. */
export interface QuotaSnapshot {
  readonly key: string;
  readonly windows: readonly { readonly limit: number; readonly per: number; readonly used: number }[];
  /** Most attempts in flight at once; absent when unlimited. */
  readonly concurrency?: number | undefined;
  readonly inFlight: number;
  readonly queued: number;
  /** Moment of reopening; Unix ms on the gate's clock; absent while open. */
  readonly pausedUntil?: number | undefined;
}

/**
 * The gate of one quota: hands out permits in order, while no window is full and no pause is on.
 *
 * An uncontended permit is given synchronously. Otherwise the attempt gets a {@link Place} in the queue, and one
 * law moves the queue on: {@link Gate.turnAt}, the earliest moment at which its first may go.
 */
export class Gate {
  readonly key: string;
  readonly budget: Budget;
  readonly #context: GateContext;
  readonly #windows: readonly Leases[];
  /** Attempts in flight; its capacity is the concurrency limit. */
  readonly #flight: WindowCount;
  readonly #queue = new Queue<Place>();
  /** No place in the queue has an earlier deadline than this. */
  #earliestDeadline = Infinity;
  #wake: Entry | undefined;
  readonly #pause: Pause;
  #reopening: Entry | undefined;
  #closed = false;

  constructor(ref: QuotaRef, context: GateContext) {
    this.key = ref.key;
    this.#context = context;
    this.#pause = new Pause(context.random);
    this.budget = new Budget(context.clock.now());
    // The longest window first: its permits are the scarcest to lease.
    this.#windows = [...ref.windows]
      .sort((a, b) => b.per - a.per)
      .map((window) => new Leases(ref.key, window, this.#leaseContext()));
    this.#flight = new WindowCount(0, ref.concurrency ?? Infinity);
  }

  /** A permit at once, or a place in the queue. Throws `QueueFullError`, or `ask.late` for a wait in vain. */
  acquire(ask: Ask): Permit | Place {
    const now = this.#context.clock.now();
    if (this.#reopening && now >= this.#pause.opensAt) this.#reopen();
    const failure = this.#failure();
    if (failure) throw failure;
    if (this.#queue.length === 0 && this.#turnAt(now) <= now) return this.#take(now);

    const expectedMs = this.#expectedAt(ask, now) - now;
    if (now + expectedMs > ask.deadlineAt) throw ask.late(expectedMs);
    const { room } = this.#context;
    if (room.taken >= room.most) throw new QueueFullError(room.most);
    const place = new Place(this, ask, expectedMs);
    room.taken += 1;
    this.#queue.push(place);
    this.#earliestDeadline = Math.min(this.#earliestDeadline, ask.deadlineAt);
    this.#pump();
    return place;
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
    const ms = this.#pause.judge(now, sentAt, retryAfterMs, backoff);
    if (ms === undefined || !this.pause(ms, cause)) return undefined;
    this.#context.ledger.pause?.(this.key, ms);
    return this.#pause.until;
  }

  /** Closes for `ms`, unless it is closed for longer already. */
  pause(ms: number, cause: PauseCause): boolean {
    const now = this.#context.clock.now();
    if (!this.#pause.close(now, ms, cause)) return false;
    const { until, opensAt } = this.#pause;
    this.#reopening?.cancel();
    this.#reopening = this.#context.schedule.at(opensAt, false, () => this.#reopen());
    if (until > this.#earliestDeadline) this.#dismiss(until, now);
    this.#pump();
    return true;
  }

  /** An attempt of this quota was answered, and not throttled. */
  served(): void {
    this.#pause.served();
  }

  /** ms until the quota admits again after a pause; 0 when it is open. */
  reopensIn(now: number): number {
    return Math.max(0, this.#pause.opensAt - now);
  }

  /** True when nothing would be lost by forgetting this quota. */
  idle(now: number): boolean {
    return (
      this.#queue.length === 0 &&
      now >= this.#pause.opensAt &&
      this.#flight.used(now) === 0 &&
      this.#windows.every((window) => window.count.used(now) === 0)
    );
  }

  snapshot(): QuotaSnapshot {
    const now = this.#context.clock.now();
    const { capacity } = this.#flight;
    return {
      key: this.key,
      windows: this.#windows.map(({ limit, count }) => ({ limit, per: count.per, used: count.used(now) })),
      concurrency: capacity === Infinity ? undefined : capacity,
      inFlight: this.#flight.used(now),
      queued: this.#queue.length,
      pausedUntil: now < this.#pause.opensAt ? this.#pause.until : undefined,
    };
  }

  /** Rejects all who wait, and ends the leases. */
  async close(error: Error): Promise<void> {
    this.#closed = true;
    this.#wake?.cancel();
    this.#reopening?.cancel();
    this.#dismissAll(error);
    await Promise.all(this.#windows.map((window) => window.close()));
  }

  /** @internal A permit's response came. */
  answered(at: number): void {
    for (const window of this.#windows) window.count.give(at);
    this.#pump();
  }

  /** @internal A permit's attempt is over. */
  ended(): void {
    this.#flight.refund();
    this.#pump();
  }

  /** @internal A permit was not used. */
  refunded(): void {
    for (const window of this.#windows) window.count.refund();
    this.#flight.refund();
    this.#pump();
  }

  /** @internal A place is given up; false when it had left before. */
  left(place: Place): boolean {
    if (!this.#remove(place)) return false;
    this.#pump();
    return true;
  }

  #remove(place: Place): boolean {
    if (!this.#queue.remove(place)) return false;
    this.#context.room.taken -= 1;
    return true;
  }

  #take(now: number): Permit {
    for (const window of this.#windows) window.take(now);
    this.#flight.take();
    return new Permit(this, now);
  }

  /** The earliest moment at which the first in line may go; `Infinity` when only an event can tell. */
  #turnAt(now: number): number {
    let turn = Math.max(now, this.#pause.nextAt);
    if (this.#flight.free(now) < 1) return Infinity;
    for (const { count } of this.#windows) {
      if (count.free(now) < 1) turn = Math.max(turn, count.recycle ? count.nextExpiry(now) : Infinity);
    }
    return turn;
  }

  /** The earliest moment at which a newcomer can go: a lower bound, for waits in vain. */
  #expectedAt(ask: Ask, now: number): number {
    const place = this.#queue.ahead(ask.priority, ask.resend) + 1;
    let at = Math.max(now, this.#pause.opensAt);
    for (const { count } of this.#windows) {
      if (count.capacity > 0 && count.recycle) at = Math.max(at, count.freeAt(place, now));
    }
    return at;
  }

  #pump(): void {
    if (this.#closed) return;
    const failure = this.#queue.length > 0 && this.#failure();
    if (failure) this.#dismissAll(failure);
    const now = this.#context.clock.now();
    for (const window of this.#windows) window.want(this.#queue.length);
    let turn = Infinity;
    while (this.#queue.length > 0) {
      turn = this.#turnAt(now);
      if (turn > now) break;
      const place = this.#queue.shift() as Place;
      this.#context.room.taken -= 1;
      place.grant(this.#take(now));
      this.#pause.released();
    }
    if (this.#queue.length === 0) {
      this.#earliestDeadline = Infinity;
      this.#pause.cleared();
      turn = Infinity;
    }
    if (this.#wake?.at === turn) return;
    this.#wake?.cancel();
    this.#wake = turn === Infinity ? undefined : this.#context.schedule.at(turn, true, () => this.#awake());
  }

  #awake(): void {
    this.#wake = undefined;
    if (this.#reopening && this.#context.clock.now() >= this.#pause.opensAt) this.#reopen();
    else this.#pump();
  }

  #reopen(): void {
    this.#reopening?.cancel();
    this.#reopening = undefined;
    this.#pause.reopen(this.#context.clock.now(), this.#queue.length);
    this.#context.resumed(this.key, this.#pause.until, this.#pause.cause);
    this.#pump();
  }

  /** What keeps the quota from admitting anything at all. */
  #failure(): Error | undefined {
    for (const window of this.#windows) if (window.failure) return window.failure;
    return undefined;
  }

  #dismissAll(error: Error): void {
    for (const place of [...this.#queue]) if (this.#remove(place)) place.refuse(error);
  }

  #leaseContext(): LeaseContext {
    const { ledger, schedule, clock } = this.#context;
    return { ledger, schedule, now: () => clock.now(), changed: () => this.#pump() };
  }

  /** Sends away all whose deadline comes before `until`. */
  #dismiss(until: number, now: number): void {
    this.#earliestDeadline = Infinity;
    for (const place of [...this.#queue]) {
      if (place.ask.deadlineAt < until && this.#remove(place)) place.refuse(place.ask.late(until - now));
      else this.#earliestDeadline = Math.min(this.#earliestDeadline, place.ask.deadlineAt);
    }
  }
}
