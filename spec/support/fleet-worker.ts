/**
 * One process of a fleet. Reads a worker's options as a line of JSON, says `ready`, starts at the next line, reports what became
 * of its calls as one line of JSON, and then takes the options of another worker. Ends with its input.
 */

import http from 'node:http';
import { createInterface } from 'node:readline';
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

const { now } = Date;
let ahead = 0;
Date.now = () => now() + ahead;
let unhandled: string[] = [];
process.on('unhandledRejection', (reason) => unhandled.push(String(reason)));

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function work(options: WorkerOptions): Promise<object> {
  ahead = options.ahead ?? 0;
  unhandled = [];
  const source = options.ioredis6
    ? { client: new ioredis6.Redis(options.redisUrl, { lazyConnect: true }) as unknown as Redis }
    : { url: options.redisUrl };
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
  await lines.next();

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
  await Promise.all(
    Array.from({ length: options.calls }, async (_, index) => {
      if (options.every)
        await new Promise((resolve) => setTimeout(resolve, index * (options.every as number)));
      return call(index);
    }),
  );
  const { inFlight = 0, queued = 0 } = gate.quotas()[0] ?? {};
  agent.destroy();
  await gate.close();
  return { succeeded, failures, ledger, learned, unhandled, held: inFlight + queued };
}

for await (const line of lines) {
  process.stdout.write(`${JSON.stringify(await work(JSON.parse(line)))}\n`);
}
