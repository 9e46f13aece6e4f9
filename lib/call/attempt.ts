import type { RateLimit } from '../classify/rate-limit.ts';
import type { Reread } from '../classify/readings.ts';
import type { AttemptEnd } from '../events/tracer.ts';
import type { Traces } from '../events/tracers.ts';
import type { Permit } from '../gate/permit.ts';
import type { AttemptRecord } from '../words/report.ts';
import type { Amounts, Classification, Headers, Outcome, RequestFacts } from '../words/types.ts';
import type { PendingRefusal } from './pending-refusal.ts';

/** The right to send one attempt: a permit, and the headers that the gate adds. */
export interface Pass {
  readonly permit: Permit;
  readonly token: string | undefined;
  /** The token's header and the signed headers. */
  readonly own: Readonly<Record<string, string>> | undefined;
  /** Moment at which the pass was complete. */
  readonly at: number;
  /** Time spent waiting for it, in ms. */
  readonly waitedMs: number;
}

/** Statuses that signal an overloaded server. */
const OVERLOAD: ReadonlySet<number> = new Set([408, 502, 503, 504, 529]);

/** The end of an attempt, as its client reports it. */
export interface Ending extends Omit<Outcome, 'request' | 'receivedAt'> {
  /** The user's function that amends the gate's classification. */
  readonly reread?: Reread | undefined;
}

/** Whether the client can resend an attempt. */
export interface Resend {
  /** The request's body can be sent again. */
  readonly replayable: boolean;
  /** False when the user turned the client's retries off. */
  readonly allowed: boolean;
}

/** An attempt that is over. */
export interface EndedAttempt {
  readonly at: number;
  readonly durationMs: number;
  readonly status: number | undefined;
  readonly protocol: string | undefined;
  readonly classification: Classification;
}

/** Lets tracers follow an attempt. */
export interface Follower {
  /** The traces of the attempt, if there are tracers. */
  follow(attempt: Attempt): Traces<AttemptEnd> | undefined;
  /** The head of the response arrived. */
  answered(attempt: Attempt, traces: Traces<AttemptEnd>, status: number): void;
  ended(attempt: EndedAttempt, traces: Traces<AttemptEnd>): void;
  /** Runs `fn` in the async context of the call. */
  inScope<T>(fn: () => T): T;
}

/** Notified by an {@link Attempt}: its call. */
export interface AttemptObserver {
  readonly teller: Follower;
  now(): number;
  /** Whether a good answer to the request may hold a refusal. */
  readsBody(request: RequestFacts): boolean;
  /** The head of the response arrived. */
  answered(attempt: Attempt, status: number, headers: Headers, at: number): void;
}

/**
 * One request on the wire, with its permit and its record. The client reports the head of the response
 * ({@link answer}) and the end ({@link close}); the call classifies the outcome.
 */
export class Attempt {
  /** From 1. */
  readonly number: number;
  readonly request: RequestFacts;
  readonly permit: Permit;
  /** The gate's bearer token, if it has one for this request. */
  readonly token: string | undefined;
  /** Headers that override the request's own for this attempt: the token and the signed ones. Never shown. */
  readonly own: Readonly<Record<string, string>> | undefined;
  /** All headers that the gate adds: {@link own}, and those of tracers once the attempt is sent. */
  added: Readonly<Record<string, string>> | undefined;
  readonly startedAt: number;
  readonly waitedMs: number;
  status: number | undefined;
  /** HTTP version of the response, if its client tells. */
  protocol: string | undefined;
  headers: Headers | undefined;
  /** Set once the outcome is classified. */
  classification: Classification | undefined;
  /** Chosen wait before the next attempt, in ms. */
  delayMs: number | undefined;
  /** False once its token was refused and another would not help. */
  curable = true;
  /** Set once the next attempt is due. */
  superseded = false;
  /** Set once the head of a refusal arrived. */
  refusal: PendingRefusal | undefined;
  readonly #observer: AttemptObserver;
  /** True once the gate knows the attempt's result. */
  #told = false;
  #endedAt: number | undefined;
  /** The traces of the attempt, while tracers follow it. */
  #traces: Traces<AttemptEnd> | undefined;

  constructor(
    observer: AttemptObserver,
    number: number,
    request: RequestFacts,
    { permit, token, own, at, waitedMs }: Pass,
  ) {
    this.#observer = observer;
    this.number = number;
    this.request = request;
    this.permit = permit;
    this.waitedMs = waitedMs;
    this.token = token;
    this.own = own;
    this.added = own;
    this.startedAt = at;
  }

  /** True until the client reports the end. */
  get open(): boolean {
    return this.#endedAt === undefined;
  }

  /** Calls `send` with the headers that the gate adds, in the async context of the attempt's tracers. */
  send<T>(send: (added: Attempt['added']) => T): T {
    const { teller } = this.#observer;
    const traces = teller.follow(this);
    if (!traces) return send(this.own);
    this.#traces = traces;
    return teller.inScope(() =>
      traces.run(() => {
        const added = { ...traces.headers, ...this.own };
        if (Object.keys(added).length > 0) this.added = added;
        return send(this.added);
      }),
    );
  }

  /** The head of the response arrived; `protocol` is its HTTP version, e.g. `1.1`. */
  answer(status: number, headers: Headers, protocol?: string): void {
    if (this.#endedAt !== undefined) return;
    this.status = status;
    this.headers = headers;
    this.protocol = protocol ?? this.protocol;
    const at = this.#observer.now();
    this.together(() => {
      this.permit.answer(at);
      this.#observer.answered(this, status, headers, at);
      if ((status >= 400 || this.readsBody) && !this.#told && !this.refusal) this.permit.unread();
    });
    if (this.#traces) this.#observer.teller.answered(this, this.#traces, status);
  }

  /** The outcome is classified. */
  classified(classification: Classification): void {
    this.classification = classification;
    this.#trace();
  }

  /** Reports several facts to the gate as one. */
  together<T>(tell: () => T): T {
    return this.permit.together(tell);
  }

  /** The response ended, or the attempt failed. Further calls do nothing. */
  close(): void {
    if (this.#endedAt !== undefined) return;
    this.#endedAt = this.#observer.now();
    this.permit.settle(this.#endedAt);
    this.#trace();
  }

  /** Reports to the gate, once, that the server served the attempt. */
  tellServed(at?: number): void {
    if (this.#told) return;
    this.#told = true;
    this.permit.served(this.request, at);
  }

  /** Reports the attempt's result to the gate, once. A refusal is reported separately, since it closes the gate. */
  tell(call: unknown): void {
    const { verdict, status } = this.classification ?? {};
    // A server that refuses one request for a moment (a lock on one object, a host it does not serve) is in service.
    const alive = status !== undefined && status < 500 && !OVERLOAD.has(status);
    const served =
      verdict === 'transient'
        ? alive
        : verdict === 'success' || (verdict !== 'throttled' && status !== undefined);
    if (served) this.tellServed();
    if (verdict !== 'transient' || this.#told) return;
    this.#told = true;
    const overload = status === undefined || OVERLOAD.has(status);
    this.permit.failed(call, this.request, overload);
  }

  /** Reports the quotas that the server states. */
  tellLimits(limits: readonly RateLimit[]): void {
    if (limits.length > 0) this.permit.heard(limits);
  }

  /** Whether the client has to read a good answer's body before it gives the answer. */
  get readsBody(): boolean {
    return this.#observer.readsBody(this.request);
  }

  /** Whether a quota reads the amounts spent from the outcome. */
  get readsSpent(): boolean {
    return this.permit.readsSpent;
  }

  /** The body of the response, if it became known after the outcome. */
  tellBody(body: string | undefined): void {
    if (body === undefined) return;
    const { request, status, headers } = this;
    this.permit.spentBy({ request, status, headers, body, receivedAt: this.#observer.now() });
  }

  /** Reports amounts spent that only the caller knows. */
  spend(amounts: Amounts): void {
    this.permit.spend(amounts);
  }

  /** The request was never sent: gives its permit back unused. */
  unsent(): void {
    if (this.#endedAt !== undefined) return;
    this.#endedAt = this.#observer.now();
    if (this.status === undefined) this.permit.refund();
    else this.permit.settle(this.#endedAt);
    this.#trace();
  }

  record(): AttemptRecord {
    const { classification } = this;
    return {
      startedAt: this.startedAt,
      waitedMs: this.waitedMs,
      durationMs: (this.#endedAt ?? this.#observer.now()) - this.startedAt,
      status: this.status,
      code: classification?.code,
      correlationId: classification?.correlationId,
      delayMs: this.delayMs,
    };
  }

  /** Tells the tracers of the end, once the attempt is over and classified. */
  #trace(): void {
    const traces = this.#traces;
    const { classification, status, protocol } = this;
    if (!traces || this.#endedAt === undefined || !classification) return;
    this.#traces = undefined;
    const end = { at: this.#endedAt, durationMs: this.#endedAt - this.startedAt };
    this.#observer.teller.ended({ ...end, status, protocol, classification }, traces);
  }
}
