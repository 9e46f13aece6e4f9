/** OpenTelemetry for a gate: spans, metrics and log events. Needs `@opentelemetry/api` 1.9 or later, with any SDK. */
import { type MeterProvider, metrics, type TracerProvider, trace } from '@opentelemetry/api';
import { OptionsError, type Tracer } from '../public.ts';
import { Bounded, type Observed } from './figures.ts';
import { checkGate, maxQuotasOf } from './options.ts';
import { EnrichedSpans, type HeadgateSpanProcessor, processor } from './otel/enrich.ts';
import { type LoggerProviderLike, tellEvents } from './otel/logs.ts';
import { requestDuration, showMetrics } from './otel/metrics.ts';
import { OwnSpans } from './otel/spans.ts';

export type { HeadgateSpanProcessor, StartedSpan } from './otel/enrich.ts';
export type { LoggerLike, LoggerProviderLike } from './otel/logs.ts';

/** The parts of a gate that telemetry uses. */
export interface Traceable extends Observed {
  /** Name of the gate. */
  readonly name: string;
  /** Adds a tracer that follows its calls. */
  trace(tracer: Tracer): () => void;
}

/** Options of {@link opentelemetry}. */
export interface OpenTelemetryOptions {
  /**
   * Source of each request's span. `own`: the gate, which also injects `traceparent` and suppresses the spans of HTTP
   * instrumentations. `enrich`: an active HTTP instrumentation, whose spans {@link headgateSpanProcessor} completes.
   * Default `own`.
   */
  readonly mode?: 'own' | 'enrich' | undefined;
  /** Default: the global one. */
  readonly tracerProvider?: TracerProvider | undefined;
  /** Default: the global one. */
  readonly meterProvider?: MeterProvider | undefined;
  /** Default: the global one of `@opentelemetry/api` 1.10 or later. Without one, waits become events of the call's span. */
  readonly loggerProvider?: LoggerProviderLike | undefined;
  /** Maximum number of quotas with their own metrics; the rest share the name `_other`. Default 100. */
  readonly maxQuotas?: number | undefined;
}

const SCOPE = 'headgate';

/**
 * Exports a gate's calls as spans, its figures as metrics, and its waits, retries and pauses as log events. Returns a
 * function that stops this. Throws `OptionsError`.
 *
 * Each call has an INTERNAL span, `headgate GET`; each attempt has a CLIENT span, by OpenTelemetry's stable HTTP
 * conventions (semantic conventions 1.44).
 *
 * @example
 * const stop = opentelemetry(gate);
 */
export function opentelemetry(gate: Traceable, options: OpenTelemetryOptions = {}): () => void {
  checkGate('opentelemetry', gate);
  const { mode = 'own', loggerProvider, tracerProvider = trace, meterProvider = metrics } = options;
  if (mode !== 'own' && mode !== 'enrich') throw new OptionsError('mode', mode, "'own' or 'enrich'");
  for (const [name, given, method] of [
    ['tracerProvider', tracerProvider, 'getTracer'],
    ['meterProvider', meterProvider, 'getMeter'],
    ['loggerProvider', loggerProvider, 'getLogger'],
  ] as const) {
    if (
      given === undefined ||
      typeof (given as unknown as Record<string, unknown>)?.[method] === 'function'
    ) {
      continue;
    }
    throw new OptionsError(name, given, `a provider with ${method}()`);
  }
  const bounded = new Bounded(maxQuotasOf(options));
  const spans = tracerProvider.getTracer(SCOPE);
  const meter = meterProvider.getMeter(SCOPE);
  const stops = [
    gate.trace(mode === 'own' ? new OwnSpans(spans, requestDuration(meter)) : new EnrichedSpans(spans)),
    showMetrics(meter, gate, bounded),
    tellEvents(gate, loggerProvider),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/**
 * Returns a span processor for `mode: 'enrich'`: it adds the resend count, the wait, the quota and the correlation ID to
 * the spans that an HTTP instrumentation makes for a gate's attempts, and hides secrets in their URLs.
 *
 * @example
 * new NodeTracerProvider({ spanProcessors: [headgateSpanProcessor(), new BatchSpanProcessor(exporter)] });
 */
export function headgateSpanProcessor(): HeadgateSpanProcessor {
  return processor;
}
