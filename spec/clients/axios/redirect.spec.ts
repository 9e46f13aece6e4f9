import { Readable } from 'node:stream';
import axios, { type AxiosInstance } from 'axios';
import { expect } from 'chai';
import 'headgate/axios';
import { DeadlineError, type Headgate, headgate } from 'headgate';
import { failureOf, names, record, sleep, TestServer } from '../../support/server.ts';

describe('A redirect that axios follows', () => {
  let server: TestServer;
  let other: TestServer;
  let gate: Headgate;
  let api: AxiosInstance;

  beforeEach(async () => {
    [server, other] = [await TestServer.start(), await TestServer.start()];
    gate = headgate({
      quotas: [{ name: 'far', match: { path: '/far' }, concurrency: 1 }],
      retry: { backoff: { base: 5, max: 10 } },
      auth: { token: () => ({ token: 't' }) },
    });
    api = gate.axios(axios.create());
  });
  afterEach(async () => {
    await gate.close();
    await Promise.all([server.close(), other.close()]);
  });

  /** Leads from `/a` to `/far`, and tells what came there. */
  function leads(status: number, to = '/far', reply = { status: 200 }): void {
    server.handler = (_n, request, response) => {
      request.resume();
      request.once('end', () => {
        if (request.url === '/a') response.writeHead(status, { location: to }).end();
        else response.writeHead(reply.status).end(`${request.method} ${request.headers.authorization}`);
      });
    };
  }

  it('makes one attempt per leg, with the token for its own origin only', async () => {
    leads(302);
    const events = record(gate);
    const response = await api.get(`${server.url}/a`);
    expect(response.data).to.equal('GET Bearer t');
    expect(response.request.res.responseUrl).to.equal(`${server.url}/far`);
    expect(response.headgate?.attempts.map(({ status }) => status)).to.deep.equal([302, 200]);
    expect(names(events)).to.deep.equal(['attempt', 'attempt', 'success']);

    leads(302, `${other.url}/far`);
    other.handler = (_n, request, response) => response.end(String(request.headers.authorization));
    expect((await api.get(`${server.url}/a`)).data).to.equal('undefined');
    expect(response.config.headers.Authorization).to.equal(undefined);
  });

  it('waits for the quota of its target, and continues unchanged', async () => {
    let free = (): void => undefined;
    other.handler = (_n, _request, response) => {
      free = () => response.end('{}');
    };
    for (const [status, sent] of [
      [302, { method: 'GET', body: '' }],
      [307, { method: 'POST', body: '{"a":1}' }],
    ] as const) {
      server.seen.length = 0;
      other.seen.length = 0;
      const blocking = api.get(`${other.url}/far`);
      while (other.seen.length === 0) await sleep(5);
      leads(status);
      const seen: (string | undefined)[] = [];
      const call = api.post(
        `${server.url}/a`,
        { a: 1 },
        { beforeRedirect: ({ href }) => seen.push(href), timeout: 5_000 },
      );
      while (gate.quotas().find(({ key }) => key.includes('far'))?.queued !== 1) await sleep(5);
      expect(server.seen).to.have.length(1);
      free();
      const { data, headgate } = await call;
      expect(data).to.equal(`${sent.method} Bearer t`);
      expect(server.seen[1]).to.include(sent);
      expect(seen).to.deep.equal([`${server.url}/far`]);
      expect(headgate?.attempts.map((attempt) => attempt.status)).to.deep.equal([status, 200]);
      await blocking;
    }
  });

  it('fails at once if it would wait past its deadline', async () => {
    other.handler = () => undefined;
    const controller = new AbortController();
    const blocking = failureOf(api.get(`${other.url}/far`, { signal: controller.signal }));
    while (other.seen.length === 0) await sleep(5);
    leads(302);
    const call = api.get(`${server.url}/a`, { headgate: { deadline: 50 } });
    expect(await failureOf(call)).to.be.instanceOf(DeadlineError);
    controller.abort();
    await blocking;
    for (const quota of gate.quotas()) expect(quota).to.include({ inFlight: 0, queued: 0 });
  });

  it('is resumed from the leg that failed', async () => {
    leads(302);
    server.handler = (n, request, response) => {
      if (request.url === '/a') response.writeHead(302, { location: '/far' }).end();
      else response.writeHead(n < 3 ? 503 : 200).end('{}');
    };
    await api.get(`${server.url}/a`);
    expect(server.seen.map(({ url }) => url)).to.deep.equal(['/a', '/far', '/far']);
  });

  it('ends as with bare axios: too many, none wanted, refused by the user', async () => {
    server.handler = (_n, _request, response) => response.writeHead(302, { location: '/a' }).end();
    const url = `${server.url}/a`;
    const refuse = {
      beforeRedirect: () => {
        throw new Error('not there');
      },
    };
    for (const config of [{ maxRedirects: 2 }, { maxRedirects: 0 }, refuse]) {
      const [bare, error] = [await failureOf(axios.get(url, config)), await failureOf(api.get(url, config))];
      expect([error.name, error.code, error.message]).to.deep.equal([bare.name, bare.code, bare.message]);
      expect(error).to.have.nested.property('headgate.attempts');
    }
    const loop = await failureOf(api.get(url, { maxRedirects: 2 }));
    expect(loop.headgate.attempts).to.have.length(3);
  });

  it('carries a stream along, as part of its first leg', async () => {
    leads(307);
    const { data, headgate } = await api.post(`${server.url}/a`, Readable.from(['once']));
    expect(data).to.equal('POST Bearer t');
    expect(server.seen.map(({ body }) => body)).to.deep.equal(['once', 'once']);
    expect(headgate?.attempts).to.have.length(1);
  });
});
