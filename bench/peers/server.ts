/**
 * The server of one trial, in a process of its own: `fork('server.ts', [work, seed])`. Its clock starts with the first
 * request to `/call`; `/warm` is answered and forgotten. Tells its port at first, and its log when it is asked.
 */
import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { seeded } from '../../lib/simulator/random.ts';
import { planOf } from './calls.ts';
import { metersOf, troubleAt } from './limits.ts';
import type { Hit, Work } from './types.ts';

const work = JSON.parse(process.argv[2] as string) as Work;
const { server: plan } = work;
const seed = Number(process.argv[3]);
const meters = metersOf(work, seeded(seed));
const latency = seeded(seed + 1);
const hits: Hit[] = [];
let startedAt: number | undefined;
let inService = 0;

/** Status and headers of the answer to a request of a call that came at `now`. */
function judge(now: number, call: number): { status: number; waitMs?: number } {
  const trouble = troubleAt(plan, now);
  if (trouble) return { status: trouble.status, ...(trouble.retryAfter && { waitMs: trouble.to - now }) };
  if (inService >= (plan.capacity ?? Infinity)) return { status: 503 };
  const waitMs = Math.max(0, ...meters.map((meter) => meter.wait(now, call)));
  if (waitMs > 0) return { status: 429, ...(plan.retryAfter === 'seconds' && { waitMs }) };
  for (const meter of meters) meter.count(now, call);
  return { status: 200 };
}

function serve(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (!url.pathname.startsWith('/call')) return void response.end('{}');
  startedAt ??= performance.now();
  const at = performance.now() - startedAt;
  const call = Number(url.searchParams.get('n'));
  const { status, waitMs } = judge(at, call);
  hits.push({ at, call, status });
  if (status === 0) return void request.socket.destroy();
  const [from, to] = plan.latency;
  const ms = from + latency() * (to - from);
  if (status === 200) inService += 1;
  setTimeout(
    () => {
      if (status === 200) inService -= 1;
      response.writeHead(status, {
        'content-type': 'application/json',
        ...(waitMs !== undefined && { 'retry-after': String(Math.ceil(waitMs / 1000)) }),
      });
      const spent =
        work.tokens && status === 200 ? `,"usage":{"total_tokens":${planOf(work, call).tokens}}` : '';
      response.end(`{"value":[]${spent}}`);
    },
    status === 200 ? ms : ms / 10,
  );
}

// On a second port, hence another origin, a client can warm up and learn nothing of this server.
const servers = [http.createServer(serve), http.createServer(serve)];
const ports: number[] = [];
for (const server of servers) {
  server.keepAliveTimeout = 120_000;
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
  await once(server, 'listening');
  ports.push((server.address() as AddressInfo).port);
}
process.on('message', () => process.send?.(hits, () => process.exit()));
process.on('disconnect', () => process.exit());
process.send?.(ports);
