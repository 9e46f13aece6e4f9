/** Clients x faults x stages: each call ends once, and leaves nothing behind. */
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Headgate, headgate } from 'headgate';
import { sleep } from '../support/server.ts';
import { handles, Watch } from './breaches.ts';
import { type Client, clients, type ProofClient } from './clients.ts';
import { type Answer, allFaults, type Fault } from './faults.ts';

/** Cells at once: most of them wait. */
const AT_ONCE = 8;

/** When the fault strikes. */
const STAGES = ['first', 'resend', 'queued', 'redirected', 'aborted'] as const;
type Stage = (typeof STAGES)[number];

const good: Answer = (_request, response) => response.end('{}');
const busy: Answer = (_request, response) => response.writeHead(503).end();
const elsewhere: Answer = (_request, response) => response.writeHead(307, { location: '/elsewhere' }).end();

/** What the server does with its nth request, from 1. */
function script(stage: Stage, { answer }: Fault): Answer {
  let n = 0;
  return (request, response) => {
    n += 1;
    if (stage === 'resend' && n === 1) busy(request, response);
    else if (stage === 'redirected' && request.url === '/') elsewhere(request, response);
    else if (stage === 'queued' && n === 1) setTimeout(good, 10, request, response);
    else answer(request, response);
  };
}

/** One server, whose answers a cell decides. */
class Server {
  readonly #server = http.createServer((request, response) => {
    request.on('error', () => undefined).resume();
    response.on('error', () => undefined);
    this.#open.add(response);
    response.once('close', () => this.#open.delete(response));
    this.answer(request, response);
  });
  readonly #open = new Set<http.ServerResponse>();
  answer: Answer = good;

  async start(): Promise<string> {
    this.#server.on('clientError', () => undefined);
    this.#server.on('connection', (socket) => socket.on('error', () => undefined));
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** Requests that their client has neither read to their end nor let go. */
  async open(): Promise<number> {
    for (let tries = 0; this.#open.size > 0 && tries < 300; tries += 1) await sleep(10);
    return this.#open.size;
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}

async function cell(client: ProofClient, fault: Fault, stage: Stage, odd: boolean): Promise<string[]> {
  const server = new Server();
  const url = await server.start();
  server.answer = script(stage, fault);
  const gate: Headgate = headgate({
    adaptive: odd,
    maxQueue: 10,
    quotas: [{ name: 'q', concurrency: stage === 'queued' ? 1 : 2, windows: [{ limit: 1000, per: '1m' }] }],
    retry: {
      attempts: 3,
      deadline: '400ms',
      bodyTimeout: '300ms',
      budget: 1,
      backoff: { base: 1, max: 3 },
    },
  });
  const watch = new Watch(gate);
  const api: Client = client.open(gate);
  const controllers = [new AbortController(), new AbortController()];
  const sent = controllers.map(({ signal }, index) =>
    api.send({ url, method: odd === (index === 0) ? 'POST' : 'GET', signal }),
  );
  for (const promise of sent) promise.catch(() => undefined);
  // A body that drips is never idle: its user gives it up.
  const abortAfter = stage === 'aborted' ? [0, 3] : fault.name.includes('without an end') ? [700, 700] : [];
  for (const [index, ms] of abortAfter.entries()) {
    void sleep(ms + (odd ? 1 : 0)).then(() => controllers[index]?.abort());
  }
  const signals = controllers.map(({ signal }) => signal);
  const breaches = await watch.breaches(sent, client.keepsListeners ? [] : signals);
  await api.close();
  const open = await server.open();
  if (open > 0) breaches.push(`${open} sockets are still in use`);
  await gate.close();
  await server.close();
  return breaches;
}

/** One row of the table. */
export interface Row {
  readonly client: string;
  readonly cells: number;
  readonly ms: number;
  readonly breaches: readonly string[];
}

export async function matrix(only: { client?: string; fault?: string }): Promise<Row[]> {
  const rows: Row[] = [];
  for (const client of clients) {
    if (only.client && !client.name.includes(only.client)) continue;
    const before = handles().length;
    const began = performance.now();
    const breaches: string[] = [];
    const faults = allFaults.filter(({ name }) => !only.fault || name.includes(only.fault));
    const cells = faults.flatMap((fault) => STAGES.map((stage) => ({ fault, stage })));
    const queue = [...cells.entries()];
    const work = async (): Promise<void> => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const [index, { fault, stage }] = next;
        const odd = (index + Math.floor(index / STAGES.length)) % 2 === 1;
        const found = await cell(client, fault, stage, odd);
        breaches.push(...found.map((each) => `${fault.name}, ${stage}: ${each}`));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    let left = handles().length;
    for (let tries = 0; left > before && tries < 300; tries += 1) {
      await sleep(20);
      left = handles().length;
    }
    if (left > before) breaches.push(`${left - before} handles are left: ${handles()}`);
    const ms = performance.now() - began;
    rows.push({ client: client.name, cells: cells.length, ms, breaches });
    console.log(
      `${client.name.padEnd(16)} ${String(cells.length).padStart(4)} cells  ${(ms / 1000).toFixed(1).padStart(6)} s  ${breaches.length === 0 ? 'ok' : `${breaches.length} breaches`}`,
    );
    for (const breach of breaches.slice(0, 20)) console.log(`    ${breach}`);
  }
  return rows;
}
