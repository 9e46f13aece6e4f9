/** How events and error messages describe a call. */
import { AsyncResource } from 'node:async_hooks';
import { safeUrl } from '../events/safe-url.ts';
import type { CallEvent, GateEvents } from '../events/types.ts';
import type { CallSettings } from '../policy/call-settings.ts';
import type { CallReport } from '../words/report.ts';
import type { RequestFacts } from '../words/types.ts';
import type { Attempt } from './attempt.ts';
import type { CallContext } from './context.ts';
import type { History } from './history.ts';

/** The events of a call. */
export type CallEventName = 'call' | 'queued' | 'attempt' | 'retry' | 'pause' | 'success' | 'failure';

/** Maximum length of a URL in an error message. */
const MAX_URL = 300;

/** Names a call in an error message: `GET https://h/x (quota 'q')`. */
export function subjectOf({ redact }: CallContext, { method, url }: RequestFacts, quota: string): string {
  const text = safeUrl(url, redact);
  const shown = text.length > MAX_URL ? `${text.slice(0, MAX_URL)}…` : text;
  return `${method} ${shown}${quota && ` (quota '${quota}')`}`;
}

/** The current facts of a call. */
export interface Told {
  /** ID of the call. */
  readonly call: string;
  readonly request: RequestFacts;
  /** Key of the quota last asked for a permit. */
  readonly quota: string;
  /** The last attempt. */
  readonly attempt: Attempt | undefined;
}

/** Builds a call's report. */
export function reportOf(
  { redact }: CallContext,
  { call, request, quota, attempt }: Told,
  history: History,
  reason: CallReport['reason'],
  hint: string | undefined,
): CallReport {
  const report: Omit<CallReport, 'spend'> = {
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
  return spendable(report, attempt);
}

/** Lets the caller tell what the last attempt spent; hidden from loggers and serializers. */
export function spendable(report: Omit<CallReport, 'spend'>, attempt: Attempt | undefined): CallReport {
  const spend: CallReport['spend'] = (amounts) => attempt?.permit.spend(amounts);
  return Object.defineProperty(report, 'spend', { value: spend }) as CallReport;
}

/**
 * Emits a call's events in the async context in which the call began. A client's callback may run in another call's
 * context, e.g. of the call that opened a shared connection or whose response released a queued call.
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

  /** Keeps the current async context, unless one is kept; the constructor does so if the gate has listeners. */
  keepScope(): void {
    this.#scope ??= new AsyncResource('HeadgateCall');
  }

  /** Runs `fn` in the kept context. */
  inScope<T>(fn: () => T): T {
    return this.#scope ? this.#scope.runInAsyncScope(fn) : fn();
  }

  /** Emits an event; calls `more` for its specific fields only if the event has a receiver. */
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

  /** The next attempt is queued, for at least `waitMs`. */
  queued(waitMs: number): void {
    const attempt = (this.#told().attempt?.number ?? 0) + 1;
    this.tell('queued', () => ({ correlationId: undefined, attempt, waitMs }));
  }

  /** Fields common to all events of a call. */
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
