import type { RateLimit } from '../classify/rate-limit.ts';
import type { Fault, LearningObserver } from '../learning/adaptive.ts';
import type { Finding } from '../learning/finding.ts';
import type { LeaseContext } from '../ledger/context.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Backoff } from '../policy/policy.ts';
import { Alarm } from '../time/alarm.ts';
import { wallOf } from '../time/clock.ts';
import type { Schedule } from '../time/schedule.ts';
import type { LearnedCause, PauseCause } from '../words/causes.ts';
import type { LearnedQuota } from '../words/learned.ts';
import type { QuotaSnapshot } from '../words/snapshot.ts';
import type { Amounts, Outcome, QuotaRef } from '../words/types.ts';
import type { Admitter, Closing, Drawn, Priced } from './admitter.ts';
import type { GateContext } from './context.ts';
import type { Naming } from './hosts.ts';
import { Permit } from './permit.ts';
import type { Ask } from './place.ts';
import type { Line, Linked } from './queue.ts';
import { Quota } from './quota.ts';
import { Budget } from './retry-budget.ts';

/**
 * The part of a gate to which permits report: what became of their attempts, and what that tells of the quota. Whatever it
 * is told, it then moves on those who wait.
 */
export abstract class Bookkeeper implements LeaseContext, LearningObserver, Linked, Admitter {
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
  /** Attempts that wait to draw on this quota, whatever holds them. */
  abstract queued: number;
  /** URL of the first request that drew on it. */
  protected url: URL | undefined;
  protected readonly context: GateContext;
  readonly quota: Quota;
  protected reopening: Alarm | undefined;
  /** Facts are being told that belong together; `Infinity` once the gate is closed, when nothing goes any more. */
  protected telling = 0;
  /** What was told last is not the whole of it: nothing goes in this moment on its account. */
  protected isUnread = false;

  constructor(ref: QuotaRef, context: GateContext) {
    this.key = ref.key;
    this.context = context;
    this.budget = new Budget(context.clock.now());
    this.quota = new Quota(ref, context, this);
  }

  /** Lets go who may go. */
  abstract pump(now?: number): void;
  /** Attempts queued here, if any of them waits for this quota. */
  protected abstract get waiting(): number;
  /** Rejects all for which there is an error. */
  protected abstract dismiss(why: (ask: Ask) => Error | undefined): void;
  /** Rejects all whose deadline comes before `until`. */
  protected abstract dismissBefore(until: number, now: number): void;

  /** Tells several facts as one: the queue moves on once all are known, so a refusal lets nothing go in its moment. */
  together<T>(tell: () => T, now?: number): T {
    this.telling += 1;
    try {
      return tell();
    } finally {
      this.telling -= 1;
      this.pump(now);
    }
  }

  /** @internal What was told last is not the whole of it. */
  unread(): void {
    this.isUnread = true;
  }

  /** @internal A refusal is being read, or was ({@link Quota.doubted}). */
  doubted(until: number): void {
    this.quota.doubted(until);
    this.pump();
  }

  /**
   * An attempt of this quota was throttled at `at`: closes it for the wait that the server named, or for one of ours.
   * Returns the closing, when this moved its end.
   */
  throttled(
    sentAt: number,
    retryAfterMs: number | undefined,
    cause: PauseCause,
    backoff: Backoff,
    at: number = this.now(),
  ): Closing | undefined {
    const ms = this.quota.throttled(this.now(), at, sentAt, retryAfterMs, backoff);
    const closing = ms === undefined ? undefined : this.pause(ms, cause);
    const tryMs = retryAfterMs === undefined ? (this.quota.adaptive?.tryMs ?? 0) : undefined;
    if (closing) this.context.closed(this.key, ms as number, tryMs);
    return closing;
  }

  /** Closes for `ms`; `undefined` where it is closed for longer already. */
  pause(ms: number, cause: PauseCause, silent?: boolean): Closing | undefined {
    const now = this.now();
    if (!this.quota.close(now, ms, cause, silent)) return undefined;
    const { until, opensAt, isNews } = this.quota.pause;
    this.reopening ??= new Alarm(this.schedule, false, () => this.reopen());
    this.reopening.set(opensAt);
    this.dismissBefore(until, now);
    this.pump(now);
    return { quota: this.key, until, isNews };
  }

  /** Ends a pause made by hand; one that the server asked for meanwhile goes on. */
  resume(): void {
    const now = this.now();
    const { pause } = this.quota;
    if (!pause.release(now)) return;
    if (pause.opensAt > now) this.reopening?.set(pause.opensAt);
    else this.reopen('manual');
  }

  /** Ends a pause until then that nobody refused for. */
  lift(until: number): void {
    if (this.quota.pause.lift(this.now(), until)) this.reopen();
  }

  /** An attempt sent at `sentAt` was answered, and neither throttled nor at fault. */
  served(sentAt: number, request?: Ask['request'], now: number = this.context.clock.now()): void {
    this.quota.served(now, sentAt, this.waiting, request);
    if (this.url) this.context.served?.(this.url.host, sentAt, now);
    this.pump(now);
  }

  /** The server states what is left of its quotas, in its answer to the attempt of this number. */
  heard(number: number, limits: readonly RateLimit[]): void {
    const ms = this.quota.heard(this.now(), number, limits);
    const closing = ms > 0 ? this.pause(ms, 'header') : undefined;
    if (closing?.isNews) this.context.held(this.key, closing.until);
  }

  /** Key of its declaration. */
  get base(): string {
    return this.quota.ref.base ?? this.key;
  }

  get bucket(): string | undefined {
    return this.quota.ref.bucket;
  }

  counts(unit: string): boolean {
    return this.quota.windows.counts(unit);
  }

  spread(url: URL, naming: Naming): void {
    this.context.refused?.(this.key, url.host, this.quota.pause.until, naming);
  }

  /** An attempt failed for a fault. */
  failed(fault: Fault): void {
    const now = this.now();
    this.quota.failed(now, fault);
    const ms = this.queued > 0 ? this.probeIn(now) : undefined;
    if (ms !== undefined) this.dismiss((ask) => ask.out?.(ms));
    this.pump(now);
  }

  /** Takes one retry from the budget; false when none is left. In an outage the gate paces them by itself. */
  withdraw(share: number): boolean {
    return this.quota.adaptive?.outage?.on || this.budget.withdraw(share, this.now());
  }

  /** The quota's limits are others from now on; what was used of the old ones counts on. */
  relimit(ref: QuotaRef): void {
    this.quota.relimit(ref);
    this.dismiss((ask) => this.quota.refusal(ask));
    this.pump();
  }

  /** Whether requests to this host draw on it. */
  isOf(host: string): boolean {
    return this.url?.host === host;
  }

  /** ms until the quota admits again after a pause; a moment while a refusal is being read; 0 when it is open. */
  reopensIn(now: number): number {
    return this.quota.reopensIn(now);
  }

  /** What was learned, for another run. */
  known(now: number): LearnedQuota | undefined {
    return this.quota.adaptive?.known(now);
  }

  /** ms until the next probe, if the server is out. */
  probeIn(now: number): number | undefined {
    return this.quota.probeIn(now);
  }

  snapshot(): QuotaSnapshot {
    return { key: this.key, queued: this.queued, ...this.quota.snapshot(this.now()) };
  }

  /** Rejects all that wait, and ends the leases. */
  async close(error: Error): Promise<void> {
    this.telling = Infinity;
    this.reopening?.clear();
    this.dismiss(() => error);
    this.quota.adaptive?.fleet?.conference.close();
    await this.quota.windows.close();
  }

  // As LeaseContext and LearningObserver:
  get ledger(): Ledger {
    return this.context.ledger;
  }

  get schedule(): Schedule {
    return this.context.schedule;
  }

  now(): number {
    return this.context.clock.now();
  }

  wall(): number {
    return wallOf(this.context.clock);
  }

  learned(finding: Finding, cause: LearnedCause): void {
    this.context.learned(this.key, finding, cause);
  }

  /** The ledger granted or lost permits. */
  changed(): void {
    this.pump();
  }

  // As Admitter:
  answered({ admitted, takenAt, charge }: Drawn, at: number): void {
    if (admitted) this.quota.answered(at, takenAt, charge);
    else this.quota.windows.give(at, takenAt, charge);
    const slowness = this.waiting > 0 ? this.quota.windows.slowness() : undefined;
    if (slowness) this.context.warn('latency-bound', slowness, this.key);
    this.pump(at);
  }

  ended(drawn: Drawn, now: number): void {
    if (drawn instanceof Permit) this.context.inUse.remove(drawn);
    this.quota.ended(now, drawn);
    this.pump(now);
  }

  refunded(drawn: Drawn): void {
    const now = this.now();
    if (drawn instanceof Permit) this.context.inUse.remove(drawn);
    if (drawn.admitted) this.quota.refunded(now, drawn.takenAt, drawn.charge);
    else this.quota.leave(now, drawn.takenAt, drawn.charge);
    this.pump(now);
  }

  joined(takenAt: number, ask: Priced, answered: boolean): Drawn {
    const charge = this.quota.charge(ask);
    this.quota.join(this.now(), takenAt, answered, charge);
    return { takenAt, number: this.quota.sent, admitted: false, charge };
  }

  get readsSpent(): boolean {
    return this.quota.readsSpent;
  }

  read(outcome: Outcome): Amounts | undefined {
    return this.quota.read(outcome);
  }

  spent({ charge }: Drawn, ask: Priced, amounts: Amounts, answeredAt?: number, endedAt?: number): void {
    const now = this.now();
    if (charge) this.quota.spent(now, charge, ask, amounts, answeredAt, endedAt);
    this.pump(now);
  }

  protected reopen(why?: PauseCause): void {
    this.reopening?.clear();
    const { until } = this.quota.pause;
    const cause = why ?? this.quota.pause.cause;
    this.quota.reopen(this.now(), this.waiting);
    this.context.resumed(this.key, until, cause);
    this.pump();
  }
}
