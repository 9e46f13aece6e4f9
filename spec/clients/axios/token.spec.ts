import http from 'node:http';
import { Readable } from 'node:stream';
import { inspect } from 'node:util';
import axios from 'axios';
import axios17 from 'axios17';
import { expect } from 'chai';
import { type Headgate, headgate } from 'headgate';
import { failureOf, sleep, TestServer } from '../../support/server.ts';

for (const [copy, client] of [
  ['the newest axios', axios],
  ['axios 1.7', axios17 as unknown as typeof axios],
] as const) {
  describe(`The gate's token, ${copy}`, () => {
    let server: TestServer;
    let other: TestServer;
    let gate: Headgate;
    let api: typeof axios;
    let seen: (string | undefined)[];
    /** Every host is the loopback one. */
    const httpAgent = new http.Agent({
      lookup: ((_host: string, options: { all?: boolean }, done: (...found: unknown[]) => void) =>
        options.all
          ? done(null, [{ address: '127.0.0.1', family: 4 }])
          : done(null, '127.0.0.1', 4)) as never,
    });
    const at = ({ url }: TestServer, host: string): string => url.replace('127.0.0.1', host);

    beforeEach(async () => {
      [server, other] = [await TestServer.start(), await TestServer.start()];
      gate = headgate({ auth: { token: () => ({ token: 'ours' }) }, retry: { attempts: 1 } });
      api = gate.axios(client.create({ httpAgent, proxy: false })) as never;
      seen = [];
      other.handler = (_n, request, response) => {
        seen.push(request.headers.authorization);
        request.resume().once('end', () => response.end('{}'));
      };
    });
    afterEach(async () => {
      await gate.close();
      await Promise.all([server.close(), other.close()]);
    });

    const bodies: Record<string, () => unknown> = {
      'no body': () => undefined,
      'a text': () => 'x',
      'a stream': () => Readable.from(['x']),
    };
    for (const [body, make] of Object.entries(bodies)) {
      for (const status of [302, 303, 307, 308]) {
        it(`never goes to another host, not even to a subdomain or port: ${status}, ${body}`, async () => {
          for (const to of ['api.test', 'cdn.api.test', 'else.test']) {
            server.replies({ status, headers: { location: at(other, to) } });
            server.seen.length = 0;
            await api.post(at(server, 'api.test'), make());
          }
          expect(seen).to.deep.equal([undefined, undefined, undefined]);
        });
      }
    }

    it('is hidden from a `beforeRedirect`, which may set what it likes', async () => {
      const met: unknown[] = [];
      server.replies({ status: 302, headers: { location: at(other, 'api.test') } });
      await api.get(at(server, 'api.test'), {
        beforeRedirect: ({ headers }) => {
          met.push(headers.authorization, headers.Authorization);
          headers.authorization = 'Basic mine';
        },
      });
      expect(met).to.deep.equal([undefined, undefined]);
      expect(seen).to.deep.equal(['Basic mine']);
    });

    it('is in no config that could be sent again or printed', async () => {
      server.replies({ status: 302, headers: { location: at(other, 'else.test') } });
      const error = await failureOf(api.get(at(server, 'api.test'), { maxRedirects: 0 }));
      if (!client.isAxiosError(error)) throw error;
      expect(inspect(error, { depth: Infinity, showHidden: true })).to.not.contain('ours');
      await api.request({ ...error.config, url: at(other, 'else.test'), headgate: undefined } as never);
      expect(seen).to.deep.equal(['Bearer ours']);
      await axios.request({ ...error.config, httpAgent, adapter: 'http', url: at(other, 'else.test') });
      expect(seen[1]).to.equal(undefined);
    });
  });

  describe(`A redirect loop, ${copy}`, () => {
    it("ends at the user's limit, whether or not its legs wait", async () => {
      const server = await TestServer.start();
      for (const windows of [[], [{ limit: 1, per: 20 }]]) {
        for (const maxRedirects of [1, 3]) {
          const gate = headgate({ quotas: [{ name: 'q', windows }] });
          const api = gate.axios(client.create());
          server.handler = (_n, _request, response) => response.writeHead(302, { location: '/a' }).end();
          server.seen.length = 0;
          const bare = await failureOf(client.get(server.url, { maxRedirects }));
          const requests = server.seen.splice(0).length;
          const ours = await failureOf(api.get(server.url, { maxRedirects }));
          expect(server.seen).to.have.length(requests);
          expect([ours.code, ours.message]).to.deep.equal([bare.code, bare.message]);
          await gate.close();
        }
      }
      await server.close();
    });

    it("ends at the user's limit, even if legs are resent", async () => {
      const server = await TestServer.start();
      const gate = headgate({ retry: { attempts: 10, budget: false, backoff: { base: 1, max: 1 } } });
      server.handler = (n, _request, response) =>
        n % 2 ? response.writeHead(503).end() : response.writeHead(302, { location: '/a' }).end();
      const error = await failureOf(gate.axios(client.create()).get(server.url, { maxRedirects: 2 }));
      expect(error.code).to.equal('ERR_FR_TOO_MANY_REDIRECTS');
      expect(server.seen).to.have.length(6);
      await gate.close();
      await server.close();
    });
  });

  describe(`What the user sees of a gated call, ${copy}`, () => {
    it('is as with bare axios: printed, copied, compared and turned into JSON', async () => {
      const server = await TestServer.start();
      const gate = headgate({ retry: { attempts: 1 }, auth: { token: () => ({ token: 'ours' }) } });
      const api = gate.axios(client.create());
      server.handler = (_n, _request, response) => response.writeHead(404).end('{}');
      const url = server.url;
      const [bare, ours] = [await failureOf(client.get(url)), await failureOf(api.get(url))] as unknown as {
        config: object;
        response: object;
        toJSON(): { config: object };
      }[];
      if (!bare || !ours) throw new Error('They did not fail');
      const shown = (of: unknown): string => inspect(of, { depth: Infinity });
      expect(shown(ours.config)).to.equal(shown(bare.config));
      expect(Object.keys(ours)).to.deep.equal(Object.keys(bare));
      expect(Object.keys(ours.response)).to.deep.equal(Object.keys(bare.response));
      expect(Object.keys(ours.config)).to.deep.equal(Object.keys(bare.config));
      expect(JSON.stringify(ours.toJSON().config)).to.equal(JSON.stringify(bare.toJSON().config));
      for (const name of ['Leg', 'AttemptToken', 'Breaker', 'Lifetime', 'ours'])
        expect(inspect(ours, { depth: Infinity })).to.not.match(new RegExp(`\\b${name}\\b`));
      await gate.close();
      await server.close();
    });

    it('shows no token, whichever adapter failed, and wherever it keeps what it sent', async () => {
      const server = await TestServer.start();
      const gate = headgate({ retry: { attempts: 1 }, auth: { token: () => ({ token: 'ours' }) } });
      server.handler = (n, _request, response) => response.writeHead(n % 2 ? 404 : 200).end('{}');
      const seen: unknown[] = [];
      const keep = (given: unknown) => void seen.push(given);
      for (const adapter of ['http', 'fetch']) {
        for (const maxRedirects of [0, 5]) {
          const api = gate.axios(client.create({ adapter, maxRedirects }));
          // An error, a response, and a connection that nobody takes.
          for (const url of [server.url, server.url, 'http://127.0.0.1:59999'])
            await api.get(url).then(keep, (error) => keep(inspect(error, { depth: 8 })));
        }
      }
      for (const given of seen) expect(inspect(given, { depth: 8 })).to.not.match(/\bours\b/);
      expect(seen).to.have.length(12);
      await gate.close();
      await server.close();
    });
  });
}

describe('A deadline of axios', () => {
  it("does not show the caller's own Authorization", async () => {
    const server = await TestServer.start();
    server.handler = () => undefined;
    const gate = headgate();
    const call = gate.axios(axios.create()).get(server.url, {
      headers: { Authorization: 'Bearer mine' },
      headgate: { deadline: 50 },
    });
    const error = await failureOf(call);
    expect(JSON.stringify({ ...error })).to.not.contain('mine');
    expect(JSON.stringify(error)).to.not.contain('mine');
    await sleep(0);
    await gate.close();
    await server.close();
  });
});
