import { randomUUID } from 'node:crypto';
import type { CallSettings } from '../policy/call-settings.ts';
import { type Decision, FINAL, unsent } from '../policy/decide.ts';
import { attachCause, attachReport, HeadgateError } from '../words/errors.ts';
import type { CallReport } from '../words/report.ts';
import type { Classification, Headers, RequestFacts } from '../words/types.ts';
import { Admission } from './admission.ts';
import { Attempt, type AttemptObserver, type Ending, type Pass, type Resend } from './attempt.ts';
import type { Body } from './body-watch.ts';
import type { CallContext } from './context.ts';
import { History } from './history.ts';
import { Lifetime } from './lifetime.ts';
import { Reader } from './reader.ts';
import { Resends } from './resends.ts';
import { reportOf, spendable, subjectOf, Teller, type Told } from './telling.ts';

/** Begins a call; `asked` is its `CallOptions`. Throws `OptionsError`. */
export type OpenCall = (asked: unknown, request: RequestFacts) => Call;

/**
 * One call, for any client: {@link admit} before each attempt, {@link settle} after it, {@link backOff} before the next
 * one; at the end either {@link deliver} or {@link fail}, once.
 */
export class Call implements AttemptObserver {
  readonly teller: Teller;
  #id: string | undefined;
  readonly #context: CallContext;
  readonly #settings: CallSettings;
  readonly #lifetime: Lifetime;
  readonly #admission: Admission;
  #made: Reader | undefined;
  readonly #history = new History();
  #request: RequestFacts;
  /** The last attempt. */
  #attempt: Attempt | undefined;
  #resends: Resends | undefined;
  #decision: Decision | undefined;
  /** Report of the failed call. */
  #failure: CallReport | undefined;

  constructor(context: CallContext, settings: CallSettings, request: RequestFacts) {
    this.#context = context;
    this.#settings = settings;
    this.#request = request;
    this.#lifetime = new Lifetime(context, settings.policy, this);
    const home = settings.anyOrigin || !(context.tokens || context.sign) ? undefined : request.url.origin;
    this.teller = new Teller(context, this.#lifetime, settings, () => this.#told());
    this.#admission = new Admission(context, this.#lifetime, settings, home, this.teller);
  }

  /** ID of the call, the same on every attempt and event; made on demand. */
  get id(): string {
    this.#id ??= randomUUID();
    return this.#id;
  }

  /** True if the user limited the idle time of a body. */
  get limitsSilence(): boolean {
    return (this.#settings.policy.bodyTimeoutMs ?? Infinity) !== Infinity;
  }

  get attempt(): Attempt | undefined {
    return this.#attempt;
  }

  get failed(): boolean {
    return this.#failure !== undefined;
  }

  get ended(): boolean {
    return this.#lifetime.ended;
  }

  /** Method, URL and quota: the name of the call in error messages. */
  subject(quota: string = this.#attempt?.open ? this.#admission.quota : this.#admission.holding): string {
    return subjectOf(this.#context, this.#request, quota);
  }

  /** True once nothing more may be sent or returned. */
  get sealed(): boolean {
    return this.#lifetime.sealed;
  }

  now(): number {
    return this.#context.clock.now();
  }

  readsBody(request: RequestFacts): boolean {
    return this.#context.readings.readsBody(request);
  }

  /**
   * Waits for a permit and a token, and begins an attempt; synchronously if neither needs a wait. A previous attempt
   * that was not settled was redirected.
   */
  admit(request: RequestFacts): Attempt | Promise<Attempt> {
    this.#leaveAttempt();
    this.#lifetime.read(undefined);
    this.#request = request;
    try {
      this.teller.begins();
      const pass = this.#admission.enter(request, this.#history.count > 0, this.now());
      if (!(pass instanceof Promise)) return this.#begin(pass);
      return pass.then(
        (late) => this.#begin(late),
        (error: unknown) => {
          throw this.#notAdmitted(error);
        },
      );
    } catch (error) {
      return Promise.reject(this.#notAdmitted(error));
    }
  }

  /** A refused attempt ends the call, whatever was decided after the previous one. */
  #notAdmitted(error: unknown): unknown {
    if (this.#attempt) this.#attempt.superseded = false;
    this.#decision = FINAL;
    return this.#lifetime.seal(error);
  }

  /**
   * Sets how the client aborts the attempt on the wire if the call has to end. Called before anything is sent: if the
   * call ends earlier, the attempt gives its permit back unused.
   */
  onInterrupt(interrupt: (error: Error) => void): void {
    this.#lifetime.onInterrupt(interrupt);
  }

  /** For clients that can abort only after they begin to send. Throws if the call has already ended. */
  depart(attempt: Attempt): void {
    this.onInterrupt(() => undefined);
    this.#stop(attempt);
  }

  /** The final response's head arrived: until it is settled, the body's idle time replaces the deadline. */
  read(body: Body): void {
    this.#lifetime.read(body);
  }

  /** Classifies how the attempt ended, and decides whether to resend it. */
  settle(ending: Ending, resend: Resend): Decision {
    const attempt = this.#attempt;
    if (!attempt || this.#lifetime.sealed) return FINAL;
    this.#lifetime.read(undefined);
    if (this.#decision) {
      // Settled again when the next attempt was due: the client sent none.
      if (attempt.superseded) this.#decision = unsent(resend.replayable);
      return this.#decision;
    }
    const classification = this.#conclude(attempt, ending);
    // A listener to its pause may have ended the call.
    if (this.#lifetime.sealed) return FINAL;
    const { verdict, code, hint } = classification;
    if (verdict !== 'success') this.#resends ??= new Resends(this.#context, this.#settings);
    const decision = this.#resends?.decide(attempt, classification, resend, this.#lifetime) ?? FINAL;
    this.#decision = decision;
    if (decision.resend) {
      const { delayMs, reason } = decision;
      attempt.delayMs = delayMs;
      this.#lifetime.onInterrupt(undefined);
      this.teller.tell('retry', () => ({ verdict, delayMs, reason, status: attempt.status, code, hint }));
    } else this.#lifetime.seal(this.#admission.why(decision));
    return decision;
  }

  /** Waits as decided. No wait here for a closed quota, unless it was removed: the gate holds the next attempt. */
  async backOff(decision: Decision & { readonly resend: true }): Promise<void> {
    const { tokens } = this.#context;
    this.#lifetime.throwIfOver();
    if (this.#attempt) this.#attempt.superseded = true;
    this.#resends?.took(decision);
    if (decision.reason === 'token') {
      const refused = this.#attempt;
      if (tokens && refused) await this.#lifetime.wait(tokens.of(refused.request).get(refused.token));
    } else if (decision.reason === 'fault' || this.#attempt?.permit.retired) {
      await this.#lifetime.rest(decision.delayMs);
    }
    this.#lifetime.throwIfOver();
  }

  /** The user aborted the call. */
  abort(reason: unknown): void {
    this.#lifetime.abort(reason);
  }

  /**
   * The client has a response to return; still a failure unless the last outcome was a success. Returns the Headgate
   * error that ended the call, if any: the client throws it if it still can.
   */
  deliver(): HeadgateError | undefined {
    if (this.ended) return this.#lifetime.doom;
    this.#leaveAttempt();
    const verdict = this.#attempt?.classification?.verdict;
    if (verdict !== undefined && verdict !== 'success') {
      this.fail(undefined);
      return this.#lifetime.doom;
    }
    this.#lifetime.end();
    this.teller.tell('success', () => ({ status: this.#attempt?.status, attempts: this.#history.records() }));
    return undefined;
  }

  /**
   * The call failed for good with its client's `error`. Returns the error to throw: the client's own, or the Headgate
   * error that ended the call. Either carries the call's report.
   */
  fail(error: unknown, ending?: Ending): unknown {
    const thrown = this.#lifetime.thrown(error);
    if (this.ended) {
      // The client has since replaced the error, or failed after its response: attach the report to this one too.
      attachReport(thrown, this.#failure ?? this.report());
      return thrown;
    }
    if (thrown instanceof HeadgateError) attachCause(thrown, error);
    this.#leaveAttempt(ending ?? { error });
    this.#lifetime.end();
    const { reason = 'terminal', ...told } = this.report();
    const { verdict, hint, attempts } = told;
    const { status, classification } = this.#attempt ?? {};
    const code = this.#lifetime.doom?.code ?? classification?.code;
    this.teller.tell('failure', () => ({ verdict, reason, status, code, hint, attempts }));
    this.#failure = spendable({ ...told, reason }, this.#attempt);
    attachReport(thrown, this.#failure);
    return thrown;
  }

  /** The call's report so far. A call that did not fail has no `reason`. */
  report(): CallReport {
    const { verdict } = this.#attempt?.classification ?? {};
    const refusal = this.#decision?.resend ? undefined : this.#decision;
    const failure = verdict === 'success' ? undefined : (refusal?.reason ?? 'terminal');
    const reason = this.#lifetime.reason ?? failure;
    return reportOf(this.#context, this.#told(), this.#history, reason, refusal?.hint);
  }

  /** @internal The head of an attempt's response arrived. */
  answered(attempt: Attempt, status: number, headers: Headers, at: number): void {
    this.#reader.head(attempt, status, headers, at);
  }

  #begin(pass: Pass): Attempt | Promise<Attempt> {
    if (pass.permit.reopensIn(this.now()) > 0) return this.#enterAgain(pass);
    const attempt = new Attempt(this, this.#history.count + 1, this.#request, pass);
    this.#stop(attempt);
    if (this.#history.count === 0) pass.permit.deposit(this.#settings.policy.budget);
    this.#attempt = attempt;
    this.#history.push(attempt);
    this.#decision = undefined;
    this.teller.attempt(attempt);
    this.#stop(attempt);
    return attempt;
  }

  /** The quota closed before the permit or the signature arrived: queues the attempt again, ahead of new calls. */
  async #enterAgain({ permit, at, waitedMs }: Pass): Promise<Attempt> {
    permit.refund();
    try {
      return await this.#begin(await this.#admission.enter(this.#request, true, at - waitedMs, this.now()));
    } catch (error) {
      throw this.#notAdmitted(error);
    }
  }

  /** If the call ended (before the permit arrived, or by a listener), gives the permit back unused and throws. */
  #stop(attempt: Attempt): void {
    if (!this.#lifetime.sealed) return;
    attempt.unsent();
    this.#lifetime.throwIfOver();
  }

  /** Made at the first response, since queued calls need none. */
  get #reader(): Reader {
    this.#made ??= new Reader(this.#context, this.#settings, this.teller, this.#admission);
    return this.#made;
  }

  /** Concludes the last attempt if necessary, and gives back the permit of one that was never sent. */
  #leaveAttempt(ending?: Ending): void {
    const attempt = this.#attempt;
    if (!attempt) return;
    if (!this.#lifetime.interruptible) attempt.unsent();
    if (attempt.open || !attempt.classification) this.#conclude(attempt, ending ?? {});
  }

  /** Classifies an attempt and ends it; one that the server did not process gives its permit back. */
  #conclude(attempt: Attempt, ending: Ending): Classification {
    return attempt.together(() => {
      const read = attempt.classification ?? this.#reader.outcome(attempt, ending, this);
      if (read.unprocessed && attempt.status === undefined) attempt.unsent();
      else attempt.close();
      return read;
    });
  }

  #told(): Told {
    return { call: this.id, request: this.#request, quota: this.#admission.quota, attempt: this.#attempt };
  }
}
