/**
 * One process of a fleet: `node fleet-worker.ts <options as JSON>`. Says `ready`, starts at the first line it reads,
 * and reports what became of its calls as one line of JSON.
 */

import { once } from 'node:events';
import http from 'node:http';
import got from 'got';
import { headgate, type QuotaOptions } from 'headgate';
import { redis } from 'headgate/redis';
import type { Redis } from 'ioredis';
import * as ioredis6 from 'ioredis6';

/** What a worker is told. */
export interface WorkerOptions {
  readonly url: string;
  readonly redisUrl: string;
  readonly calls: number;
  /** Absent where nothing is declared. */
  readonly limit?: number;
  readonly per?: number;
  readonly ledger?: { readonly processes?: number; readonly fallback?: 'share' | 'closed' };
  readonly deadline?: string;
  /** Whether it is ioredis 6 that connects; else the one installed. */
  readonly ioredis6?: boolean;
  /** Delay between its calls, in ms; default: all at once. */
  readonly every?: number;
  /** Quotas instead of the one of `limit` and `per`. */
  readonly quotas?: readonly QuotaOptions[];
  /** Paths, and costs in tokens, that its calls take in turn. */
  readonly paths?: readonly string[];
  readonly costs?: readonly number[];
  /** How far its system's clock is ahead, in ms. */
  readonly ahead?: number;
}

const options = JSON.parse(process.argv[2] as string) as WorkerOptions;
const source = options.ioredis6
  ? { client: new ioredis6.Redis(options.redisUrl, { lazyConnect: true }) as unknown as Redis }
  : { url: options.redisUrl };
const { now } = Date;
Date.now = () => now() + (options.ahead ?? 0);
const gate = headgate({
  ledger: redis({ ...source, ...options.ledger }),
  quotas: options.quotas ?? [
    {
      name: 'fleet',
      match: {},
      windows: options.limit && options.per ? [{ limit: options.limit, per: options.per }] : [],
    },
  ],
  retry: { deadline: options.deadline ?? '5m' },
  maxQueue: 1_000_000,
});
gate.on('warning', () => undefined);
const ledger: string[] = [];
gate.on('ledger', ({ state }) => ledger.push(state));
const learned: (readonly [kind: string, limit: number])[] = [];
gate.on('learned', ({ kind, limit }) => learned.push([kind, limit]));
const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
const api = gate.got(got).extend({ agent: { http: agent } });

process.stdout.write('ready\n');
await once(process.stdin, 'data');
process.stdin.destroy();

let succeeded = 0;
const failures: string[] = [];
const { paths = [''], costs = [0] } = options;
const call = async (index: number): Promise<void> => {
  const tokens = costs[index % costs.length] as number;
  try {
    await api(`${options.url}${paths[index % paths.length]}`, {
      headers: { 'x-process': String(process.pid), 'x-cost': String(tokens) },
      context: { headgate: { cost: { tokens } } },
    });
    succeeded += 1;
  } catch (error) {
    failures.push((error as Error).name);
  }
};
const unhandled: string[] = [];
process.on('unhandledRejection', (reason) => unhandled.push(String(reason)));
await Promise.all(
  Array.from({ length: options.calls }, async (_, index) => {
    if (options.every) await new Promise((resolve) => setTimeout(resolve, index * (options.every as number)));
    return call(index);
  }),
);
const { inFlight = 0, queued = 0 } = gate.quotas()[0] ?? {};
process.stdout.write(
  `${JSON.stringify({ succeeded, failures, ledger, learned, unhandled, held: inFlight + queued })}\n`,
);
agent.destroy();
await gate.close();
