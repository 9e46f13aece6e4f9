import { randomUUID } from 'node:crypto';
import { type Decision, unsent } from '../policy/decide.ts';
import { attachCause, attachReport, type HeadgateError } from '../words/errors.ts';
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
import type { CallSettings } from './settings.ts';
import { reportOf, subjectOf, Teller, type Told } from './telling.ts';

/** Begins a call; `asked` is what its user wants for it, as a `CallOptions`. Throws `OptionsError`. */
export type OpenCall = (asked: unknown, request: RequestFacts) => Call;

/**
 * One call's life, for any client: {@link admit} before each attempt, {@link settle} after it, {@link backOff}
 * before the next; in the end {@link deliver} or {@link fail}, one of them, once.
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
  /** The record of the call that failed. */
  #failure: CallReport | undefined;

  constructor(context: CallContext, settings: CallSettings, request: RequestFacts) {
    this.#context = context;
    this.#settings = settings;
    this.#request = request;
    this.#lifetime = new Lifetime(context, settings.policy, this);
    const home = settings.anyOrigin || !(context.tokens || context.sign) ? undefined : request.url.origin;
    this.teller = new Teller(context, () => this.#told());
    this.#admission = new Admission(context, this.#lifetime, settings, home, this.teller);
  }

  /** The same on every attempt and event; made when first asked for. */
  get id(): string {
    this.#id ??= randomUUID();
    return this.#id;
  }

  /** The user set a limit to the silence of a body. */
  get limitsSilence(): boolean {
    return (this.#settings.policy.bodyTimeoutMs ?? Infinity) !== Infinity;
  }

  get failed(): boolean {
    return this.#failure !== undefined;
  }

  get ended(): boolean {
    return this.#lifetime.ended;
  }

  /** Method, URL and quota: how an error's message names the call. */
  get subject(): string {
    return subjectOf(this.#context, this.#request, this.#admission.quota);
  }

  /** Nothing more may be sent, nor given. */
  get sealed(): boolean {
    return this.#lifetime.sealed;
  }

  now(): number {
    return this.#context.clock.now();
  }

  /**
   * Waits for a permit and a token, and begins an attempt; synchronously when neither has to be waited for. An
   * attempt before it that was not settled was redirected.
   */
  admit(request: RequestFacts): Attempt | Promise<Attempt> {
    this.#leaveAttempt();
    this.#lifetime.read(undefined);
    this.#request = request;
    try {
      if (this.#history.count === 0) this.teller.begins(this.#settings);
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

  /** An attempt that cannot be made ends the call, whatever was decided on the one before. */
  #notAdmitted(error: unknown): unknown {
    if (this.#attempt) this.#attempt.superseded = false;
    this.#decision = { resend: false, reason: 'terminal' };
    return this.#lifetime.seal(error);
  }

  /**
   * Says how the client breaks off the attempt on the wire, should the call have to end. Called before anything is
   * sent: an attempt whose call ends before gives its permit back unused.
   */
  onInterrupt(interrupt: (error: Error) => void): void {
    this.#lifetime.onInterrupt(interrupt);
  }

  /** For a client that can say so only once it began to send. Throws where the call has ended before that. */
  depart(attempt: Attempt): void {
    this.onInterrupt(() => undefined);
    this.#stop(attempt);
  }

  /**
   * The head of a response came that the client will give, unless its body breaks off: from now on the time that its
   * body is idle counts, in place of the deadline, until the attempt is settled.
   */
  read(body: Body): void {
    this.#lifetime.read(body);
  }

  /** Reads how the attempt ended and decides whether it is made again. */
  settle(ending: Ending, resend: Resend): Decision {
    const attempt = this.#attempt;
    if (!attempt || this.#lifetime.sealed) return { resend: false, reason: 'terminal' };
    this.#lifetime.read(undefined);
    if (this.#decision) {
      // Asked again although the next attempt was due: the client sent none.
      if (attempt.superseded) this.#decision = unsent(resend.replayable);
      return this.#decision;
    }
    const classification = attempt.together(() => {
      const read = this.#reader.outcome(attempt, ending, this);
      if (read.unprocessed && attempt.status === undefined) attempt.unsent();
      else attempt.close();
      return read;
    });
    // A listener to its pause may have ended the call.
    if (this.#lifetime.sealed) return { resend: false, reason: 'terminal' };
    const decision = resend.allowed
      ? this.#decide(attempt, classification, resend.replayable)
      : ({ resend: false, reason: 'attempts' } as const);
    this.#decision = decision;
    if (decision.resend) {
      const { delayMs, reason } = decision;
      const { verdict, code, hint } = classification;
      attempt.delayMs = delayMs;
      this.#lifetime.onInterrupt(undefined);
      this.teller.tell('retry', () => ({ verdict, delayMs, reason, status: attempt.status, code, hint }));
    } else if (decision.reason === 'deadline') {
      this.#lifetime.seal(this.#lifetime.late(decision.waitMs));
    }
    return decision;
  }

  /** Waits as decided before the next attempt. For a closed quota its gate makes it wait, as long as there is one. */
  async backOff(decision: Decision & { readonly resend: true }): Promise<void> {
    const { schedule, tokens } = this.#context;
    this.#lifetime.refuse();
    if (this.#attempt) this.#attempt.superseded = true;
    this.#resends?.took(decision);
    if (decision.reason === 'token') {
      if (tokens) await this.#lifetime.wait(tokens.get(this.#attempt?.token));
    } else if (decision.reason === 'fault' || this.#attempt?.permit.retired) {
      const nap = Promise.withResolvers<void>();
      const wake = schedule.at(this.now() + decision.delayMs, true, nap.resolve);
      await this.#lifetime.wait(nap.promise, () => wake.cancel());
    }
    this.#lifetime.refuse();
  }

  /** Its user gave the call up. */
  abort(reason: unknown): void {
    this.#lifetime.abort(reason);
  }

  /**
   * The client has a response to give: a failure all the same, if the last outcome was none to be glad of. Returns
   * the error of ours that ended the call, where one did: a client that still can throws it.
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
   * The call failed for good with its client's `error`. Returns the error to throw: the client's own, or ours
   * where no client knows it; either carries the call's report.
   */
  fail(error: unknown, ending?: Ending): unknown {
    const thrown = this.#lifetime.doom ?? error;
    if (this.ended) {
      // The client has since replaced the error, or found one after its response: the user will see this one.
      attachReport(thrown, this.#failure ?? this.report());
      return thrown;
    }
    if (thrown !== error) attachCause(thrown as Error, error);
    this.#leaveAttempt(ending ?? { error });
    this.#lifetime.end();
    const { reason = 'terminal', ...told } = this.report();
    const { verdict, hint, attempts } = told;
    const { status, classification } = this.#attempt ?? {};
    const code = this.#lifetime.doom?.code ?? classification?.code;
    this.teller.tell('failure', () => ({ verdict, reason, status, code, hint, attempts }));
    this.#failure = { ...told, reason };
    attachReport(thrown, this.#failure);
    return thrown;
  }

  /** The call's record so far. A call that ended without a failure has no `reason`. */
  report(): CallReport {
    const classification = this.#attempt?.classification;
    const refusal = this.#decision?.resend === false ? this.#decision : undefined;
    const failure = classification?.verdict === 'success' ? undefined : (refusal?.reason ?? 'terminal');
    const reason = this.#lifetime.reason ?? failure;
    return reportOf(this.#context, this.#told(), this.#history, reason, refusal?.hint);
  }

  /** @internal The head of an attempt's response came. */
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
    this.teller.tell('attempt', () => ({ waitedMs: pass.waitedMs }));
    this.#stop(attempt);
    return attempt;
  }

  /** The quota closed while permit or signature was on its way: the attempt waits again, ahead of new calls. */
  async #enterAgain({ permit, at, waitedMs }: Pass): Promise<Attempt> {
    permit.refund();
    try {
      return await this.#begin(await this.#admission.enter(this.#request, true, at - waitedMs, this.now()));
    } catch (error) {
      throw this.#notAdmitted(error);
    }
  }

  /** Throws, and gives the permit back unused, if the call ended: on the permit's way, or by a listener. */
  #stop(attempt: Attempt): void {
    if (!this.#lifetime.sealed) return;
    attempt.unsent();
    this.#lifetime.refuse();
  }

  /** Made when the first attempt is answered: calls that wait need none. */
  get #reader(): Reader {
    this.#made ??= new Reader(this.#context, this.#settings.policy.backoff, this.teller);
    return this.#made;
  }

  /** The last attempt is over; its outcome is read, if that was not done. One that was never sent is unused. */
  #leaveAttempt(ending: Ending = {}): void {
    const attempt = this.#attempt;
    if (!attempt) return;
    if (!this.#lifetime.interruptible) attempt.unsent();
    if (attempt.over && attempt.classification) return;
    attempt.together(() => {
      if (!attempt.classification) this.#reader.outcome(attempt, ending, this);
      attempt.close();
    });
  }

  #decide(attempt: Attempt, classification: Classification, replayable: boolean): Decision {
    this.#resends ??= new Resends(this.#context, this.#settings);
    return this.#resends.decide(attempt, classification, replayable, this.#lifetime.deadlineAt);
  }

  #told(): Told {
    return { call: this.id, request: this.#request, quota: this.#admission.quota, attempt: this.#attempt };
  }
}
