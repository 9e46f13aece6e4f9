import { createServer, type Server } from 'node:http';

/** How long `/pause` is closed for after its first request, in ms. */
const CLOSED_MS = 1000;

/** The server that the laws are tried on. */
export function lawServer(): Server {
  let reopensAt: number | undefined;
  let early = 0;
  const seen = new Set<string>();
  const first = (name: string): boolean => !seen.has(name) && seen.add(name) !== undefined;
  return createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url as string, 'http://loopback');
    const answer = (status: number, headers: Record<string, string> = {}, body = '{}'): void => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
    };
    request.resume();
    switch (pathname) {
      case '/pause': {
        if (reopensAt === undefined) {
          reopensAt = Date.now() + CLOSED_MS;
          return answer(429, { 'retry-after': String(CLOSED_MS / 1000) });
        }
        const closed = Date.now() < reopensAt;
        // What was sent before the refusal arrived is no breach: only the last tenth of the pause is watched.
        if (closed && Date.now() > reopensAt - CLOSED_MS / 2) early += 1;
        return closed ? answer(429, { 'retry-after': '1' }) : answer(200);
      }
      case '/tally':
        return answer(200, {}, JSON.stringify({ early }));
      case '/fault':
        return answer(first(`fault ${searchParams.get('name')}`) ? 503 : 200);
      case '/refused':
        return answer(first('refused') ? 429 : 200, { 'retry-after': '0' });
      case '/closed':
        return answer(429, { 'retry-after': '30' });
      case '/slow':
        return void setTimeout(() => answer(200), 300);
      default:
        return answer(200);
    }
  });
}
