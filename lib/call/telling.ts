/** What is told of a call, in events and in the messages of errors. */
import { AsyncResource } from 'node:async_hooks';
import { safeUrl } from '../events/safe-url.ts';
import type { CallEvent, GateEvents } from '../events/types.ts';
import type { CallReport } from '../words/report.ts';
import type { RequestFacts } from '../words/types.ts';
import type { Attempt } from './attempt.ts';
import type { CallContext } from './context.ts';
import type { History } from './history.ts';
import type { CallSettings } from './settings.ts';

/** The events of a call. */
export type CallEventName = 'call' | 'queued' | 'attempt' | 'retry' | 'pause' | 'success' | 'failure';

/** Maximum number of characters of a URL in an error's message. */
const LONGEST_URL = 300;

/** `GET https://h/x (quota 'q')`: how an error's message names a call. */
export function subjectOf({ redact }: CallContext, { method, url }: RequestFacts, quota: string): string {
  const text = safeUrl(url, redact);
  const shown = text.length > LONGEST_URL ? `${text.slice(0, LONGEST_URL)}…` : text;
  return `${method} ${shown}${quota && ` (quota '${quota}')`}`;
}

/** What is told of a call. */
export interface Told {
  /** ID of the call. */
  readonly call: string;
  readonly request: RequestFacts;
  /** Key of the quota asked last. */
  readonly quota: string;
  /** The last attempt. */
  readonly attempt: Attempt | undefined;
}

/** A call's record. */
export function reportOf(
  { redact }: CallContext,
  { call, request, quota, attempt }: Told,
  history: History,
  reason: CallReport['reason'],
  hint: string | undefined,
): CallReport {
  return {
    call,
    method: request.method,
    url: safeUrl(request.url, redact),
    quota,
    correlationId: history.correlationId,
    verdict: attempt?.classification?.verdict,
    reason,
    hint: hint ?? attempt?.classification?.hint,
    attempts: history.records(),
  };
}

/**
 * Tells a call's events in the async context in which the call began. A client may be called back in another one, such
 * as that of the call that opened a shared connection, and a call that waits is let go by another call's answer.
 */
export class Teller {
  readonly #context: CallContext;
  readonly #told: () => Told;
  #scope: AsyncResource | undefined;

  constructor(context: CallContext, told: () => Told) {
    this.#context = context;
    this.#told = told;
    if (context.emitter.listened) this.keepScope();
  }

  /** Keeps the current async context, unless one is kept. Done already where somebody listened when the call began. */
  keepScope(): void {
    this.#scope ??= new AsyncResource('HeadgateCall');
  }

  /** Runs `fn` in the context that was kept. */
  inScope<T>(fn: () => T): T {
    return this.#scope ? this.#scope.runInAsyncScope(fn) : fn();
  }

  /** Tells an event, whose own fields are asked for only where somebody listens. */
  tell<Name extends CallEventName>(name: Name, more: () => Omit<GateEvents[Name], keyof CallEvent>): void {
    const { emitter } = this.#context;
    if (!emitter.has(name)) return;
    const event = { ...this.#event(), ...more() } as GateEvents[Name];
    this.inScope(() => emitter.emit(name, event));
  }

  /** The call begins. */
  begins({ priority, policy, quota: named }: CallSettings): void {
    const { closed } = this.#context;
    this.tell('call', () => {
      const quota = closed ? '' : this.#context.gateOf(this.#told().request, named).key;
      return { quota, priority, deadlineMs: policy.deadlineMs };
    });
  }

  /** The next attempt has to wait, for `waitMs` at the least. */
  queued(waitMs: number): void {
    const attempt = (this.#told().attempt?.number ?? 0) + 1;
    this.tell('queued', () => ({ correlationId: undefined, attempt, waitMs }));
  }

  /** What all events of a call have in common. */
  #event(): CallEvent {
    const { call, request, quota, attempt } = this.#told();
    return {
      at: this.#context.clock.now(),
      gate: this.#context.name,
      call,
      attempt: attempt?.number ?? 0,
      quota,
      method: request.method,
      url: safeUrl(request.url, this.#context.redact),
      correlationId: attempt?.classification?.correlationId,
    };
  }
}
