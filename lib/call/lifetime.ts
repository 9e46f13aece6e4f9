import type { Policy } from '../policy/policy.ts';
import type { Entry } from '../time/schedule.ts';
import type { FailureReason } from '../words/causes.ts';
import { ClosedError, DeadlineError, HeadgateError, QueueFullError } from '../words/errors.ts';
import { type Body, BodyWatch } from './body-watch.ts';
import type { CallContext } from './context.ts';

/** Tells what a call is for. */
export interface Described {
  /** Method, URL and quota, for the messages of errors. */
  readonly subject: string;
}

/**
 * Whether a call may go on, and the one way to break off what it is doing now: waiting, backing off, or being on
 * the wire. A call ends by its deadline, by its user, or by itself; the first of them decides. While a response's
 * body is read, the time for which it is idle decides in place of the deadline.
 */
export class Lifetime {
  readonly deadlineMs: number;
  /** Moment; `Infinity` for none. */
  readonly deadlineAt: number;
  readonly #entry: Entry | undefined;
  readonly #context: CallContext;
  /** It began before its gate was closed. */
  readonly admitted: boolean;
  readonly #bodyTimeoutMs: number | undefined;
  /** A body is read: the deadline has no say. */
  #reading = false;
  /** Set where the body's silence is limited. */
  #watch: BodyWatch | undefined;
  readonly #call: Described;
  #interrupt: ((error: Error) => void) | undefined;
  #doom: HeadgateError | undefined;
  /** What its user gave it up with. */
  #aborted: Error | undefined;
  #ended = false;

  constructor(context: CallContext, { deadlineMs, bodyTimeoutMs }: Policy, call: Described) {
    const { clock, schedule } = context;
    this.#context = context;
    this.admitted = context.calls.begin();
    this.#bodyTimeoutMs = bodyTimeoutMs;
    this.#call = call;
    this.deadlineMs = deadlineMs;
    this.deadlineAt = clock.now() + deadlineMs;
    if (deadlineMs !== Infinity) {
      this.#entry = schedule.at(this.deadlineAt, false, () => this.#expire());
    }
  }

  /** The error of ours that ends the call, when there is one. */
  get doom(): HeadgateError | undefined {
    return this.#doom;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** True once nothing may be sent any more. */
  get sealed(): boolean {
    return this.#ended || this.#broken !== undefined;
  }

  /** Something is under way that can be broken off. */
  get interruptible(): boolean {
    return this.#interrupt !== undefined;
  }

  /** Throws what keeps the call from going on at `now`. */
  refuse(now: number = this.#context.clock.now()): void {
    if (now >= this.deadlineAt) this.#expire();
    if (this.#broken) throw this.#broken;
    if (this.#ended) throw new Error('The call is over');
  }

  /** Says how to break off what the call now does; at once, when it has to. */
  onInterrupt(interrupt: ((error: Error) => void) | undefined): void {
    this.#interrupt = interrupt;
    if (this.#broken) interrupt?.(this.#broken);
  }

  /** Waits for `promise`, but no longer than the call may, nor than the gate lives. `leave` frees what the wait holds. */
  wait<T>(promise: Promise<T>, leave?: (error: Error) => void): Promise<T> {
    const { life } = this.#context;
    let closed = (): void => undefined;
    return new Promise<T>((resolve, reject) => {
      const end = (error: Error): void => {
        leave?.(error);
        reject(error);
      };
      closed = () => end(this.seal(life.reason) as Error);
      this.onInterrupt(end);
      if (life.aborted) closed();
      else life.addEventListener('abort', closed);
      promise.then(resolve, reject);
    }).finally(() => {
      life.removeEventListener('abort', closed);
      this.onInterrupt(undefined);
    });
  }

  /** The head of a response came, and its body is read from now on; or none is any more. */
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
   * The call has to end with `error`. Returns the error that ends it: of an error of ours, a copy made for this call,
   * since many calls may end for the same reason. Any other error is left to the client.
   */
  seal(error: unknown): unknown {
    if (!(error instanceof HeadgateError) || this.#ended) return error;
    this.#doom ??= error.about(this.#call.subject);
    return this.#doom;
  }

  /** Its user gave the call up. */
  abort(reason: unknown): void {
    if (this.sealed) return;
    this.#aborted = reason instanceof Error ? reason : new Error('The call was aborted', { cause: reason });
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

  /** The error for a deadline that passed, or for a wait that would not end before it. */
  late(waitMs?: number): DeadlineError {
    return new DeadlineError(this.deadlineMs, waitMs, undefined, this.#call.subject);
  }

  /** Why the call failed, as far as this tells; the last decision tells the rest. */
  get reason(): FailureReason | undefined {
    if (this.#doom instanceof DeadlineError) return 'deadline';
    if (this.#doom instanceof QueueFullError) return 'queue-full';
    if (this.#doom instanceof ClosedError) return 'closed';
    return this.#aborted ? 'aborted' : undefined;
  }

  get #broken(): Error | undefined {
    return this.#doom ?? this.#aborted;
  }

  #idle(idleMs: number): DeadlineError {
    return new DeadlineError(this.deadlineMs, undefined, { idleMs }, this.#call.subject);
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
