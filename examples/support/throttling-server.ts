import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An API on loopback that refuses the first request for each path, so that an example shows what a gate does. */
export interface ThrottlingServer {
  readonly url: string;
  close(): Promise<void>;
}

/** @param answers what each path is answered with, as JSON */
export async function throttlingServer(
  answers: Readonly<Record<string, unknown>>,
): Promise<ThrottlingServer> {
  const refused = new Set<string>();
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0] as string;
    request.resume().once('end', () => {
      response.setHeader('content-type', 'application/json');
      if (!(path in answers)) response.writeHead(404).end('{"error":{"code":"NotFound"}}');
      else if (refused.has(path)) response.end(JSON.stringify(answers[path]));
      else {
        refused.add(path);
        response.writeHead(429, { 'retry-after-ms': '200' }).end('{"error":{"code":"TooManyRequests"}}');
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
