import { getEventListeners } from 'node:events';
import newest, { type AxiosInstance, type AxiosRequestConfig } from 'axios';
import oldest from 'axios17';
import { expect } from 'chai';
import 'headgate/axios';
import { ClosedError, DeadlineError, type Headgate, headgate, QueueFullError } from 'headgate';
import { failureOf, names, record, sleep, TestServer } from '../../support/server.ts';

/** A way to give a request up. */
interface Way {
  readonly config: AxiosRequestConfig;
  end(): void;
  listeners(): number;
}

const waysOf = (axios: typeof newest) => ({
  signal: (): Way => {
    const controller = new AbortController();
    const { signal } = controller;
    return {
      config: { signal },
      end: () => controller.abort(),
      listeners: () => getEventListeners(signal, 'abort').length,
    };
  },
  cancelToken: (): Way => {
    const { token, cancel } = axios.CancelToken.source();
    const held = token as unknown as { _listeners: unknown[] | null };
    return {
      config: { cancelToken: token },
      end: () => cancel('enough'),
      listeners: () => held._listeners?.length ?? 0,
    };
  },
});

const copies = [newest, oldest as unknown as typeof newest].flatMap((axios) =>
  ['http', 'fetch'].map((adapter) => ({ axios, adapter })),
);

for (const { axios, adapter } of copies) {
  describe(`A call of axios ${axios.VERSION} that must end, by its ${adapter} adapter`, () => {
    const ways = waysOf(axios);
    let server: TestServer;
    let gate: Headgate;
    let api: AxiosInstance;

    beforeEach(async () => {
      server = await TestServer.start();
      gate = headgate({ quotas: [{ name: 'one', concurrency: 1 }], retry: { backoff: { base: '30s' } } });
      api = gate.axios(axios.create({ adapter }));
    });
    afterEach(async () => {
      await gate.close();
      await server.close();
    });

    /** Nothing is held and nobody waits: another call goes through. */
    async function expectFree(): Promise<void> {
      server.handler = (_n, _request, response) => response.end('{}');
      await api.get(server.url);
      expect(gate.quotas()[0]).to.include({ inFlight: 0, queued: 0 });
    }

    for (const [name, make] of Object.entries(ways)) {
      it(`rejects at once as axios does, queued, in flight and backing off: ${name}`, async () => {
        server.handler = () => undefined;
        const bare = make();
        const own = failureOf(axios.get(server.url, bare.config));
        while (server.seen.length === 0) await sleep(5);
        bare.end();
        const { name, code, message } = await own;
        const expectGivenUp = (error: Error): void => {
          expect(error).to.be.instanceOf(axios.CanceledError).and.to.include({ name, code, message });
          expect(error).to.have.nested.property('headgate.reason', 'aborted');
          if ('signal' in bare.config) expect(error).to.have.nested.property('config.url', server.url);
        };

        const [flying, waiting, backing] = [make(), make(), make()];
        server.seen.length = 0;
        const inFlight = failureOf(api.get(server.url, flying.config));
        while (server.seen.length === 0) await sleep(5);
        const queued = failureOf(api.get(server.url, waiting.config));
        while (gate.quotas()[0]?.queued !== 1) await sleep(5);
        waiting.end();
        expectGivenUp(await queued);
        expect(gate.quotas()[0]).to.include({ inFlight: 1, queued: 0 });
        flying.end();
        expectGivenUp(await inFlight);

        server.replies({ status: 500 }, { status: 500 }, { status: 500 });
        const events = record(gate);
        const backingOff = failureOf(api.get(server.url, backing.config));
        while (!names(events).includes('retry')) await sleep(5);
        backing.end();
        expectGivenUp(await backingOff);
        expect(names(events).at(-1)).to.equal('failure');
        for (const way of [flying, waiting, backing]) expect(way.listeners()).to.equal(0);
        await expectFree();
      });
    }

    it('leaves no listener on a signal that lives on', async () => {
      const { config, listeners } = ways.signal();
      await api.get(server.url, config);
      await sleep(20);
      expect(listeners()).to.equal(0);
    });

    it('is not sent if it was aborted before', async () => {
      const error = await failureOf(api.get(server.url, { signal: AbortSignal.abort() }));
      expect(error).to.be.instanceOf(axios.CanceledError);
      expect(server.seen).to.have.length(0);
    });

    it('fails at once when the wait it would need ends after its deadline', async () => {
      server.replies({ status: 429, headers: { 'retry-after': '3' } });
      const asked = { headgate: { deadline: 500 } };
      const error = await failureOf(api.get(server.url, asked));
      expect(error).to.be.instanceOf(DeadlineError);
      expect(error.waitMs).to.be.within(2000, 3200);
      expect(error.headgate).to.include({ reason: 'deadline', verdict: 'throttled' });
      expect(await failureOf(api.get(server.url, asked))).to.be.instanceOf(DeadlineError);
      expect(server.seen).to.have.length(1);
    });

    it('is aborted on the wire when its deadline passes', async () => {
      const closed = new Promise((resolve) => {
        server.handler = (_n, request) => request.socket.once('close', resolve);
      });
      expect(await failureOf(api.get(server.url, { headgate: { deadline: 100 } }))).to.be.instanceOf(
        DeadlineError,
      );
      await closed;
      await expectFree();
    });

    it('does not let `timeout` run while it waits, and grants each attempt all of it', async () => {
      server.handler = (n, _request, response) => {
        if (n === 1) response.writeHead(429, { 'retry-after': '1' }).end();
        else if (n > 2) response.end('{}');
      };
      const quick = headgate({ retry: { backoff: { base: 5 } } });
      const { headgate: report } = await quick
        .axios(axios.create({ adapter }))
        .get(server.url, { timeout: 300 });
      expect(report?.attempts.map(({ status }) => status)).to.deep.equal([429, undefined, 200]);
      await quick.close();
    });

    it('is rejected when the queue is full', async () => {
      const small = headgate({ quotas: [{ concurrency: 1 }], maxQueue: 1 });
      server.handler = (_n, _request, response) => setTimeout(() => response.end('{}'), 50);
      const get = small.axios(axios.create({ adapter })).get;
      const results = await Promise.allSettled([get(server.url), get(server.url), get(server.url)]);
      const refused = results.filter((result) => result.status === 'rejected');
      expect(refused).to.have.length(1);
      expect(refused[0]?.reason).to.be.instanceOf(QueueFullError);
      await small.close();
    });

    it('is rejected when its gate closes, while one in flight may end', async () => {
      server.handler = (_n, _request, response) => setTimeout(() => response.end('{}'), 100);
      const inFlight = api.get(server.url);
      const waiting = failureOf(api.get(server.url));
      while (server.seen.length === 0) await sleep(5);
      await gate.close();
      expect(await waiting).to.be.instanceOf(ClosedError);
      expect((await inFlight).status).to.equal(200);
      expect(await failureOf(api.get(server.url))).to.be.instanceOf(ClosedError);
    });
  });
}
