/**
 * Sends requests by every client, under one SDK and one instrumentation, and prints what the server saw beside what
 * OpenTelemetry was told. A process of its own, as providers and instrumentations are global.
 */
import { createRequire } from 'node:module';
import { headgate } from 'headgate';
import { headgateSpanProcessor, opentelemetry } from 'headgate/opentelemetry';
import { CLIENTS, type ClientName } from './clients.ts';
import { Counter } from './counter.ts';
import type { Cell, ClientResult } from './otel-cell.ts';
import { sdkOf } from './otel-sdks.ts';

const cell = JSON.parse(process.argv[2] as string) as Cell;
const sdk = await sdkOf(cell.sdk, cell.mode === 'enrich' ? [headgateSpanProcessor()] : []);
if (cell.instrumented) {
  await sdk.instrument();
  // The instrumentation patches the module at the next `require`.
  createRequire(import.meta.url)('node:http');
}

const { suffix = '', headers = {} } = cell;
const results: ClientResult[] = [];
for (const client of Object.keys(CLIENTS) as ClientName[]) {
  const server = await Counter.start();
  const gate = headgate({
    name: client,
    adaptive: false,
    retry: { backoff: { base: 5, max: 10 } },
    quotas: [{ name: 'one', windows: [{ limit: 1000, per: '1s' }] }],
    auth: { token: async ({ previous }) => ({ token: previous ? 'fresh' : 'stale' }) },
  });
  const stop = opentelemetry(gate, { mode: cell.mode });
  const send = CLIENTS[client](gate);
  for (const path of ['/ok', '/busy', '/closed', '/moved', '/stale', '/gone', '/reset']) {
    await send(server.url + path + suffix, undefined, headers).catch(() => undefined);
  }
  const abort = new AbortController();
  const hanging = send(`${server.url}/hang${suffix}`, abort.signal, headers).catch(() => undefined);
  await server.hanging;
  abort.abort();
  await hanging;
  // What ends a turn later: an instrumentation's span of an aborted request.
  await new Promise((resolve) => setTimeout(resolve, 50));
  results.push({ client, seen: server.seen, ...(await sdk.collected()) });
  stop();
  await gate.close();
  await server.close();
}
process.stdout.write(JSON.stringify(results), () => process.exit());
