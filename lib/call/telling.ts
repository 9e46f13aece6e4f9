/** How events and error messages describe a call. */
import { AsyncResource } from 'node:async_hooks';
import { safeUrl } from '../events/safe-url.ts';
import type { AttemptEnd, CallEnd, Head } from '../events/tracer.ts';
import type { Traces } from '../events/tracers.ts';
import type { AttemptEvent, CallEvent, FailureEvent, GateEvents, SuccessEvent } from '../events/types.ts';
import type { CallSettings } from '../policy/call-settings.ts';
import { wallOf } from '../time/clock.ts';
import type { CallReport } from '../words/report.ts';
import type { RequestFacts } from '../words/types.ts';
import type { Attempt, EndedAttempt, Follower } from './attempt.ts';
import type { CallContext } from './context.ts';
import type { History } from './history.ts';
import type { Lifetime } from './lifetime.ts';
import type { Closed } from './pending-refusal.ts';

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

/** Ports by protocol (RFC 9110, 4.2). */
const PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

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
export class Teller implements Follower {
  readonly #context: CallContext;
  readonly #told: () => Told;
  readonly #lifetime: Pick<Lifetime, 'reason'>;
  readonly #settings: CallSettings;
  #begun = false;
  #scope: AsyncResource | undefined;
  /** The traces of the call, while tracers follow it. */
  #traces: Traces<CallEnd> | undefined;

  constructor(
    context: CallContext,
    lifetime: Pick<Lifetime, 'reason'>,
    settings: CallSettings,
    told: () => Told,
  ) {
    this.#context = context;
    this.#settings = settings;
    this.#told = told;
    this.#lifetime = lifetime;
    const { emitter } = context;
    if (emitter.listened || emitter.tracers.active) this.keepScope();
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
    const isEnd = name === 'success' || name === 'failure';
    // A call may end without an attempt: aborted before, or answered from its client's cache.
    if (isEnd) this.begins();
    const traces = isEnd ? this.#traces : undefined;
    if (!traces && !emitter.has(name)) return;
    const event = { ...this.#event(), ...more() } as GateEvents[Name];
    this.inScope(() => {
      emitter.emit(name, event);
      traces?.end(endOf(event as SuccessEvent | FailureEvent));
    });
    if (traces) this.#traces = undefined;
  }

  /** The call begins; emitted once. */
  begins(): void {
    if (this.#begun) return;
    this.#begun = true;
    const { priority, policy, quota: named } = this.#settings;
    const { closed, emitter } = this.#context;
    const { tracers } = emitter;
    // Without a scope, the gate had no tracers or listeners when the call was opened.
    const traced = this.#scope !== undefined && tracers.active;
    if (!traced && !emitter.has('call')) return;
    const quota = closed ? '' : this.#context.passageOf(this.#told().request, named).key;
    const event = { ...this.#event(), quota, priority, deadlineMs: policy.deadlineMs };
    if (traced) {
      this.inScope(() => {
        const traces = tracers.call(event);
        this.#traces = traces;
        // From here, the call's events and the sending of its attempts run in the tracers' contexts.
        this.#scope = traces.run(() => new AsyncResource('HeadgateCall'));
      });
    }
    this.inScope(() => emitter.emit('call', event));
  }

  /** The attempt is about to be sent. */
  attempt(attempt: Attempt): void {
    this.tell('attempt', () => sendingOf(attempt));
  }

  /** Has the tracers follow an attempt, if there are any. */
  follow(attempt: Attempt): Traces<AttemptEnd> | undefined {
    const { tracers } = this.#context.emitter;
    if (this.#scope === undefined || !tracers.active) return undefined;
    const event: AttemptEvent = { ...this.#event(), ...sendingOf(attempt) };
    return this.inScope(() => tracers.attempt(event));
  }

  /** Tells the tracers of the head of an attempt's response. */
  answered(attempt: Attempt, traces: Traces<AttemptEnd>, status: number): void {
    const { request, headers } = attempt;
    const context = this.#context;
    const head: Head = {
      status,
      // Computed on demand, since most tracers do not need it.
      get correlationId() {
        const receivedAt = wallOf(context.clock);
        return context.readings.read({ request, status, headers, receivedAt }).correlationId;
      },
    };
    this.inScope(() => traces.answered(head));
  }

  /** Tells the tracers how an attempt ended. */
  ended({ classification, ...end }: EndedAttempt, traces: Traces<AttemptEnd>): void {
    const { verdict, code, correlationId } = classification;
    const { reason } = this.#lifetime;
    this.inScope(() => traces.end({ ...end, verdict, code, correlationId, reason }));
  }

  /** The quota was held for a supposed refusal: reports that it closed and reopened. */
  heldFor({ at, untilMs, cause }: Closed): void {
    this.tell('pause', () => ({ at, until: untilMs, untilMs, cause }));
    const { name: gate, emitter, clock } = this.#context;
    const { quota } = this.#told();
    emitter.emit('resume', { at: clock.now(), gate, quota, until: untilMs, untilMs, cause });
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

/** The specific fields of an `attempt` event. */
function sendingOf({ number, request: { url }, waitedMs }: Attempt): Omit<AttemptEvent, keyof CallEvent> {
  const address = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = url.port === '' ? (PORTS[url.protocol] ?? 0) : Number(url.port);
  return { waitedMs, address, port, resends: number - 1 };
}

function endOf(event: SuccessEvent | FailureEvent): CallEnd {
  const { at, quota, attempt, status, correlationId } = event;
  const end = { at, quota, attempts: attempt, status, correlationId };
  if (!('reason' in event)) return end;
  const { reason, verdict, code, hint } = event;
  return { ...end, reason, verdict, code, hint };
}
