import { getEventListeners } from 'node:events';
import { expect } from 'chai';
import { ClosedError, DeadlineError, type Headgate, headgate, QueueFullError } from 'headgate';
import { forEachMajor } from '../../support/majors.ts';
import { failureOf, names, record, sleep, TestServer } from '../../support/server.ts';

/** What got 14 returns. */
type Cancelable = Promise<unknown> & { cancel(): void; readonly isCanceled: boolean };

forEachMajor('A call that must end', (got, major) => {
  let server: TestServer;
  let gate: Headgate;

  beforeEach(async () => {
    server = await TestServer.start();
    gate = headgate({ quotas: [{ name: 'one', concurrency: 1 }], retry: { backoff: { base: '30s' } } });
  });
  afterEach(async () => {
    await gate.close();
    await server.close();
  });

  /** Nothing is held and nobody waits: another call goes through. */
  async function expectFree(): Promise<void> {
    server.handler = (_n, _request, response) => response.end('{}');
    await gate.got(got)(server.url);
    await sleep(5);
    expect(gate.quotas()[0]).to.include({ inFlight: 0, queued: 0 });
  }

  it('is rejected at once when it is aborted in the queue, and frees its place', async () => {
    const events = record(gate);
    server.handler = () => undefined;
    const api = gate.got(got);
    const blocker = new AbortController();
    const blocking = failureOf(api(server.url, { signal: blocker.signal }));
    while (server.seen.length === 0) await sleep(5);

    const controller = new AbortController();
    const waiting = failureOf(api(server.url, { signal: controller.signal }));
    await sleep(20);
    expect(gate.quotas()[0]?.queued).to.equal(1);
    controller.abort();
    expect((await waiting).name).to.equal('AbortError');
    expect(gate.quotas()[0]?.queued).to.equal(0);
    expect(getEventListeners(controller.signal, 'abort')).to.have.length(0);
    blocker.abort();
    await blocking;
    await expectFree();
    expect(server.seen).to.have.length(2);
    expect(names(events).filter((name) => name === 'failure')).to.have.length(2);
  });

  it('is rejected at once when it is aborted in flight, and returns its permit', async () => {
    server.handler = () => undefined;
    const controller = new AbortController();
    const call = failureOf(gate.got(got)(server.url, { signal: controller.signal }));
    while (server.seen.length === 0) await sleep(5);
    controller.abort();
    const error = await call;
    expect(error.name).to.equal('AbortError');
    expect(error.headgate).to.include({ reason: 'aborted' });
    expect(error.headgate.attempts).to.have.length(1);
    await expectFree();
  });

  it('is rejected at once when it is aborted while it backs off', async () => {
    server.replies({ status: 500 });
    const events = record(gate);
    const controller = new AbortController();
    const call = failureOf(gate.got(got)(server.url, { signal: controller.signal }));
    while (!names(events).includes('retry')) await sleep(5);
    controller.abort();
    expect((await call).name).to.equal('AbortError');
    await expectFree();
  });

  it('carries its record when a listener to its retry aborts it', async () => {
    const events = record(gate);
    const controller = new AbortController();
    gate.on('retry', () => controller.abort());
    server.replies({ status: 500 });
    const failure = await failureOf(gate.got(got)(server.url, { signal: controller.signal }));
    expect(failure.headgate).to.deep.include({ reason: 'aborted' });
    expect(names(events)).to.deep.equal(['attempt', 'retry', 'failure']);
  });

  for (const [what, status] of [
    ['succeeds', 200],
    ['fails', 404],
  ] as const) {
    it(`leaves no more on the signal than bare got, if a stream replaced another and ${what}`, async () => {
      const quick = headgate({ retry: { backoff: { base: 1, max: 2 } } });
      const left = async (client: typeof got): Promise<number> => {
        server.seen.length = 0;
        server.replies({ status: 500 }, { status });
        const { signal } = new AbortController();
        await new Promise<void>((resolve) => {
          const read = (stream: ReturnType<typeof got.stream>): void => {
            stream.once('retry', (_count, _error, createRetryStream) => read(createRetryStream()));
            stream.once('error', () => resolve()).once('end', () => resolve());
            stream.resume();
          };
          read(client.stream(server.url, { signal }));
        });
        await sleep(20);
        return getEventListeners(signal, 'abort').length;
      };
      const bare = got.extend({
        retry: { calculateDelay: ({ computedValue }) => Math.min(computedValue, 1) },
      });
      expect(await left(quick.got(got))).to.equal(await left(bare));
      await quick.close();
    });
  }

  it('returns its permit when a stream is destroyed before its end', async () => {
    server.handler = (_n, _request, response) => response.write('half');
    const stream = gate.got(got).stream(server.url);
    await new Promise((resolve) => stream.once('data', resolve));
    stream.destroy();
    await sleep(20);
    await expectFree();
  });

  if (major === 14) {
    it('can be cancelled, waiting or in flight', async () => {
      server.handler = () => undefined;
      const api = gate.got(got);
      const inFlight = api(server.url) as unknown as Cancelable;
      const queued = api(server.url).json() as unknown as Cancelable;
      while (server.seen.length === 0) await sleep(5);
      await sleep(20);
      queued.cancel();
      inFlight.cancel();
      expect((await failureOf(inFlight)).name).to.equal('CancelError');
      expect((await failureOf(queued)).name).to.equal('CancelError');
      expect(inFlight.isCanceled).to.equal(true);
      await expectFree();
    });
  }

  it('fails at once when the wait it would need ends after its deadline', async () => {
    server.replies({ status: 429, headers: { 'retry-after': '3' } });
    const asked = { context: { headgate: { deadline: 500 } } };
    const error = await failureOf(gate.got(got)(server.url, asked));
    expect(error).to.be.instanceOf(DeadlineError);
    expect(error.waitMs).to.be.within(2900, 3200);
    expect(error.headgate).to.include({ reason: 'deadline', verdict: 'throttled' });
    expect((error.cause as Error).name).to.equal('HTTPError');
    const late = await failureOf(gate.got(got)(server.url, asked));
    expect(late).to.be.instanceOf(DeadlineError);
    expect(server.seen).to.have.length(1);
  });

  it('is aborted on the wire when its deadline passes', async () => {
    server.handler = () => undefined;
    const asked = { context: { headgate: { deadline: 100 } } };
    expect(await failureOf(gate.got(got)(server.url, asked))).to.be.instanceOf(DeadlineError);
    await expectFree();
    server.handler = () => undefined;
    const stream = gate.got(got).stream(server.url, asked);
    const error = await new Promise((resolve) => stream.once('error', resolve));
    expect(error).to.be.instanceOf(DeadlineError);
    await expectFree();
  });

  it('is rejected when the queue is full', async () => {
    const small = headgate({ quotas: [{ concurrency: 1 }], maxQueue: 1 });
    server.handler = (_n, _request, response) => setTimeout(() => response.end('{}'), 50);
    const api = small.got(got);
    const results = await Promise.allSettled([api(server.url), api(server.url), api(server.url)]);
    const refused = results.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
    expect(refused).to.have.length(1);
    expect(refused[0]?.reason).to.be.instanceOf(QueueFullError);
    expect(refused[0]?.reason.headgate.reason).to.equal('queue-full');
    await small.close();
  });

  it('is rejected when its gate closes, while one in flight may end', async () => {
    server.handler = (_n, _request, response) => setTimeout(() => response.end('{}'), 100);
    const api = gate.got(got);
    const inFlight = api(server.url);
    const waiting = failureOf(api(server.url));
    while (server.seen.length === 0) await sleep(5);
    await sleep(20);
    await gate.close();
    expect(await waiting).to.be.instanceOf(ClosedError);
    await inFlight;
    expect(await failureOf(api(server.url))).to.be.instanceOf(ClosedError);
    expect(server.seen).to.have.length(1);
  });
});
