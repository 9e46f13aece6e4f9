import { tracingChannel } from 'node:diagnostics_channel';
import { context, logs, metrics, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { expect } from 'chai';
import { headgate } from 'headgate';
import { opentelemetry } from 'headgate/opentelemetry';
import { prometheus } from 'headgate/prometheus';
import { Registry } from 'prom-client';
import { EVENT_NAMES } from '../../lib/events/emitter.ts';
import { endings } from '../support/ending.ts';
import { CLIENTS, type ClientName } from './support/clients.ts';
import { Counter } from './support/counter.ts';
import { resultsOf } from './support/otel-cell.ts';

/** Values that must appear nowhere. */
const SECRETS = {
  token: 'canary-token-4711',
  cookie: 'canary-cookie-4711',
  signature: 'canarySas4711%2Bxyz%3D',
  queryKey: 'canary-query-key-4711',
  pathKey: 'sk-proj-CANARY4711abcdefghijklmnop',
  password: 'canary-password-4711',
  amz: 'canary-amz-4711',
};

const QUERY = `sig=${SECRETS.signature}&api_key=${SECRETS.queryKey}&X-Amz-Credential=${SECRETS.amz}&AWSAccessKeyId=${SECRETS.amz}`;
const SUFFIX = `/${SECRETS.pathKey}?${QUERY}`;

function expectNone(shown: object): void {
  for (const [where, what] of Object.entries(shown)) {
    const text = JSON.stringify(what);
    for (const [name, secret] of Object.entries(SECRETS)) {
      expect(
        text.includes(secret) || text.includes(decodeURIComponent(secret)),
        `${name} in ${where}`,
      ).to.equal(false);
    }
  }
}

describe('Secrets', () => {
  const own = endings();

  for (const client of Object.keys(CLIENTS) as ClientName[]) {
    it(`appear in no event, span, metric, log, channel or error text of ours: ${client}`, async () => {
      const server = own(await Counter.start());
      const gate = own(
        headgate({
          name: 'secrets',
          retry: { backoff: { base: 5, max: 10 }, attempts: 3 },
          auth: { token: async () => ({ token: SECRETS.token }) },
        }),
      );
      const told: unknown[] = [];
      for (const name of EVENT_NAMES) gate.on(name, (event) => told.push(event));
      const channels = ['call', 'attempt'].map((name) => tracingChannel(`headgate:${name}`));
      const hear = (message: unknown): unknown => told.push(message);
      const subscribers = { start: hear, end: hear, asyncStart: hear, asyncEnd: hear, error: hear };
      for (const channel of channels) channel.subscribe(subscribers as never);
      const registry = new Registry();
      prometheus(gate, { registry });
      const spans = new InMemorySpanExporter();
      const records = new InMemoryLogRecordExporter();
      const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
      const reader = new PeriodicExportingMetricReader({
        exporter,
        exportIntervalMillis: 1e8,
        exportTimeoutMillis: 1e7,
      });
      context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
      propagation.setGlobalPropagator(new W3CTraceContextPropagator());
      const stop = opentelemetry(gate, {
        tracerProvider: new TracerProvider({
          spanProcessors: [new SimpleSpanProcessor({ exporter: spans })],
        }),
        meterProvider: new MeterProvider({ readers: [reader] }),
        loggerProvider: new LoggerProvider({
          processors: [new SimpleLogRecordProcessor({ exporter: records })],
        }),
      });
      const send = CLIENTS[client](gate);
      const rests = [`/ok`, `/busy`, `/closed`, `/gone`, `/reset`].map((path) => path + SUFFIX);
      const withPassword = server.url.replace('//', `//user:${SECRETS.password}@`);
      const errors: Error[] = [];

      for (const rest of rests) {
        for (const base of [server.url, ...(client === 'got' || client === 'axios' ? [withPassword] : [])]) {
          await send(base + rest, undefined, { cookie: `session=${SECRETS.cookie}` }).catch((error) =>
            errors.push(error),
          );
        }
      }
      await send(`http://127.0.0.1:1${SUFFIX}`).catch((error) => errors.push(error));
      await reader.forceFlush();
      for (const channel of channels) channel.unsubscribe(subscribers as never);

      const reports = errors.map((error) => (error as { headgate?: unknown }).headgate);
      const spanData = spans
        .getFinishedSpans()
        .map(({ name, attributes, events, status }) => ({ name, attributes, events, status }));
      const logData = records
        .getFinishedLogRecords()
        .map(({ eventName, body, attributes }) => ({ eventName, body, attributes }));
      const errorTexts = told.map((message) => (message as { error?: Error }).error?.stack);
      const shown = {
        told,
        errorTexts,
        reports,
        spanData,
        logData,
        metrics: exporter.getMetrics().map(({ scopeMetrics }) => scopeMetrics),
        prometheus: await registry.metrics(),
        quotas: gate.quotas(),
      };
      stop();
      context.disable();
      propagation.disable();
      expectNone(shown);
      expect(spanData.length).to.be.above(8);
      expect(JSON.stringify(spanData)).to.include('REDACTED');
      expect(told.length).to.be.above(20);
    });
  }

  for (const sdk of [2, 3] as const) {
    it(`are taken out of the spans of instrumentations (SDK ${sdk})`, async () => {
      const results = await resultsOf({
        sdk,
        instrumented: true,
        mode: 'enrich',
        suffix: SUFFIX,
        headers: { cookie: `session=${SECRETS.cookie}`, authorization: `Bearer ${SECRETS.token}` },
      });
      for (const { client, spans, points, logs } of results) expectNone({ [client]: [spans, points, logs] });
      const urls = results.flatMap(({ spans }) => spans.map(({ attributes }) => attributes['url.full']));
      expect(urls.filter((url) => String(url).includes('REDACTED')).length).to.be.above(20);
    }).timeout(60_000);
  }

  after(() => {
    for (const api of [trace, metrics, logs]) api.disable();
  });
});
