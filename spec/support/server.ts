import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import http2 from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { AnyEvent, Headgate } from 'headgate';
import { EVENT_NAMES } from '../../lib/events/emitter.ts';
import type { CallReport } from '../../lib/words/report.ts';
import type { Pair } from './certificate.ts';

/** What a test server does with its nth request, from 1. */
export type Handler = (n: number, request: IncomingMessage, response: ServerResponse) => void;

/** A loopback server that does as a test says, and notes what it saw. */
export class TestServer {
  readonly seen: { readonly at: number; readonly method: string; readonly url: string; body: string }[] = [];
  handler: Handler = (_n, _request, response) => response.end('{}');
  readonly #server: http.Server | http2.Http2SecureServer;
  readonly #sockets = new Set<Socket>();

  private constructor(pair: Pair | undefined) {
    const listener = (request: IncomingMessage, response: ServerResponse): void => {
      const entry = { at: performance.now(), method: request.method ?? '', url: request.url ?? '', body: '' };
      const n = this.seen.push(entry);
      request.on('data', (chunk) => {
        entry.body += String(chunk);
      });
      request.on('error', () => undefined);
      this.handler(n, request, response);
    };
    if (pair) {
      this.#server = http2.createSecureServer(pair, listener as never);
    } else {
      this.#server = http.createServer(listener);
      this.#server.keepAliveTimeout = 60_000;
    }
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  /** Over HTTP/2 where it is given a key and certificate. */
  static async start(pair?: Pair): Promise<TestServer> {
    const server = new TestServer(pair);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return this.#server instanceof http.Server ? `http://127.0.0.1:${port}` : `https://localhost:${port}`;
  }

  /** Answers with these, in turn, and then with 200. */
  replies(...replies: readonly { status: number; headers?: Record<string, string>; body?: string }[]): void {
    this.handler = (n, request, response) => {
      const { status = 200, headers = {}, body = '{}' } = replies[n - 1] ?? {};
      request.resume();
      request.once('end', () => response.writeHead(status, headers).end(body));
    };
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, 'close');
  }
}

/** Every event of a gate, in order, but the one by which a call begins. */
export function record(gate: Headgate): AnyEvent[] {
  const events: AnyEvent[] = [];
  for (const name of EVENT_NAMES.filter((each) => each !== 'call'))
    gate.on(name, (event) => events.push(event as AnyEvent));
  return events;
}

/** The names of a call's events, in order. */
export function names(events: readonly AnyEvent[]): string[] {
  return events.map(({ type }) => type);
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** An error as a client of the gate throws it. */
export type Failure = Error & {
  readonly code?: string;
  readonly waitMs?: number;
  readonly headgate: CallReport;
};

/** The error that a promise rejects with. */
export async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  try {
    await promise;
  } catch (error) {
    return error as Failure;
  }
  throw new Error('It did not fail');
}
