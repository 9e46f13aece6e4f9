import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import type { WorkerOptions } from './fleet-worker.ts';

/** What a worker said at its end. */
interface WorkerReport {
  readonly succeeded: number;
  readonly failures: readonly string[];
  readonly ledger: readonly string[];
  readonly learned: readonly (readonly [kind: string, limit: number])[];
  readonly unhandled: readonly string[];
  /** Permits and places that are not back at its end. */
  readonly held: number;
}

/** One process of a fleet. */
export interface Worker {
  readonly process: ChildProcess;
  /** Resolves once it could start. */
  readonly ready: Promise<void>;
  start(): void;
  /** Its report; `undefined` when it was killed. */
  readonly report: Promise<WorkerReport | undefined>;
}

export function spawnWorker(options: WorkerOptions): Worker {
  const file = new URL('fleet-worker.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--conditions=headgate-source', file, JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let last: string | undefined;
  const ready = Promise.withResolvers<void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line === 'ready') ready.resolve();
    else last = line;
  });
  const report = once(child, 'close').then(() =>
    last === undefined ? undefined : (JSON.parse(last) as WorkerReport),
  );
  return { process: child, ready: ready.promise, start: () => child.stdin.write('go\n'), report };
}

/** A server that notes when it was asked. */
export interface CountingServer {
  readonly url: string;
  /** Moments, in ms; may be emptied. */
  readonly hits: number[];
  close(): Promise<void>;
}

export async function countingServer(): Promise<CountingServer> {
  const hits: number[] = [];
  const server = http.createServer((_request, response) => {
    hits.push(performance.now());
    response.end('{}');
  });
  server.keepAliveTimeout = 120_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    hits,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** One request that a {@link limitedServer} saw. */
export interface Seen {
  /** Moment, in ms. */
  readonly at: number;
  readonly refused: boolean;
  /** Process ID of its sender. */
  readonly process: number;
}

/** A server that refuses what is beyond `limit` in any `per` ms, and says how long to wait as `wait` puts it. */
export async function limitedServer(
  limit: number,
  per: number,
  wait: (ms: number) => Record<string, string>,
): Promise<{ readonly url: string; readonly seen: Seen[]; close(): Promise<void> }> {
  const seen: Seen[] = [];
  let counted: number[] = [];
  const server = http.createServer(({ headers }, response) => {
    const at = performance.now();
    counted = counted.filter((each) => at - each < per);
    const refused = counted.length >= limit;
    seen.push({ at, refused, process: Number(headers['x-process']) });
    if (!refused) counted.push(at);
    const ms = (counted[0] ?? at) + per - at;
    setTimeout(() => response.writeHead(refused ? 429 : 200, refused ? wait(ms) : {}).end('{}'), 20);
  });
  server.keepAliveTimeout = 120_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    seen,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A server that takes so many at once, each for 50 ms, and refuses more without saying for how long. */
export async function crowdedServer(most: number): Promise<{
  readonly url: string;
  readonly refused: () => number;
  close(): Promise<void>;
}> {
  let [inService, refused] = [0, 0];
  const server = http.createServer((_request, response) => {
    if (inService >= most) {
      refused += 1;
      response.writeHead(429).end('{}');
      return;
    }
    inService += 1;
    setTimeout(() => {
      inService -= 1;
      response.end('{}');
    }, 50);
  });
  server.keepAliveTimeout = 120_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    refused: () => refused,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The most moments in any span of `per` ms, open at one end. */
export function worst(moments: readonly number[], per: number): number {
  const sorted = [...moments].sort((a, b) => a - b);
  let most = 0;
  for (let first = 0, last = 0; last < sorted.length; last += 1) {
    while ((sorted[last] as number) - (sorted[first] as number) >= per) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}
