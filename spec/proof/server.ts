/** One server, whose answers a cell decides. */
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { sleep } from '../support/server.ts';
import type { Answer } from './faults.ts';

/** Maximum time in which a client lets go of what it no longer reads, in ms. */
const PATIENCE_MS = 5_000;

export class ProofServer implements AsyncDisposable {
  answer: Answer = (_request, response) => response.end('{}');
  readonly #open = new Set<http.ServerResponse>();
  readonly #server = http.createServer((request, response) => {
    request.on('error', () => undefined).resume();
    response.on('error', () => undefined);
    this.#open.add(response);
    response.once('close', () => this.#open.delete(response));
    this.answer(request, response);
  });

  static async start(): Promise<ProofServer> {
    const server = new ProofServer();
    server.#server.on('clientError', () => undefined);
    server.#server.on('connection', (socket) => socket.on('error', () => undefined));
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** Requests that their client has neither read to their end nor let go, once it had the time to. */
  async unread(): Promise<number> {
    for (let waited = 0; this.#open.size > 0 && waited < PATIENCE_MS; waited += 10) await sleep(10);
    return this.#open.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}
