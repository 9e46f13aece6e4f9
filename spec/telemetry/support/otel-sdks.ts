import { registerHooks } from 'node:module';
import type { ClientResult, PointSeen, SpanSeen } from './otel-cell.ts';

type Collected = Pick<ClientResult, 'spans' | 'points' | 'logs'>;

/** An SDK with everything kept in memory. */
export interface Sdk {
  /** Has the clients of `node:http` and undici instrumented. */
  instrument(): Promise<void>;
  /** What was told since the last time. */
  collected(): Promise<Collected>;
}

// biome-ignore lint/suspicious/noExplicitAny: the two majors' types do not agree
type Any = any;

/** Registers SDK 2 with the API of its time (1.9), or SDK 3 with today's. Before anything else imports the API. */
export async function sdkOf(major: 2 | 3, processors: readonly object[]): Promise<Sdk> {
  const packages = major === 2 ? SDK2 : SDK3;
  const api: Any = await import('@opentelemetry/api');
  const [tracing, metering, contexts, core]: Any[] = await Promise.all(
    [packages.trace, packages.metrics, packages.context, packages.core].map((name) => import(name)),
  );
  const spans = new tracing.InMemorySpanExporter();
  const Provider = tracing.TracerProvider ?? tracing.BasicTracerProvider;
  const exporting = new tracing.SimpleSpanProcessor(major === 2 ? spans : { exporter: spans });
  const spanProcessors = [...processors, exporting];
  const metrics = new metering.InMemoryMetricExporter(metering.AggregationTemporality.DELTA);
  const reader = new metering.PeriodicExportingMetricReader({
    exporter: metrics,
    exportIntervalMillis: 1e8,
    exportTimeoutMillis: 1e7,
  });
  const contextManager = new contexts.AsyncLocalStorageContextManager();
  api.context.setGlobalContextManager(contextManager.enable());
  api.propagation.setGlobalPropagator(new core.W3CTraceContextPropagator());
  api.trace.setGlobalTracerProvider(new Provider({ spanProcessors }));
  api.metrics.setGlobalMeterProvider(new metering.MeterProvider({ readers: [reader] }));
  const logs = major === 3 ? await logging(api) : () => [];

  return {
    async instrument() {
      const { HttpInstrumentation }: Any = await import(packages.http);
      const { UndiciInstrumentation }: Any = await import(packages.undici);
      const instrumentations = [
        new HttpInstrumentation({ disableIncomingRequestInstrumentation: true }),
        new UndiciInstrumentation(),
      ];
      for (const instrumentation of instrumentations) {
        instrumentation.setTracerProvider(api.trace.getTracerProvider());
        instrumentation.setMeterProvider(api.metrics.getMeterProvider());
        instrumentation.enable();
      }
    },
    async collected() {
      await reader.forceFlush();
      const points = metrics.getMetrics().flatMap(pointsOf);
      const seen = spans.getFinishedSpans().map(spanOf);
      metrics.reset();
      spans.reset();
      return { spans: seen, points, logs: logs() };
    },
  };
}

const SDK3 = {
  trace: '@opentelemetry/sdk-trace',
  metrics: '@opentelemetry/sdk-metrics',
  context: '@opentelemetry/context-async-hooks',
  core: '@opentelemetry/core',
  http: '@opentelemetry/instrumentation-http',
  undici: '@opentelemetry/instrumentation-undici',
};
const SDK2 = {
  trace: 'otel2-trace',
  metrics: 'otel2-metrics',
  context: 'otel2-context',
  core: 'otel2-core',
  http: 'otel2-http',
  undici: 'otel2-undici',
};

/** Has everything in this process that asks for the API get the one of SDK 2's time. */
export function withApi19(): void {
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === '@opentelemetry/api'
        ? next('otel2-api', { ...context, parentURL: import.meta.url })
        : next(specifier, context),
  });
}

async function logging(api: Any): Promise<() => Collected['logs']> {
  const { LoggerProvider, SimpleLogRecordProcessor, InMemoryLogRecordExporter }: Any = await import(
    '@opentelemetry/sdk-logs'
  );
  const exporter = new InMemoryLogRecordExporter();
  const processors = [new SimpleLogRecordProcessor({ exporter })];
  api.logs.setGlobalLoggerProvider(new LoggerProvider({ processors }));
  return () => {
    const records = exporter.getFinishedLogRecords().map(({ eventName, spanContext }: Any) => ({
      name: eventName,
      trace: spanContext?.traceId,
    }));
    exporter.reset();
    return records;
  };
}

function spanOf(span: Any): SpanSeen {
  const { traceId, spanId } = span.spanContext();
  return {
    name: span.name,
    scope: span.instrumentationScope.name,
    kind: span.kind,
    id: spanId,
    trace: traceId,
    parent: span.parentSpanContext?.spanId,
    status: span.status.code,
    attributes: span.attributes,
    events: span.events.map(({ name }: Any) => name),
  };
}

function pointsOf({ scopeMetrics }: Any): PointSeen[] {
  return scopeMetrics.flatMap(({ metrics }: Any) =>
    metrics.flatMap(({ descriptor, dataPoints }: Any) =>
      dataPoints.map(({ attributes, value }: Any) => ({
        name: descriptor.name,
        attributes,
        value: typeof value === 'number' ? value : value.count,
      })),
    ),
  );
}
