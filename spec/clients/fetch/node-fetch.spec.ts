import http from 'node:http';
import { expect } from 'chai';
import { type FetchLike, type Headgate, headgate } from 'headgate';
// @ts-expect-error: it brings no types
import nodeFetch2 from 'node-fetch2';
import nodeFetch3, { Request as Request3 } from 'node-fetch3';
import { failureOf, type Handler, sleep, TestServer } from '../../support/server.ts';

type Options = { readonly agent: http.Agent; readonly headgate?: object; readonly [option: string]: unknown };

for (const [version, nodeFetch] of [
  [2, nodeFetch2],
  [3, nodeFetch3],
] as [number, FetchLike][]) {
  describe(`node-fetch ${version} through the gate`, () => {
    let server: TestServer;
    let other: TestServer;
    let gate: Headgate;
    let agent: http.Agent;
    let api: (url: string, options: Options) => Promise<Response>;

    beforeEach(async () => {
      [server, other] = [await TestServer.start(), await TestServer.start()];
      agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
      gate = headgate({
        retry: { backoff: { base: 1, max: 1 } },
        auth: { token: () => ({ token: 'ours' }) },
      });
      api = gate.fetch(nodeFetch) as never;
    });
    afterEach(async () => {
      agent.destroy();
      await gate.close();
      await Promise.all([server.close(), other.close()]);
    });

    /** Nothing keeps a socket: another request goes through, and no socket is left busy. */
    async function expectFree(): Promise<void> {
      server.handler = (_n, _request, response) => response.end('{}');
      expect(await (await api(server.url, { agent })).text()).to.equal('{}');
      while (Object.keys(agent.sockets).length > 0) await sleep(5);
    }

    for (const [what, length] of [
      ['empty', 0],
      ['small', 100],
      ['larger than a buffer', 300_000],
    ] as const) {
      for (const status of [302, 307, 429, 503]) {
        it(`releases the socket of a ${status} that it does not return: ${what}`, async () => {
          const headers = { location: '/there', 'retry-after': '0' };
          server.replies({ status, headers, body: 'x'.repeat(length) });
          const response = await api(server.url, { agent });
          expect([response.status, await response.text()]).to.deep.equal([200, '{}']);
          await expectFree();
        });
      }
    }

    it('releases the socket of a body without an end', async () => {
      const endless =
        (status: number): Handler =>
        (n, _request, response) => {
          if (n > 1) {
            response.end('{}');
            return;
          }
          response.writeHead(status, { location: '/there' });
          const timer = setInterval(() => response.write('x'.repeat(10_000)), 1);
          response.once('close', () => clearInterval(timer));
        };
      for (const status of [302, 503]) {
        server.seen.length = 0;
        server.handler = endless(status);
        expect(await (await api(server.url, { agent })).text()).to.equal('{}');
        await expectFree();
      }
    });

    it('leaves no body behind when the call ends by its deadline, its signal or the gate', async () => {
      server.handler = (_n, _request, response) => response.writeHead(503).end('x'.repeat(1000));
      await api(server.url, { agent, headgate: { deadline: 20 } }).catch(() => undefined);
      await expectFree();
      const aborter = new AbortController();
      server.handler = (_n, _request, response) => response.writeHead(503).end('x'.repeat(1000));
      gate.once('retry', () => aborter.abort());
      await api(server.url, { agent, signal: aborter.signal }).catch(() => undefined);
      await expectFree();
    });

    it('rejects an aborted request with an error of its own, polyfill or not', async () => {
      server.handler = () => undefined;
      const aborters = [
        () => new AbortController(),
        // as polyfills do: no reason
        () => {
          const signal = Object.assign(new EventTarget(), { aborted: false });
          Object.defineProperty(signal, Symbol.toStringTag, { value: 'AbortSignal' });
          const abort = (): void => {
            signal.aborted = true;
            signal.dispatchEvent(new Event('abort'));
          };
          return { signal: signal as AbortSignal, abort };
        },
      ];
      for (const make of aborters) {
        const aborter = make();
        const { signal } = aborter;
        const failing = failureOf(api(server.url, { agent, signal }));
        while (server.seen.length === 0) await sleep(1);
        server.seen.length = 0;
        aborter.abort();
        expect(await failing).to.include({ name: 'AbortError', type: 'aborted' });
        const early = await failureOf(api(server.url, { agent, signal }));
        expect([early.name, early.headgate.reason]).to.deep.equal(['AbortError', 'aborted']);
      }
    });

    it('refuses what is no signal, as without a gate', async () => {
      for (const signal of ['', {}]) {
        const [bare, ours] = await Promise.all(
          [nodeFetch as unknown as typeof api, api].map((each) =>
            failureOf(each(server.url, { agent, signal })),
          ),
        );
        expect([ours?.name, ours?.message]).to.deep.equal([bare?.name, bare?.message]);
      }
      expect(server.seen).to.have.length(0);
    });

    it('follows as many redirects as its user allows', async () => {
      server.handler = (n, _request, response) => response.writeHead(302, { location: `/${n}` }).end();
      for (const follow of [0, 3]) {
        server.seen.length = 0;
        const error = await failureOf(api(server.url, { agent, follow }));
        expect((error.cause as Error).message).to.equal('redirect count exceeded');
        expect(server.seen).to.have.length(follow + 1);
      }
    });

    it('never sends the token to another host, whoever follows the redirect', async () => {
      gate.on('warning', () => undefined);
      other.handler = (_n, request, response) => response.end(String(request.headers.authorization));
      const location = other.url.replace('127.0.0.1', 'localhost');
      for (const to of [other.url, location]) {
        for (const options of [{}, { integrity: 'sha256-x' }, { mode: 'no-cors' }]) {
          server.replies({ status: 307, headers: { location: to } });
          server.seen.length = 0;
          const response = await api(server.url, { agent: undefined as never, ...options });
          expect(await response.text()).to.equal('undefined');
        }
      }
    });
  });
}

describe('A Request of node-fetch 3 that is redirected', () => {
  it('keeps the agent and the limits that it was made with', async () => {
    const server = await TestServer.start();
    const gate = headgate();
    const api = gate.fetch(nodeFetch3) as unknown as (request: unknown) => Promise<Response>;
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const sockets = new Set<unknown>();
    server.handler = (n, request, response) => {
      sockets.add(request.socket);
      response.writeHead(302, { location: `/${n}` }).end();
    };
    const error = await failureOf(api(new Request3(server.url, { agent, follow: 2 })));
    expect((error.cause as Error).message).to.equal('redirect count exceeded');
    expect(server.seen).to.have.length(3);
    expect(sockets).to.have.lengthOf(1);
    agent.destroy();
    await gate.close();
    await server.close();
  });
});

describe('A fetch that follows redirects whatever it is told', () => {
  it('gets no token once it has done so', async () => {
    const [server, other] = [await TestServer.start(), await TestServer.start()];
    const gate = headgate({ auth: { token: () => ({ token: 'ours' }) } });
    const codes: string[] = [];
    gate.on('warning', ({ code }) => codes.push(code));
    const api = gate.fetch((url: string, init?: RequestInit) => fetch(url, { ...init, redirect: 'follow' }));
    const seen: unknown[] = [];
    server.handler = (_n, request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(302, { location: other.url }).end();
    };
    await (await api(server.url)).text();
    await (await api(server.url)).text();
    expect(seen).to.deep.equal(['Bearer ours', undefined]);
    expect([...new Set(codes)]).to.deep.equal(['token-withheld']);
    await gate.close();
    await Promise.all([server.close(), other.close()]);
  });
});
