import type { RateLimit } from '../classify/rate-limit.ts';
import type { Reread } from '../classify/readings.ts';
import type { Permit } from '../gate/permit.ts';
import type { AttemptRecord } from '../words/report.ts';
import type { Classification, Headers, Outcome, RequestFacts } from '../words/types.ts';
import type { PauseNotice } from './pause-notice.ts';

/** The right to send one attempt: a permit, and the headers that are the gate's own for it. */
export interface Pass {
  readonly permit: Permit;
  readonly token: string | undefined;
  /** The token's header, and what was signed. */
  readonly own: Readonly<Record<string, string>> | undefined;
  /** Moment at which it was complete. */
  readonly at: number;
  /** How long it was waited for, in ms. */
  readonly waitedMs: number;
}

/** Statuses by which a server tells that it has too much to do. */
const OVERLOAD: ReadonlySet<number> = new Set([408, 502, 503, 504, 529]);

/** What a client knows of how an attempt ended. */
export interface Ending extends Omit<Outcome, 'request' | 'receivedAt'> {
  /** Where the client's user has a reading of his own: makes it from the profile's. */
  readonly reread?: Reread | undefined;
}

/** What a client knows of making an attempt again. */
export interface Resend {
  /** The request's body can be sent again. */
  readonly replayable: boolean;
  /** False when the user turned the client's retries off. */
  readonly allowed: boolean;
}

/** What an {@link Attempt} tells its call. */
export interface AttemptObserver {
  now(): number;
  /** The response's head came. */
  answered(attempt: Attempt, status: number, headers: Headers, at: number): void;
}

/**
 * One request on the wire, with its permit and its record. Its client says when the response's head came
 * ({@link answer}) and when it was over ({@link close}); what it meant is settled by the call.
 */
export class Attempt {
  /** From 1. */
  readonly number: number;
  readonly request: RequestFacts;
  readonly permit: Permit;
  /** The gate's bearer token, when it has one for this request. */
  readonly token: string | undefined;
  /** What goes over the request's own headers for this attempt alone: the token, and what was signed. Never shown. */
  readonly own: Readonly<Record<string, string>> | undefined;
  readonly startedAt: number;
  readonly waitedMs: number;
  status: number | undefined;
  headers: Headers | undefined;
  /** Set once the outcome was read. */
  classification: Classification | undefined;
  /** The wait decided on before the next attempt. */
  delayMs: number | undefined;
  /** Set once the next attempt is due. */
  superseded = false;
  /** Set once the gate was told that it was throttled. */
  closing: PauseNotice | undefined;
  readonly #observer: AttemptObserver;
  /** The gate was told how the attempt went. */
  #told = false;
  #endedAt: number | undefined;

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
    this.startedAt = at;
  }

  /** It is on the wire, as far as its client said. */
  get open(): boolean {
    return this.#endedAt === undefined;
  }

  /** The response's head came. */
  answer(status: number, headers: Headers): void {
    if (this.#endedAt !== undefined) return;
    this.status = status;
    this.headers = headers;
    const at = this.#observer.now();
    this.together(() => {
      this.permit.answer(at);
      this.#observer.answered(this, status, headers, at);
      if (status >= 400 && !this.#told && !this.closing) this.permit.unread();
    });
  }

  get over(): boolean {
    return this.#endedAt !== undefined;
  }

  /** Tells the gate several facts as one. */
  together<T>(tell: () => T): T {
    return this.permit.together(tell);
  }

  /** The response ended, or the attempt failed. Further calls do nothing. */
  close(): void {
    if (this.#endedAt !== undefined) return;
    this.#endedAt = this.#observer.now();
    this.permit.settle(this.#endedAt);
  }

  /** Tells the gate, once, that the server answered, and neither refused nor failed. */
  tellServed(at?: number): void {
    if (this.#told) return;
    this.#told = true;
    this.permit.served(this.request, at);
  }

  /** Tells the gate, once, what became of the attempt; a refusal is told apart, since it closes the gate. */
  tell(call: unknown): void {
    const { verdict, status } = this.classification ?? {};
    if (
      verdict === 'success' ||
      (status !== undefined && verdict !== 'throttled' && verdict !== 'transient')
    ) {
      this.tellServed();
    }
    if (verdict !== 'transient' || this.#told) return;
    this.#told = true;
    const overload = status === undefined || OVERLOAD.has(status);
    this.permit.failed(call, this.request, overload);
  }

  /** Tells the gate what the server states of its quotas. */
  tellLimits(limits: readonly RateLimit[]): void {
    if (limits.length > 0) this.permit.heard(limits);
  }

  /** The request never left: its permit is given back unused. */
  unsent(): void {
    if (this.#endedAt !== undefined) return;
    this.#endedAt = this.#observer.now();
    if (this.status === undefined) this.permit.refund();
    else this.permit.settle(this.#endedAt);
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
}
