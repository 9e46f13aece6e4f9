/** The server of a fleet, in a process of its own: notes when requests came and were answered. Tells its port, and its notes when asked. */
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the server saw; ms. */
export interface Notes {
  readonly arrivals: readonly number[];
  readonly lastResponse: number;
}

const arrivals: number[] = [];
let lastResponse = 0;
const server = http.createServer((_request, response) => {
  arrivals.push(performance.now());
  response.once('finish', () => {
    lastResponse = performance.now();
  });
  response.end('{}');
});
server.keepAliveTimeout = 120_000;
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
await once(server, 'listening');
process.on('message', () => process.send?.({ arrivals, lastResponse } satisfies Notes, () => process.exit()));
process.on('disconnect', () => process.exit());
process.send?.((server.address() as AddressInfo).port);
