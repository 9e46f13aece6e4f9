import { expect } from 'chai';
import { DeadlineError, type Headgate, headgate } from 'headgate';
import type { Agent } from 'undici';
import { failureOf, names, record, sleep, TestServer } from '../../support/server.ts';
import { forEachUndici } from '../../support/undici.ts';

/** Where Node.js looks for the dispatcher of its own fetch. */
const GLOBAL = Symbol.for('undici.globalDispatcher.1');
const realm = globalThis as unknown as Record<symbol, unknown>;

forEachUndici('The fetch of Node.js, over a gated global dispatcher', ({ Agent, setGlobalDispatcher }) => {
  let server: TestServer;
  let gate: Headgate;
  let agent: Agent;
  let before: unknown;

  beforeEach(async () => {
    before = realm[GLOBAL];
    server = await TestServer.start();
    gate = headgate({ adaptive: false, retry: { backoff: { base: 5, max: 20 } } });
    agent = new Agent();
    setGlobalDispatcher(agent.compose(gate.undici()));
  });
  afterEach(async () => {
    realm[GLOBAL] = before;
    await agent.destroy();
    await gate.close();
    await server.close();
  });

  it('resends, with any body that is small enough to be kept', async () => {
    const events = record(gate);
    const form = new FormData();
    form.set('a', '1');
    const bodies = [null, 'text', Buffer.from('bytes'), new URLSearchParams('a=1'), new Blob(['blob']), form];
    for (const body of bodies) {
      server.seen.length = 0;
      server.replies({ status: 429, headers: { 'retry-after-ms': '1' } }, { status: 200, body: 'there' });
      const response = await fetch(server.url, { method: 'POST', body });
      expect([response.status, await response.text()]).to.deep.equal([200, 'there']);
      expect(server.seen).to.have.length(2);
      expect(server.seen[1]?.body).to.equal(server.seen[0]?.body);
    }
    expect(names(events).filter((name) => name === 'success')).to.have.length(bodies.length);
  });

  it('gets an error response whole, headers included', async () => {
    server.replies({ status: 404, headers: { 'x-a': 'b' }, body: '{"error":{"code":"Gone"}}' });
    const response = await fetch(server.url);
    expect([response.status, response.headers.get('x-a')]).to.deep.equal([404, 'b']);
    expect(await response.json()).to.deep.equal({ error: { code: 'Gone' } });
  });

  it('gets an error response whose body is truncated, and then the fault', async () => {
    server.handler = (_n, { socket }, response) => {
      response.writeHead(404, { 'content-length': '100' });
      response.write('half', () => setTimeout(() => socket.destroy(), 5));
    };
    const response = await fetch(server.url);
    expect(response.status).to.equal(404);
    expect((await failureOf(response.text())).name).to.equal('TypeError');
    expect(gate.quotas()[0]).to.include({ inFlight: 0 });
  });

  it('follows redirects, each leg a call of its own', async () => {
    const events = record(gate);
    server.handler = (_n, { url }, response) =>
      url === '/b' ? response.end('there') : response.writeHead(302, { location: '/b' }).end();
    const response = await fetch(server.url);
    expect([response.redirected, await response.text()]).to.deep.equal([true, 'there']);
    expect(names(events)).to.deep.equal(['attempt', 'success', 'attempt', 'success']);
  });

  it('is aborted while it waits, which frees its place', async () => {
    server.replies({ status: 429, headers: { 'retry-after': '30' } });
    const controller = new AbortController();
    const call = failureOf(fetch(server.url, { signal: controller.signal }));
    while (gate.quotas()[0]?.queued !== 1) await sleep(5);
    controller.abort();
    expect((await call).name).to.equal('AbortError');
    while (gate.quotas()[0]?.queued !== 0) await sleep(5);
    expect(server.seen).to.have.length(1);
  });

  it('fails with our error as its cause, and the report on it', async () => {
    server.replies({ status: 429, headers: { 'retry-after': '3000' } });
    const error = await failureOf(fetch(server.url));
    expect(error.message).to.equal('fetch failed');
    expect(error.cause).to.be.instanceOf(DeadlineError);
    expect((error.cause as DeadlineError).headgate?.attempts).to.have.length(1);
  });
});
