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

const PROGRAM = new URL('fleet-worker.ts', import.meta.url).pathname;

/** A process that takes one worker's options after another: starting it takes more time than most of its work. */
class Slot {
  readonly process = spawn(process.execPath, ['--conditions=headgate-source', PROGRAM], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  readonly #lines = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();

  /** Its next line; `undefined` when it was killed. */
  async read(): Promise<string | undefined> {
    const { value } = await this.#lines.next();
    return value;
  }

  write(line: string): void {
    this.process.stdin.write(`${line}\n`);
  }
}

const idle: Slot[] = [];

/** Begins a worker, in a process that has none, or in a new one. */
export function spawnWorker(options: WorkerOptions): Worker {
  const slot = idle.pop() ?? new Slot();
  slot.write(JSON.stringify(options));
  const ready = slot.read();
  const report = ready.then(async () => {
    const line = await slot.read();
    if (line === undefined) return undefined;
    idle.push(slot);
    return JSON.parse(line) as WorkerReport;
  });
  return {
    process: slot.process,
    ready: ready.then(() => undefined),
    start: () => slot.write('go'),
    report,
  };
}

/** Resolves when all processes without a worker have ended, each by itself: nothing of its gates holds it. */
export async function endWorkers(): Promise<void> {
  await Promise.all(
    idle.splice(0).map(async ({ process }) => {
      process.stdin.end();
      const [code] = await once(process, 'close');
      if (code !== 0) throw new Error(`A worker's process ended with ${code}`);
    }),
  );
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
