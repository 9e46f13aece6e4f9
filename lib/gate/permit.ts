import type { RateLimit } from '../classify/rate-limit.ts';
import type { Fault } from '../learning/adaptive.ts';
import { type RequestRoute, routeOf } from '../learning/outage/routes.ts';
import type { Backoff } from '../policy/policy.ts';
import type { PauseCause } from '../words/causes.ts';
import type { Line, Linked, Queueable } from './queue.ts';
import type { Budget } from './retry-budget.ts';

/** The gate, as its permits know it. */
export interface Admitter {
  readonly budget: Budget;
  readonly retired: boolean;
  together<T>(tell: () => T): T;
  answered(permit: Permit, at: number): void;
  ended(permit: Permit, now: number): void;
  refunded(permit: Permit): void;
  joined(permit: Permit, answered: boolean): void;
  unread(): void;
  left(place: Place): boolean;
  served(sentAt: number, request?: RequestRoute, now?: number): void;
  failed(fault: Fault): void;
  heard(number: number, limits: readonly RateLimit[]): void;
  throttled(
    sentAt: number,
    retryAfterMs: number | undefined,
    cause: PauseCause,
    backoff: Backoff,
  ): number | undefined;
  withdraw(share: number): boolean;
  reopensIn(now: number): number;
}

type PermitState = 'held' | 'answered' | 'settled';

/**
 * The right to send one attempt, and the only door through which the attempt speaks to its gate. Settled exactly once, whatever
 * becomes of the attempt.
 */
export class Permit implements Linked {
  readonly gate: Admitter;
  readonly ask: Ask;
  /** Moment of its taking. */
  readonly takenAt: number;
  /** Number of the attempt among those of its quota. */
  readonly number: number;
  previous: Linked | undefined;
  next: Linked | undefined;
  line: Line<Linked> | undefined;
  #state: PermitState = 'held';
  /** Other quotas that count the attempt: those that an update makes it draw on. */
  #also: Admitter[] | undefined;

  constructor(gate: Admitter, ask: Ask, takenAt: number, number: number) {
    this.gate = gate;
    this.ask = ask;
    this.takenAt = takenAt;
    this.number = number;
  }

  /** The quota was removed by an update. */
  get retired(): boolean {
    return this.gate.retired;
  }

  /** Tells several facts as one: the gate moves its queue on when all of them are known. */
  together<T>(tell: () => T): T {
    return this.gate.together(tell);
  }

  /** The first attempt of a call goes: what it adds to the quota's retry budget. */
  deposit(share: number): void {
    this.gate.budget.deposit(share);
  }

  /** Takes one retry from the quota's budget; false when none is left. */
  withdraw(share: number): boolean {
    return this.gate.withdraw(share);
  }

  /** ms until the quota reopens; 0 when it is open. */
  reopensIn(now: number): number {
    return this.gate.reopensIn(now);
  }

  /** An error's head came whose body may tell of a refusal: what the answer frees goes on once it is read, or in 1 ms. */
  unread(): void {
    this.gate.unread();
  }

  /** The server answered, and neither refused nor failed. */
  served(request: RequestRoute, at?: number): void {
    this.gate.served(this.takenAt, request, at);
  }

  /** The attempt failed for a fault; `call` tells calls apart, `overload` says that it may tell of too much load. */
  failed(call: unknown, request: RequestRoute, overload: boolean): void {
    this.gate.failed({ sentAt: this.takenAt, call, route: routeOf(request), overload });
  }

  /** The server refused: the quota closes. Returns the moment of reopening, if this moved it. */
  throttled(retryAfterMs: number | undefined, cause: PauseCause, backoff: Backoff): number | undefined {
    return this.gate.throttled(this.takenAt, retryAfterMs, cause, backoff);
  }

  /** The server states what is left of its quotas. */
  heard(limits: readonly RateLimit[]): void {
    this.gate.heard(this.number, limits);
  }

  /** The response's head came at `at`: from here its windows run. The attempt stays in flight. */
  answer(at: number): void {
    if (this.#state !== 'held') return;
    this.#state = 'answered';
    this.gate.answered(this, at);
    for (const gate of this.#also ?? []) gate.answered(this, at);
  }

  /** The attempt is over, at `at`; without an answer before, it counts as answered now. */
  settle(at: number): void {
    if (this.#state === 'settled') return;
    this.gate.together(() => {
      this.answer(at);
      this.#state = 'settled';
      this.gate.ended(this, at);
      for (const gate of this.#also ?? []) gate.ended(this, at);
    });
  }

  /** Nothing was sent: the permit counts for nothing. */
  refund(): void {
    if (this.#state !== 'held') return;
    this.#state = 'settled';
    this.gate.refunded(this);
    for (const gate of this.#also ?? []) gate.refunded(this);
  }

  /** The attempt counts at this gate as well, from now on. */
  countAt(gate: Admitter): void {
    if (this.#state === 'settled' || gate === this.gate || this.#also?.includes(gate)) return;
    this.#also ??= [];
    this.#also.push(gate);
    gate.joined(this, this.#state === 'answered');
  }
}

/** What an attempt asks the gate for. */
export interface Ask {
  readonly priority: number;
  /** True for a resend, which goes ahead of new calls. */
  readonly resend: boolean;
  /** Moment by which the call must end; `Infinity` for none. */
  readonly deadlineAt: number;
  /** What of its request tells its route: asked for only while the server seems out. */
  readonly request?: { readonly method: string; readonly url: URL } | undefined;
  /** What to reject with, when the wait cannot end before the deadline; `waitMs` is the wait needed. */
  late(waitMs: number): Error;
  /** The gate of the declared quota that its request draws on now; absent if it draws on none. */
  declaredGate?(): (Admitter & { readonly key: string }) | undefined;
  /** Its quota was removed and it is in no queue: moves to the gate that now matches it. Never throws. */
  move(place: Place): void;
}

/** A place in a gate's queue. */
export class Place implements Queueable {
  readonly ask: Ask;
  readonly priority: number;
  readonly resend: boolean;
  previous: Linked | undefined;
  next: Linked | undefined;
  line: Line<Linked> | undefined;
  readonly permit: Promise<Permit>;
  /** Minimum wait expected on arrival, in ms. */
  // Not 0 at first: the engine would keep the number that comes later in a box of 16 B.
  expectedMs!: number;
  /** False if it waits only for the ledger's prompt answer. */
  held!: boolean;
  #gate: Admitter | undefined;
  #resolve!: (permit: Permit) => void;
  #reject!: (error: Error) => void;

  constructor(ask: Ask) {
    this.ask = ask;
    this.priority = ask.priority;
    this.resend = ask.resend;
    this.permit = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** @internal It is at this gate from now on. */
  stand(gate: Admitter, expectedMs: number, held: boolean): void {
    this.#gate = gate;
    this.expectedMs = expectedMs;
    this.held = held;
  }

  /** @internal */
  grant(permit: Permit): void {
    this.#resolve(permit);
  }

  /** @internal */
  refuse(error: Error): void {
    this.#reject(error);
  }

  /** Gives the place up: its promise rejects with `error`. Nothing, once a permit was granted. */
  leave(error: Error): void {
    if (this.#gate?.left(this)) this.#reject(error);
  }
}
