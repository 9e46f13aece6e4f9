import {
  context,
  createContextKey,
  type Histogram,
  propagation,
  type Span,
  SpanKind,
  type Tracer as SpanMaker,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import type { AttemptEnd, AttemptEvent, CallBeginEvent, CallEnd, Trace, Tracer } from '../../public.ts';
import {
  CORRELATION_ID,
  callErrorOf,
  commonOf,
  endedOf,
  errorOf,
  metricOf,
  sendingOf,
  spanName,
} from './attributes.ts';
import { isSuppressed, type Sending, Suppressed } from './suppressed.ts';

/**
 * The span around all attempts of a call.
 *
 * @param key context key under which the call's attempts find `state`
 */
export function callSpan(
  spans: SpanMaker,
  call: CallBeginEvent,
  key: symbol,
  state: object,
): Trace<CallEnd> | undefined {
  const around = context.active();
  if (isSuppressed(around)) return undefined;
  const { priority } = call;
  const attributes = { ...commonOf(call), ...(priority !== 0 && { 'headgate.priority': priority }) };
  const span = spans.startSpan(`headgate ${spanName(call.method)}`, { kind: SpanKind.INTERNAL, attributes });
  const inside = trace.setSpan(around, span).setValue(key, state);
  return { run: (begin) => context.with(inside, begin), end: (end) => endCall(span, end) };
}

function endCall(span: Span, end: CallEnd): void {
  const { attempts, quota, correlationId, reason, code, hint, status } = end;
  const error = callErrorOf(end);
  span.setAttributes({
    'headgate.attempts': attempts,
    'headgate.quota': quota,
    ...(status !== undefined && { 'http.response.status_code': status }),
    ...(correlationId !== undefined && { [CORRELATION_ID]: correlationId }),
    ...(reason !== undefined && { 'headgate.reason': reason }),
    ...(code !== undefined && { 'headgate.code': code }),
    ...(error !== undefined && { 'error.type': error }),
  });
  if (error !== undefined) {
    const message = hint ?? reason;
    span.setStatus({ code: SpanStatusCode.ERROR, ...(message !== undefined && { message }) });
  }
  span.end();
}

/** Key of a call's {@link Sending}. */
const SENDING = createContextKey('headgate sending');

/** Makes a CLIENT span for each attempt, in place of any HTTP instrumentation. */
export class OwnSpans implements Tracer {
  readonly #spans: SpanMaker;
  readonly #duration: Histogram;

  /** @param duration `http.client.request.duration` */
  constructor(spans: SpanMaker, duration: Histogram) {
    this.#spans = spans;
    this.#duration = duration;
  }

  call(call: CallBeginEvent): Trace<CallEnd> | undefined {
    const sending: Sending = { active: false, instrumented: false };
    return callSpan(this.#spans, call, SENDING, sending);
  }

  attempt(attempt: AttemptEvent): Trace<AttemptEnd> | undefined {
    const around = context.active();
    if (isSuppressed(around)) return undefined;
    const attributes = sendingOf(attempt);
    const span = this.#spans.startSpan(spanName(attempt.method), { kind: SpanKind.CLIENT, attributes });
    const inside = trace.setSpan(around, span);
    const headers: Record<string, string> = {};
    propagation.inject(inside, headers, { set: setHeader });
    const sending = (around.getValue(SENDING) as Sending | undefined) ?? {
      active: false,
      instrumented: false,
    };
    const suppressed = new Suppressed(inside, sending);
    sending.active = true;
    return {
      headers,
      run: (send) => context.with(suppressed, send),
      answered: () => {
        sending.active = false;
      },
      end: (end) => {
        sending.active = false;
        if (!sending.instrumented) this.#duration.record(end.durationMs / 1000, metricOf(attempt, end));
        endAttempt(span, end);
      },
    };
  }
}

function setHeader(headers: Record<string, string>, name: string, value: unknown): void {
  headers[name.toLowerCase()] = String(value);
}

function endAttempt(span: Span, end: AttemptEnd): void {
  const { correlationId, status } = end;
  span.setAttributes({
    ...endedOf(end),
    ...(correlationId !== undefined && { [CORRELATION_ID]: correlationId }),
  });
  const error = errorOf(end);
  if (error !== undefined) {
    // A status needs no message.
    const message = status !== undefined && status >= 400 ? {} : { message: error };
    span.setStatus({ code: SpanStatusCode.ERROR, ...message });
  }
  span.end();
}
