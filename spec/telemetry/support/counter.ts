import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** A request that arrived. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly traceparent: string | undefined;
  /** Status of the answer; 0 for none. */
  readonly status: number;
}

/** A server whose answer follows from the path, and which counts what arrives. */
export class Counter {
  readonly seen: Seen[] = [];
  /** Resolves when a request for `/hang` arrived. */
  readonly hanging: Promise<void>;
  #hang: () => void = () => undefined;
  readonly #server = http.createServer((request, response) => this.#answer(request, response));
  readonly #sockets = new Set<Socket>();
  readonly #times = new Map<string, number>();

  private constructor() {
    this.hanging = new Promise((resolve) => {
      this.#hang = resolve;
    });
    this.#server.on('connection', (socket) => this.#sockets.add(socket));
  }

  static async start(): Promise<Counter> {
    const counter = new Counter();
    counter.#server.listen(0, '127.0.0.1');
    await once(counter.#server, 'listening');
    return counter;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, 'close');
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = new URL(request.url ?? '', 'http://h').pathname.replace(/^(\/\w+).*$/, '$1');
    const time = (this.#times.get(path) ?? 0) + 1;
    this.#times.set(path, time);
    request.resume();
    const reply = (status: number, headers: Record<string, string> = {}): void => {
      const { method = '', headers: given } = request;
      this.seen.push({ method, path, traceparent: given.traceparent as string | undefined, status });
      if (status === 0) {
        if (path === '/hang') this.#hang();
        else request.socket.destroy();
      } else
        response.writeHead(status, { 'x-request-id': `id-${path.slice(1)}-${time}`, ...headers }).end('{}');
    };
    if (path === '/busy' && time < 3) reply(503);
    else if (path === '/closed' && time < 2) reply(429, { 'retry-after-ms': '20' });
    else if (path === '/moved' && time < 2) reply(302, { location: '/ok' });
    else if (path === '/stale' && request.headers.authorization === 'Bearer stale') reply(401);
    else if (path === '/gone') reply(404);
    else if ((path === '/reset' && time < 2) || path === '/hang') reply(0);
    else reply(200);
  }
}
