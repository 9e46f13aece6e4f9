import { expect } from 'chai';
import type { Got } from 'got';
import { type Headgate, headgate } from 'headgate';
import { until } from '../../conformance/scene.ts';
import { forEachMajor } from '../../support/majors.ts';
import { play } from '../../support/play.ts';
import { sleep, TestServer } from '../../support/server.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

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
  let clock: VirtualClock;
  let gate: Headgate;

  beforeEach(async () => {
    server = await TestServer.start();
    clock = new VirtualClock();
    gate = headgate({}, { clock });
  });
  afterEach(async () => {
    await gate.close();
    await server.close();
  });

  /** The number of calls that wait. */
  const queued = (): number => gate.quotas().reduce((sum, each) => sum + each.queued, 0);

  for (const [how, ask] of Object.entries(ways)) {
    it(`stops all later calls, ${how}, until the quota reopens`, async () => {
      // given a quota that a first call closed for a second
      let throttled = false;
      server.handler = (_n, request, response) => {
        if (request.url === '/from') response.writeHead(302, { location: '/x' }).end();
        else if (throttled) response.end('{}');
        else {
          throttled = true;
          response.writeHead(429, { 'retry-after': '1' }).end();
        }
      };
      const api = gate.got(got);
      const calls = [api(`${server.url}/x`) as Promise<unknown>];
      await until('the first call waits again', () => queued() === 1);
      // when more are made
      for (let call = 0; call < 19; call += 1) calls.push(ask(api, server.url));
      await until('they wait', () => queued() === 20);
      await clock.advance(999);
      await sleep(20);
      // then none is sent before it reopens, and each is after that
      expect(server.seen).to.have.length(1);
      await play(clock, Promise.all(calls));
      expect(server.seen.length).to.be.at.least(21);
    });
  }

  it('does not let `timeout.request` run while a call waits', async () => {
    server.replies({ status: 429, headers: { 'retry-after': '1' } });
    const api = gate.got(got);
    const first = api(server.url);
    await until('the first call waits again', () => queued() === 1);
    const timeout = { request: 400 };
    const calls = [
      first,
      api(server.url, { timeout }),
      api(server.url, { timeout, cache: new Map() }),
      (async () => {
        for await (const _ of api.stream(server.url, { timeout }));
      })(),
    ];
    await until('all wait', () => queued() === 4);
    await sleep(500);
    expect(server.seen).to.have.length(1);
    await play(clock, Promise.all(calls));
  });

  it('does not let it run after a redirect either', async () => {
    server.handler = (n, request, response) => {
      if (request.url === '/a') response.writeHead(302, { location: '/b' }).end();
      else if (n === 1) response.writeHead(429, { 'retry-after': '1' }).end();
      else response.end('{}');
    };
    gate = headgate({ quotas: [{ name: 'b', match: { path: '/b' } }] }, { clock });
    const api = gate.got(got);
    const first = api(`${server.url}/b`);
    await until('the first call waits again', () => queued() === 1);
    const calls = [first, api(`${server.url}/a`, { timeout: { request: 400 } })];
    await until('both wait', () => queued() === 2);
    await sleep(500);
    await play(clock, Promise.all(calls));
  });

  it('still lets `timeout.request` end a request that is slow after its wait, and grants the next all of it', async () => {
    let slowSince = 0;
    gate = headgate({ retry: { backoff: { base: 20, max: 40 } } });
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
