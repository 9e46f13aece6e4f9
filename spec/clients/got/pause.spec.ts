import { expect } from 'chai';
import type { Got } from 'got';
import { type Headgate, headgate } from 'headgate';
import { forEachMajor } from '../../support/majors.ts';
import { sleep, TestServer } from '../../support/server.ts';

/** Asks for `/x`, somehow. */
type Way = (api: Got, url: string) => Promise<unknown>;

const ways: Record<string, Way> = {
  'as promises': (api, url) => api(`${url}/x`),
  'as streams': async (api, url) => {
    for await (const _ of api.stream(`${url}/x`)) {
      // read to its end
    }
  },
  'page by page': (api, url) =>
    api.paginate.all(`${url}/x`, { pagination: { transform: () => [], paginate: () => false } }),
  'through a cache': (api, url) => api.extend({ cache: new Map() })(`${url}/x`),
  'by way of a redirect': (api, url) => api(`${url}/from`),
};

forEachMajor('A 429 seen by one call', (got) => {
  let server: TestServer;
  let gate: Headgate;

  beforeEach(async () => {
    server = await TestServer.start();
    gate = headgate();
  });
  afterEach(async () => {
    await gate.close();
    await server.close();
  });

  for (const [how, ask] of Object.entries(ways)) {
    it(`stops all that come after it, ${how}, until the quota reopens`, async () => {
      let throttledAt = 0;
      server.handler = (_n, request, response) => {
        if (request.url === '/from') response.writeHead(302, { location: '/x' }).end();
        else if (throttledAt > 0) response.end('{}');
        else {
          throttledAt = performance.now();
          response.writeHead(429, { 'retry-after': '1' }).end();
        }
      };
      const api = gate.got(got);
      const calls = [api(`${server.url}/x`) as Promise<unknown>];
      while (throttledAt === 0) await sleep(5);
      await sleep(20);
      for (let call = 0; call < 19; call += 1) {
        calls.push(ask(api, server.url));
        await sleep(10);
      }
      await Promise.all(calls);

      const after = server.seen.filter(({ at }) => at > throttledAt);
      expect(after.length).to.be.at.least(20);
      expect(Math.min(...after.map(({ at }) => at)) - throttledAt).to.be.at.least(1000);
    });
  }

  it('does not let `timeout.request` run while a call waits', async () => {
    server.replies({ status: 429, headers: { 'retry-after': '1' } });
    const api = gate.got(got);
    const first = api(server.url);
    while (server.seen.length === 0) await sleep(5);
    await sleep(20);
    const timeout = { request: 400 };
    await Promise.all([
      first,
      api(server.url, { timeout }),
      api(server.url, { timeout, cache: new Map() }),
      (async () => {
        for await (const _ of api.stream(server.url, { timeout }));
      })(),
    ]);
  });

  it('does not let it run on the far side of a redirect either', async () => {
    server.handler = (n, request, response) => {
      if (request.url === '/a') response.writeHead(302, { location: '/b' }).end();
      else if (n === 1) response.writeHead(429, { 'retry-after': '1' }).end();
      else response.end('{}');
    };
    const far = headgate({ quotas: [{ name: 'b', match: { path: '/b' } }] });
    const api = far.got(got);
    const first = api(`${server.url}/b`);
    while (server.seen.length === 0) await sleep(5);
    await sleep(20);
    await Promise.all([first, api(`${server.url}/a`, { timeout: { request: 400 } })]);
    await far.close();
  });

  it('still lets `timeout.request` end a request that is slow after its wait, and the next one has all of it', async () => {
    let slowSince = 0;
    server.handler = (n, _request, response) => {
      if (n === 1) response.writeHead(429, { 'retry-after-ms': '300' }).end();
      else if (n > 2) response.end('{}');
      else slowSince = performance.now();
    };
    const api = gate.got(got);
    await Promise.all([
      api(server.url, { timeout: { request: 200 }, context: { headgate: { priority: 1 } } }),
    ]);
    expect(server.seen).to.have.length(3);
    expect((server.seen[2]?.at ?? 0) - slowSince).to.be.at.least(190);
  });

  it('lasts without a storm when Retry-After is longer than a timer can hold', async () => {
    server.handler = (_n, _request, response) => response.writeHead(429, { 'retry-after': '2200000' }).end();
    const patient = headgate({ retry: { deadline: Infinity } });
    const call = patient
      .got(got)(server.url)
      .catch(() => undefined);
    await sleep(600);
    expect(server.seen).to.have.length(1);
    await patient.close();
    await call;
  });
});
