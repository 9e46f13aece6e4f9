import http from 'node:http';
import { context, propagation } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import axios from 'axios';
import Bottleneck from 'bottleneck';
import got from 'got';
import { Registry } from 'prom-client';
import { Agent, type Dispatcher, request } from 'undici';
import { type Headgate, headgate } from '../../lib/index.ts';
import { opentelemetry } from '../../lib/telemetry/opentelemetry.ts';
import { prometheus } from '../../lib/telemetry/prometheus.ts';

/** One way to make a request, that resolves when its body has come. */
export type Ask = () => Promise<unknown>;

/** A client, bare, and the same with something around it. */
export interface Comparison {
  readonly client: string;
  readonly bare: Ask;
  readonly wrapped: Readonly<Record<string, Ask>>;
  /** So slow that fewer rounds and requests have to do. */
  readonly slow?: boolean;
}

/** Limits that nothing here reaches. */
const WIDE = { quotas: [{ name: 'wide', match: {}, windows: [{ limit: 1_000_000, per: '1s' }] }] };

/** Every client that there is, of those that Headgate wraps. */
export function comparisons(url: string): Comparison[] {
  const agent = new http.Agent({ keepAlive: true });
  const api = got.extend({ agent: { http: agent } });
  const learning = headgate().got(api);
  const declared = headgate(WIDE).got(api);
  // The least that an extension like Headgate's can cost: a handler and hooks that do nothing.
  const hooked = got.extend({
    agent: { http: agent },
    handlers: [(options, next) => next(options)],
    hooks: {
      beforeRequest: [() => undefined],
      afterResponse: [(response) => response],
      beforeRetry: [() => undefined],
      beforeError: [(error) => error],
    },
  });
  const limiter = new Bottleneck();
  const traced = withSpans(headgate({ name: 'spans' })).got(api);
  const counted = headgate({ name: 'metrics' });
  prometheus(counted, { registry: new Registry() });
  const measured = counted.got(api);
  return [
    {
      client: 'got',
      bare: () => api(url),
      wrapped: {
        'a handler and hooks that do nothing': () => hooked(url),
        Headgate: () => learning(url),
        'Headgate, quota declared': () => declared(url),
        'Headgate, OpenTelemetry': () => traced(url),
        'Headgate, Prometheus': () => measured(url),
      },
    },
    {
      client: 'got',
      bare: () => api(url),
      wrapped: { Bottleneck: () => limiter.schedule(() => api(url)) },
      slow: true,
    },
    fetchComparison(url, headgate()),
    undiciComparison(url, headgate()),
    wrapComparison(url, headgate()),
    axiosComparison(url, headgate(), agent),
  ];
}

/** A gate with spans, metrics and log events, whose spans go to an exporter that drops them. */
function withSpans(gate: Headgate): Headgate {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  const exporter = {
    export: (_spans: unknown, done: (result: { code: number }) => void) => done({ code: 0 }),
  };
  const spanProcessors = [new BatchSpanProcessor({ exporter: exporter as never })];
  opentelemetry(gate, {
    tracerProvider: new TracerProvider({ spanProcessors }),
    meterProvider: new MeterProvider(),
  });
  return gate;
}

async function read(response: Response): Promise<string> {
  return response.text();
}

function fetchComparison(url: string, gate: Headgate): Comparison {
  const gated = gate.fetch();
  return {
    client: 'fetch',
    bare: async () => read(await fetch(url)),
    wrapped: { Headgate: async () => read(await gated(url)) },
  };
}

function undiciComparison(url: string, gate: Headgate): Comparison {
  const text = async (dispatcher: Dispatcher): Promise<string> =>
    (await request(url, { dispatcher })).body.text();
  const bare = new Agent();
  const gated = new Agent().compose(gate.undici());
  return { client: 'undici', bare: () => text(bare), wrapped: { Headgate: () => text(gated) } };
}

function wrapComparison(url: string, gate: Headgate): Comparison {
  const bare = async (): Promise<string> => read(await fetch(url));
  const gated = gate.wrap(bare, { request: { method: 'GET', url } });
  return { client: 'a function that fetches', bare, wrapped: { Headgate: gated } };
}

function axiosComparison(url: string, gate: Headgate, httpAgent: http.Agent): Comparison {
  const bare = axios.create({ httpAgent });
  const gated = gate.axios(axios.create({ httpAgent }));
  return { client: 'axios', bare: () => bare.get(url), wrapped: { Headgate: () => gated.get(url) } };
}
