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
import type { Linked, LinkedList } from './linked-list.ts';
import { Permit } from './permit.ts';
import type { Ask } from './place.ts';
import { Quota } from './quota.ts';
import { RetryBudget } from './retry-budget.ts';

/**
 * The part of a gate that permits report to: outcomes of attempts, and what they reveal about the quota.
 * After each report it moves the queue on.
 */
export abstract class Bookkeeper implements LeaseContext, LearningObserver, Linked, Admitter {
  readonly key: string;
  /** Budget for retries after faults. */
  readonly budget: RetryBudget;
  /** Whether the quota was removed; permits in use still run to their end. */
  retired = false;
  /** @internal Whether it was used since the last check for idle quotas. */
  drawnOn = false;
  // As Linked:
  previous: Linked | undefined;
  next: Linked | undefined;
  list: LinkedList<Linked> | undefined;
  /** Number of attempts waiting to draw on this quota, whichever quota holds them. */
  abstract queued: number;
  /** URL of the first request that drew on it. */
  protected url: URL | undefined;
  protected readonly context: GateContext;
  readonly quota: Quota;
  protected reopening: Alarm | undefined;
  /** Depth of {@link together}, during which nothing is admitted; `Infinity` once the gate is closed. */
  protected telling = 0;
  /** The last report is incomplete, so it lets nothing go before the next clock tick. */
  protected isUnread = false;

  constructor(ref: QuotaRef, context: GateContext) {
    this.key = ref.key;
    this.context = context;
    this.budget = new RetryBudget(context.clock.now());
    this.quota = new Quota(ref, context, this);
  }

  /** Admits every queued attempt that may go now. */
  abstract pump(now?: number): void;
  /** Whether attempts draw on this quota first, rather than besides another. */
  abstract get isFirst(): boolean;
  /** Number of queued attempts, or 0 if this quota holds none of them. */
  protected abstract get waiting(): number;
  /** Rejects all queued attempts for which `why` returns an error. */
  protected abstract dismiss(why: (ask: Ask) => Error | undefined): void;
  /** Rejects all queued attempts whose deadline is before `until`. */
  protected abstract dismissBefore(until: number, now: number): void;

  /** Reports several facts as one: the queue moves on only once all of them are known. */
  together<T>(tell: () => T, now?: number): T {
    this.telling += 1;
    try {
      return tell();
    } finally {
      this.telling -= 1;
      this.pump(now);
    }
  }

  /** @internal The last report is incomplete: the body of the answer is still unread. */
  unread(): void {
    this.isUnread = true;
  }

  /** @internal The body of a refusal is being read, or was read ({@link Quota.doubted}). */
  doubted(until: number): void {
    this.quota.doubted(until);
    this.pump();
  }

  /**
   * An attempt of this quota was throttled at `at`: closes the quota for the server's wait, or else for a
   * backoff. Returns the closing if its end moved.
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
    if (closing) this.context.sharePause(this.key, ms as number, tryMs);
    return closing;
  }

  /** Closes the quota for `ms`; `undefined` if it is already closed for longer. */
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

  /** Ends a manual pause; a pause that the server asked for meanwhile stays in force. */
  resume(): void {
    const now = this.now();
    const { pause } = this.quota;
    if (!pause.release(now)) return;
    if (pause.opensAt > now) this.reopening?.set(pause.opensAt);
    else this.reopen('manual');
  }

  /** Ends a pause until `until` at most: what it was inferred from was refuted. */
  lift(until: number): void {
    if (this.quota.pause.lift(this.now(), until)) this.reopen();
  }

  /** An attempt sent at `sentAt` was answered, neither throttled nor failed. */
  served(sentAt: number, request?: Ask['request'], now: number = this.context.clock.now()): void {
    this.quota.served(now, sentAt, this.waiting, request);
    if (this.url && this.isFirst) this.context.served?.(this.url.host, sentAt, now);
    this.pump(now);
  }

  /** The answer to the attempt of this number states what is left of the server's quotas. */
  heard(number: number, limits: readonly RateLimit[]): void {
    const ms = this.quota.heard(this.now(), number, limits);
    const closing = ms > 0 ? this.pause(ms, 'header') : undefined;
    if (closing?.isNews) this.context.reportPause(this.key, closing.until);
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

  spared(): void {
    this.quota.adaptive?.learner?.spared();
  }

  spread(url: URL): void {
    this.context.refused?.(this.key, url.host, this.quota.pause.until);
  }

  /** An attempt ended in a fault. */
  failed(fault: Fault): void {
    const now = this.now();
    this.quota.failed(now, fault);
    const ms = this.queued > 0 ? this.probeIn(now) : undefined;
    if (ms !== undefined) this.dismiss((ask) => ask.out?.(ms, this.key));
    this.pump(now);
  }

  /** Takes one retry from the budget; false if none is left. In an outage the gate paces retries itself. */
  spendRetry(share: number): boolean {
    return this.quota.adaptive?.outage?.on || this.budget.spendRetry(share, this.now());
  }

  /** Replaces the quota's limits; usage under the old ones still counts. */
  relimit(ref: QuotaRef): void {
    this.quota.relimit(ref);
    this.dismiss((ask) => this.quota.refusal(ask));
    this.pump();
  }

  /** Whether requests to this host draw on it. */
  isOf(host: string): boolean {
    return this.url?.host === host;
  }

  /** ms until the pause ends; one clock tick while a refusal is being read; 0 if the quota is open. */
  reopensIn(now: number): number {
    return this.quota.reopensIn(now);
  }

  /** What was learned, for a later run. */
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

  /** Rejects all queued attempts and ends the leases. */
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
