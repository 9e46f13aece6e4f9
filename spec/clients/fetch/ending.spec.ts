import { getEventListeners } from 'node:events';
import { expect } from 'chai';
import {
  ClosedError,
  DeadlineError,
  type GatedFetch,
  type Headgate,
  headgate,
  QueueFullError,
} from 'headgate';
import { failureOf, names, record, sleep, TestServer } from '../../support/server.ts';

describe('A call of fetch that must end', () => {
  let server: TestServer;
  let gate: Headgate;
  let api: GatedFetch;

  beforeEach(async () => {
    server = await TestServer.start();
    gate = headgate({ quotas: [{ name: 'one', concurrency: 1 }], retry: { backoff: { base: '30s' } } });
    api = gate.fetch();
  });
  afterEach(async () => {
    await gate.close();
    await server.close();
  });

  /** Nothing is held and nobody waits: another call goes through. */
  async function expectFree(): Promise<void> {
    server.handler = (_n, _request, response) => response.end('{}');
    await (await api(server.url)).text();
    expect(gate.quotas()[0]).to.include({ inFlight: 0, queued: 0 });
  }

  const reasons: Record<string, unknown> = {
    'an error': new Error('mine'),
    'a text': 'mine',
    nothing: undefined,
  };
  for (const [what, reason] of Object.entries(reasons)) {
    it(`rejects with the reason of its signal before, in the queue, in flight and backing off: ${what}`, async () => {
      const aborted = AbortSignal.abort(reason);
      expect(await rejection(api(server.url, { signal: aborted }))).to.equal(aborted.reason);
      expect(server.seen).to.have.length(0);

      server.handler = () => undefined;
      const [flying, waiting] = [new AbortController(), new AbortController()];
      const inFlight = rejection(api(server.url, { signal: flying.signal }));
      while (server.seen.length === 0) await sleep(5);
      const queued = rejection(api(server.url, { signal: waiting.signal }));
      await sleep(10);
      expect(gate.quotas()[0]?.queued).to.equal(1);
      waiting.abort(reason);
      expect(await queued).to.equal(waiting.signal.reason);
      expect(gate.quotas()[0]?.queued).to.equal(0);
      flying.abort(reason);
      expect(await inFlight).to.equal(flying.signal.reason);

      server.replies({ status: 500 }, { status: 500 }, { status: 500 });
      const events = record(gate);
      const backing = new AbortController();
      const backingOff = rejection(api(new Request(server.url, { signal: backing.signal })));
      while (!names(events).includes('retry')) await sleep(5);
      backing.abort(reason);
      expect(await backingOff).to.equal(backing.signal.reason);
      expect(names(events).at(-1)).to.equal('failure');
      expect(events.at(-1)).to.include({ reason: 'aborted' });
      expect(getEventListeners(waiting.signal, 'abort')).to.have.length(0);
      await expectFree();
    });
  }

  it('rejects at once even if the given fetch ignores its signal, and discards its late response', async () => {
    const late = Promise.withResolvers<Response>();
    let cancelled = false;
    const deaf = gate.fetch(() => late.promise);
    const controller = new AbortController();
    const call = rejection(deaf(server.url, { signal: controller.signal }));
    await sleep(5);
    controller.abort();
    expect(await call).to.equal(controller.signal.reason);
    const body = new ReadableStream({
      cancel: () => {
        cancelled = true;
      },
    });
    late.resolve(new Response(body));
    await sleep(5);
    expect(cancelled).to.equal(true);
  });

  it('rejects at once while the body of an error is read', async () => {
    server.handler = (_n, _request, response) => response.writeHead(500).write('half');
    const controller = new AbortController();
    const events = record(gate);
    const call = rejection(api(server.url, { signal: controller.signal }));
    while (server.seen.length === 0) await sleep(5);
    await sleep(30);
    controller.abort();
    expect(await call).to.equal(controller.signal.reason);
    expect(names(events)).to.deep.equal(['attempt', 'failure']);
    await expectFree();
  });

  it('leaves its signal to govern the body, as with the bare fetch', async () => {
    server.handler = (_n, _request, response) => response.write('half');
    const controller = new AbortController();
    const response = await api(server.url, { signal: controller.signal });
    const reading = rejection(response.text());
    controller.abort();
    expect(await reading).to.equal(controller.signal.reason);
  });

  it('fails at once when the wait it would need ends after its deadline, and discards the response', async () => {
    server.replies({ status: 429, headers: { 'retry-after': '3' } });
    const error = await failureOf(api(server.url, { headgate: { deadline: 500 } }));
    expect(error).to.be.instanceOf(DeadlineError);
    expect(error.waitMs).to.be.within(2000, 3200);
    expect(error.headgate).to.include({ reason: 'deadline', verdict: 'throttled' });
    expect(await failureOf(api(server.url, { headgate: { deadline: 500 } }))).to.be.instanceOf(DeadlineError);
    expect(server.seen).to.have.length(1);
  });

  it('is aborted on the wire when its deadline passes', async () => {
    const closed = new Promise((resolve) => {
      server.handler = (_n, request) => request.socket.once('close', resolve);
    });
    const error = await failureOf(api(server.url, { headgate: { deadline: 100 } }));
    expect(error).to.be.instanceOf(DeadlineError);
    await closed;
    await expectFree();
  });

  it('is not held up by an error whose body never ends', async () => {
    server.handler = (n, _request, response) => {
      if (n > 2) {
        response.end('{}');
        return;
      }
      response.writeHead(503);
      if (n === 2) response.write('dribble');
      else {
        const pour = (): void => {
          while (!response.destroyed && response.write('x'.repeat(10_000)));
        };
        response.on('drain', pour);
        pour();
      }
    };
    const quick = headgate({ retry: { backoff: { base: 1, max: 1 } } });
    const response = await quick.fetch()(server.url);
    expect(response.headgate.attempts.map(({ status }) => status)).to.deep.equal([503, 503, 200]);
    await quick.close();
  });

  it('is rejected when the queue is full', async () => {
    const small = headgate({ quotas: [{ concurrency: 1 }], maxQueue: 1 });
    server.handler = (_n, _request, response) => setTimeout(() => response.end('{}'), 50);
    const get = small.fetch();
    const results = await Promise.allSettled([get(server.url), get(server.url), get(server.url)]);
    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused).to.have.length(1);
    expect(refused[0]?.reason).to.be.instanceOf(QueueFullError);
    await small.close();
  });

  it('is rejected when its gate closes, while one in flight may end', async () => {
    server.handler = (_n, _request, response) => setTimeout(() => response.end('{}'), 100);
    const inFlight = api(server.url);
    const waiting = failureOf(api(server.url));
    while (server.seen.length === 0) await sleep(5);
    await gate.close();
    expect(await waiting).to.be.instanceOf(ClosedError);
    expect((await inFlight).status).to.equal(200);
    expect(await failureOf(api(server.url))).to.be.instanceOf(ClosedError);
    expect(server.seen).to.have.length(1);
  });
});

/** What a promise rejects with, error or not. */
async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error('It did not reject');
    },
    (reason: unknown) => reason,
  );
}
