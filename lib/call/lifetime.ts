import type { Policy } from '../policy/policy.ts';
import type { Entry } from '../time/schedule.ts';
import type { FailureReason } from '../words/causes.ts';
import {
  ClosedError,
  DeadlineError,
  HeadgateError,
  OutageError,
  QueueFullError,
  WaitError,
} from '../words/errors.ts';
import { type Body, BodyWatch } from './body-watch.ts';
import type { CallContext } from './context.ts';

/** A call that can name itself. */
export interface Described {
  /** Method, URL and quota, for the messages of errors; by default the quota that holds the call. */
  subject(quota?: string): string;
}

/** Stands for an abort's reason that is not an Error, which is its `cause`. */
class AbortReason extends Error {}

/**
 * Decides whether a call may continue, and interrupts whatever it is doing: waiting, backing off, or an attempt on the
 * wire. A call ends by its deadline, by its user or by itself, whichever comes first. While a response body is read,
 * its idle time counts in place of the deadline.
 */
export class Lifetime {
  deadlineMs: number;
  /** Moment; `Infinity` for none. */
  deadlineAt: number;
  #entry: Entry | undefined;
  readonly #context: CallContext;
  /** True if the call began before its gate was closed. */
  readonly admitted: boolean;
  readonly #bodyTimeoutMs: number | undefined;
  /** True while a body is read, when the deadline does not apply. */
  #reading = false;
  /** Set if the idle time of the body is limited. */
  #watch: BodyWatch | undefined;
  readonly #call: Described;
  #interrupt: ((error: Error) => void) | undefined;
  #doom: HeadgateError | undefined;
  /** The user's reason for aborting the call. */
  #aborted: Error | undefined;
  #ended = false;

  constructor(context: CallContext, { deadlineMs, bodyTimeoutMs }: Policy, call: Described) {
    const { clock } = context;
    this.#context = context;
    this.admitted = context.calls.begin();
    this.#bodyTimeoutMs = bodyTimeoutMs;
    this.#call = call;
    this.deadlineMs = deadlineMs;
    this.deadlineAt = clock.now() + deadlineMs;
    this.#schedule(false);
  }

  /** Schedules the end by the deadline; `holds` keeps the process alive until then. */
  #schedule(holds: boolean): void {
    this.#entry?.cancel();
    this.#entry =
      this.deadlineMs === Infinity && !holds
        ? undefined
        : this.#context.schedule.at(this.deadlineAt, holds, () => this.#expire());
  }

  /** Sets another deadline, counted from the beginning of the call; from `at` if it has had none so far. */
  move(deadlineMs: number, at: number): void {
    if (deadlineMs === this.deadlineMs || this.sealed) return;
    const begunAt = this.deadlineMs === Infinity ? at : this.deadlineAt - this.deadlineMs;
    this.deadlineMs = deadlineMs;
    this.deadlineAt = begunAt + deadlineMs;
    this.#schedule(false);
  }

  /** The Headgate error that ends the call, if any. */
  get doom(): HeadgateError | undefined {
    return this.#doom;
  }

  /** The error to throw in place of `error`: the one that ended the call, or the user's own reason for an abort. */
  thrown(error: unknown): unknown {
    return this.#doom ?? (error instanceof AbortReason ? error.cause : error);
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** True once nothing more may be sent. */
  get sealed(): boolean {
    return this.#ended || this.#broken !== undefined;
  }

  /** True if the call is doing something that can be interrupted. */
  get interruptible(): boolean {
    return this.#interrupt !== undefined;
  }

  /** Throws the error that prevents the call from continuing at `now`, if any. */
  throwIfOver(now: number = this.#context.clock.now()): void {
    if (now >= this.deadlineAt) this.#expire();
    if (this.#broken) throw this.#broken;
    if (this.#ended) throw new Error('The call is over');
  }

  /**
   * Sets how to interrupt the call from now on; calls `interrupt` at once if the call has already been broken off.
   *
   * @param holds keeps the process alive meanwhile: a token source may wait for nothing that does
   */
  onInterrupt(interrupt: ((error: Error) => void) | undefined, holds = false): void {
    this.#interrupt = interrupt;
    if (!this.sealed && holds !== (this.#entry?.hold ?? false)) this.#schedule(holds);
    if (this.#broken) interrupt?.(this.#broken);
  }

  /** Waits for `promise`, at most until the call ends or the gate closes. `leave` releases what the wait holds. */
  wait<T>(promise: Promise<T>, leave?: (error: Error) => void): Promise<T> {
    const { life } = this.#context;
    let closed = (): void => undefined;
    return new Promise<T>((resolve, reject) => {
      const end = (error: Error): void => {
        leave?.(error);
        reject(error);
      };
      closed = () => end(this.seal(life.reason) as Error);
      this.onInterrupt(end, true);
      if (life.aborted) closed();
      else life.addEventListener('abort', closed);
      promise.then(resolve, reject);
    }).finally(() => {
      life.removeEventListener('abort', closed);
      this.onInterrupt(undefined);
    });
  }

  /** Waits for `ms`, at most until the call ends or the gate closes. */
  rest(ms: number): Promise<void> {
    const { clock, schedule } = this.#context;
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = schedule.at(clock.now() + ms, true, resolve);
    return this.wait(promise, () => wake.cancel());
  }

  /** Starts watching a response body in place of the deadline; `undefined` ends that. */
  read(body: Body | undefined): void {
    this.#watch?.stop();
    this.#watch = undefined;
    this.#reading = body !== undefined;
    if (!body || this.sealed) return;
    const { clock, schedule } = this.#context;
    const idleMs = this.#bodyTimeoutMs ?? (body.buffered ? this.deadlineMs : Infinity);
    if (idleMs === Infinity) return;
    this.#watch = new BodyWatch(clock, schedule, {
      body,
      idleMs,
      idle: () => this.#break(this.#idle(idleMs)),
    });
    if (this.#bodyTimeoutMs !== undefined) this.#watch.look();
  }

  /**
   * Ends the call with `error`, and returns the error that ends it. A Headgate error is copied for this call, since
   * many calls may end for the same reason. Any other error is left to the client.
   */
  seal(error: unknown): unknown {
    if (!(error instanceof HeadgateError) || this.#ended) return error;
    this.#doom ??= error.about(this.#call.subject((error as Partial<WaitError>).quota));
    return this.#doom;
  }

  /** The user aborted the call. */
  abort(reason: unknown): void {
    if (this.sealed) return;
    this.#aborted =
      reason instanceof Error ? reason : new AbortReason('The call was aborted', { cause: reason });
    this.#interrupt?.(this.#aborted);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#context.calls.end();
    this.#interrupt = undefined;
    this.#watch?.stop();
    this.#entry?.cancel();
  }

  /** The error for a passed deadline, or for a wait that would exceed it. */
  late(waitMs?: number): DeadlineError {
    return new DeadlineError(this.deadlineMs, waitMs, undefined, this.#call.subject());
  }

  /** Why the call was ended from outside; otherwise the last decision has the reason. */
  get reason(): FailureReason | undefined {
    if (this.#doom instanceof DeadlineError) return 'deadline';
    if (this.#doom instanceof QueueFullError) return 'queue-full';
    if (this.#doom instanceof WaitError) return 'wait';
    if (this.#doom instanceof OutageError) return 'outage';
    if (this.#doom instanceof ClosedError) return 'closed';
    return this.#aborted ? 'aborted' : undefined;
  }

  get #broken(): Error | undefined {
    return this.#doom ?? this.#aborted;
  }

  #idle(idleMs: number): DeadlineError {
    return new DeadlineError(this.deadlineMs, undefined, { idleMs }, this.#call.subject());
  }

  #expire(): void {
    if (!this.#reading) this.#break(this.late());
    else if (this.#bodyTimeoutMs === undefined) this.#watch?.look();
  }

  #break(error: HeadgateError): void {
    if (this.sealed) return;
    this.#doom = error;
    this.#interrupt?.(error);
  }
}
