import { EventEmitter } from 'node:events';
import { PassThrough, Readable, Writable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { ClosedError, DeadlineError, type Headgate, headgate } from 'headgate';
import { generic } from 'headgate/profiles';
import type { Agent, Dispatcher } from 'undici';
import { failureOf, names, record, sleep, TestServer } from '../../support/server.ts';
import { forEachUndici } from '../../support/undici.ts';

const THROTTLED = { status: 429, headers: { 'retry-after-ms': '20' } };

forEachUndici(
  'A gated dispatcher',
  ({ Agent, request, stream, interceptors, errors, fetch: undiciFetch }, major) => {
    let server: TestServer;
    let gate: Headgate;
    let agent: Agent;
    let dispatcher: Dispatcher;

    beforeEach(async () => {
      server = await TestServer.start();
      gate = headgate({ retry: { backoff: { base: 5, max: 20 } } });
      agent = new Agent();
      dispatcher = agent.compose(gate.undici());
    });
    afterEach(async () => {
      await agent.destroy();
      await gate.close();
      await server.close();
    });

    /** With quotas or a deadline of its own. */
    function compose(options: Parameters<typeof headgate>[0]): Headgate {
      const own = headgate(options);
      own.on('warning', () => undefined);
      dispatcher = agent.compose(own.undici());
      return own;
    }

    it('returns what the bare dispatcher returns', async () => {
      const events = record(gate);
      server.handler = (_n, _request, response) =>
        response.writeHead(200, { 'x-a': ['1', '2'], trailer: 'x-end' }).write('{"a"', () => {
          response.addTrailers({ 'x-end': 'yes' });
          response.end(':1}');
        });
      const response = await request(server.url, { dispatcher, query: { q: 'ü' } });
      expect(response.statusCode).to.equal(200);
      expect(response.headers['x-a']).to.deep.equal(['1', '2']);
      expect(await response.body.json()).to.deep.equal({ a: 1 });
      expect(response.trailers).to.deep.equal({ 'x-end': 'yes' });
      expect(server.seen[0]?.url).to.equal('/?q=%C3%BC');
      expect(names(events)).to.deep.equal(['attempt', 'success']);
      expect(events.at(-1)).to.include({ status: 200, url: `${server.url}/?q=%C3%BC` });
    });

    it('resends, and shows the handler nothing of it', async () => {
      const events = record(gate);
      server.replies({ status: 503, body: 'no' }, THROTTLED, { status: 200, body: 'yes' });
      const response = await request(server.url, { dispatcher });
      expect([response.statusCode, await response.body.text()]).to.deep.equal([200, 'yes']);
      // On a busy machine the pause may be over before the last attempt would be queued.
      const told = names(events).filter((name) => name !== 'queued' && name !== 'resume');
      expect(told).to.deep.equal(['attempt', 'retry', 'attempt', 'pause', 'retry', 'attempt', 'success']);
    });

    it('passes on the last failure whole, after its retries', async () => {
      const events = record(gate);
      const large = 'x'.repeat(1_000_000);
      server.replies(
        { status: 500 },
        { status: 404, body: '{"error":{"code":"Gone"}}' },
        { status: 400, body: large },
      );
      const missing = await request(server.url, { dispatcher });
      expect(missing.statusCode).to.equal(404);
      expect(await missing.body.json()).to.deep.equal({ error: { code: 'Gone' } });
      expect(events.at(-1)).to.include({ type: 'failure', code: 'Gone', reason: 'terminal' });
      const bad = await request(server.url, { dispatcher });
      await sleep(20);
      expect(await bad.body.text()).to.equal(large);
    });

    it('reads the code of a compressed error, and leaves it compressed', async () => {
      const events = record(gate);
      const zipped = gzipSync('{"error":{"code":"Zipped"}}');
      server.handler = (_n, _request, response) =>
        response.writeHead(403, { 'content-encoding': 'gzip' }).end(zipped);
      const response = await request(server.url, { dispatcher });
      expect(Buffer.from(await response.body.arrayBuffer()).equals(zipped)).to.equal(true);
      expect(events.at(-1)).to.include({ type: 'failure', code: 'Zipped' });
    });

    it('resends the bodies that can be resent, and only those', async () => {
      for (const body of ['text', Buffer.from('bytes')]) {
        server.seen.length = 0;
        server.replies(THROTTLED);
        const response = await request(server.url, { dispatcher, method: 'POST', body });
        expect(response.statusCode).to.equal(200);
        expect(server.seen.map(({ body: sent }) => sent)).to.deep.equal([String(body), String(body)]);
      }
      server.seen.length = 0;
      server.replies(THROTTLED);
      const events = record(gate);
      const once = await request(server.url, { dispatcher, method: 'POST', body: Readable.from(['once']) });
      expect(once.statusCode).to.equal(429);
      expect(server.seen).to.have.length(1);
      expect((events.at(-1) as { hint?: string }).hint).to.match(/stream/);
    });

    it('does not resend a POST after a bare 502, unless the user vouches for it', async () => {
      server.replies({ status: 502 }, { status: 502 });
      const post = { dispatcher, method: 'POST', body: '{}' } as const;
      expect((await request(server.url, post)).statusCode).to.equal(502);
      const vouched = { ...post, headgate: { idempotent: true } };
      expect((await request(server.url, vouched)).statusCode).to.equal(200);
      expect(server.seen).to.have.length(3);
    });

    it('resends after a broken connection, and rejects with its error when it stays broken', async () => {
      server.handler = (n, { socket }, response) => (n === 1 ? socket.destroy() : response.end('{}'));
      expect((await request(server.url, { dispatcher })).statusCode).to.equal(200);
      server.handler = (_n, { socket }) => socket.destroy();
      const error = await failureOf(request(server.url, { dispatcher, method: 'POST', body: 'x' }));
      expect(error.code).to.equal('UND_ERR_SOCKET');
      expect(error.headgate).to.include({ verdict: 'transient', reason: 'terminal' });
    });

    it('does not resend what was already passed on', async () => {
      const events = record(gate);
      server.handler = (_n, { socket }, response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('half', () => setTimeout(() => socket.destroy(), 10));
      };
      const response = await request(server.url, { dispatcher });
      await failureOf(response.body.text());
      expect(names(events)).to.deep.equal(['attempt', 'failure']);
      expect(server.seen).to.have.length(1);
    });

    it('preserves the back-pressure of a slow reader, error or not', async () => {
      for (const status of [200, 400]) {
        let sent = 0;
        server.handler = (_n, _request, response) => {
          response.writeHead(status);
          const pour = (): void => {
            while (!response.destroyed && sent < 24_000_000) {
              sent += 64_000;
              if (!response.write(Buffer.alloc(64_000))) return;
            }
            response.end();
          };
          response.on('drain', pour);
          pour();
        };
        const response = await request(server.url, { dispatcher });
        await sleep(150);
        expect(sent).to.be.below(16_000_000);
        let read = 0;
        for await (const chunk of response.body) read += (chunk as Buffer).length;
        expect(read).to.equal(24_000_000);
      }
    });

    it('streams into a writable', async () => {
      server.replies({ status: 200, body: 'streamed' });
      const chunks: Buffer[] = [];
      const sink = (): Writable =>
        new Writable({
          write(chunk, _encoding, done) {
            chunks.push(chunk);
            done();
          },
        });
      await stream(server.url, { dispatcher, method: 'GET' }, sink);
      expect(Buffer.concat(chunks).toString()).to.equal('streamed');
    });

    it('holds its permit until the response has ended', async () => {
      const own = compose({ quotas: [{ name: 'one', concurrency: 1 }] });
      server.handler = (n, _request, response) => (n === 1 ? response.write('half') : response.end());
      const first = await request(server.url, { dispatcher });
      const second = request(server.url, { dispatcher });
      await sleep(30);
      expect(own.quotas()[0]).to.include({ inFlight: 1, queued: 1 });
      first.body.destroy();
      first.body.on('error', () => undefined);
      expect((await second).statusCode).to.equal(200);
      await own.close();
    });

    it('can be aborted in the queue, in flight, backing off and while it streams', async () => {
      const own = compose({ quotas: [{ name: 'one', concurrency: 1 }], retry: { backoff: { base: '30s' } } });
      const events = record(own);
      const reason = new Error('mine');
      const aborted = async (when: () => boolean, beside?: () => unknown): Promise<void> => {
        const controller = new AbortController();
        const call = failureOf(request(server.url, { dispatcher, signal: controller.signal }));
        beside?.();
        while (!when()) await sleep(5);
        controller.abort(reason);
        expect(await call).to.equal(reason);
      };
      server.handler = () => undefined;
      const blocker = new AbortController();
      const blocking = failureOf(request(server.url, { dispatcher, signal: blocker.signal }));
      while (server.seen.length === 0) await sleep(5);
      await aborted(() => own.quotas()[0]?.queued === 1);
      expect(own.quotas()[0]).to.include({ inFlight: 1, queued: 0 });
      blocker.abort(reason);
      await blocking;
      await aborted(() => server.seen.length === 2);
      server.replies(...Array.from({ length: 9 }, () => ({ status: 500 })));
      await aborted(() => names(events).includes('retry'));
      server.handler = (_n, _request, response) => response.write('half');
      const controller = new AbortController();
      const streaming = await request(server.url, { dispatcher, signal: controller.signal });
      controller.abort(reason);
      expect(await failureOf(streaming.body.text())).to.equal(reason);
      expect(own.quotas()[0]).to.include({ inFlight: 0, queued: 0 });
      expect(names(events).filter((name) => name === 'failure')).to.have.length(5);
      await own.close();
    });

    it('fails at its deadline: at once for a wait in vain, and on the wire', async () => {
      server.replies({ status: 429, headers: { 'retry-after': '3' } });
      const late = compose({ retry: { deadline: 500 } });
      const error = await failureOf(request(server.url, { dispatcher }));
      expect(error).to.be.instanceOf(DeadlineError);
      expect(error.headgate).to.include({ reason: 'deadline', verdict: 'throttled' });
      expect(server.seen).to.have.length(1);
      await late.close();

      const short = compose({ retry: { deadline: 100 } });
      const closed = new Promise((resolve) => {
        server.handler = (_n, { socket }) => socket.once('close', resolve);
      });
      expect(await failureOf(request(server.url, { dispatcher }))).to.be.instanceOf(DeadlineError);
      await closed;
      expect(short.quotas()[0]).to.include({ inFlight: 0 });
      await short.close();
      expect(await failureOf(request(server.url, { dispatcher }))).to.be.instanceOf(ClosedError);
    });

    it('is not held up by an error whose body never ends', async () => {
      server.handler = (n, _request, response) => {
        if (n > 1) response.end('{}');
        else {
          const pour = (): void => {
            while (!response.destroyed && response.write('x'.repeat(10_000)));
          };
          response.writeHead(503).on('drain', pour);
          pour();
        }
      };
      const response = await request(server.url, { dispatcher });
      expect(response.statusCode).to.equal(200);
      await response.body.dump();
      server.handler = (n, _request, response) =>
        n === 3 ? response.writeHead(400).write('dribble') : response.end();
      const dribbling = await request(server.url, { dispatcher });
      expect(dribbling.statusCode).to.equal(400);
      dribbling.body.on('error', () => undefined).destroy();
    });

    it('carries the token of the gate', async () => {
      const sent: (string | undefined)[] = [];
      server.handler = (_n, { headers }, response) => {
        sent.push(headers.authorization, headers['x-own'] as string);
        response.writeHead(headers.authorization === 'Bearer t2' ? 200 : 401).end();
      };
      let fetched = 0;
      const token = (): { token: string } => {
        fetched += 1;
        return { token: `t${fetched}` };
      };
      const withheld = compose({ auth: { token } });
      expect((await request(server.url, { dispatcher })).statusCode).to.equal(401);
      expect(sent.splice(0)[0]).to.equal(undefined);
      await withheld.close();
      const { origin } = new URL(server.url);
      const profile = { ...generic(), authorizes: (url: URL) => url.origin === origin };
      const own = compose({ auth: { token }, profile });
      for (const headers of [{ 'x-own': 'a' }, ['x-own', 'b'], new Map([['x-own', 'c']])]) {
        expect((await request(server.url, { dispatcher, headers })).statusCode).to.equal(200);
      }
      expect(sent).to.deep.equal(['Bearer t1', 'a', 'Bearer t2', 'a', 'Bearer t2', 'b', 'Bearer t2', 'c']);
      await own.close();
    });

    it("gates undici's own fetch, form and file included", async () => {
      server.replies(THROTTLED, { status: 200 }, THROTTLED);
      const init = { dispatcher, method: 'POST' } as const;
      expect((await undiciFetch(server.url, { ...init, body: new URLSearchParams('a=1') })).status).to.equal(
        200,
      );
      expect((await undiciFetch(server.url, { ...init, body: new Blob(['blob']) })).status).to.equal(200);
      expect(server.seen.map(({ body }) => body)).to.deep.equal(['a=1', 'a=1', 'blob', 'blob']);
    });

    it('warns of an undici retry above it', async () => {
      const { RetryAgent } =
        major === 6
          ? await import('undici6')
          : major === 7
            ? await import('undici7')
            : await import('undici');
      const events = record(gate);
      server.replies();
      const retrying = new (RetryAgent as never as new (inner: Dispatcher) => Dispatcher)(dispatcher);
      await (await request(server.url, { dispatcher: retrying })).body.dump();
      expect(events.find(({ type }) => type === 'warning')).to.include({ code: 'stacked-retries' });
    });

    for (const body of ['short', 'x'.repeat(100_000)]) {
      it(`fails a request whose handler throws at an error of ${body.length} bytes, as undici does`, async () => {
        server.replies({ status: 404, body });
        const failure = await failureOf(
          stream(server.url, { dispatcher, method: 'GET' }, () => {
            throw new Error('of the factory');
          }),
        );
        expect(failure.message).to.equal('of the factory');
        await sleep(5);
        expect(gate.quotas()[0]).to.include({ inFlight: 0 });
      });
    }

    it('reports to a handler what it threw itself, at its start and at its end', async () => {
      server.replies();
      const [start, end] = major === 6 ? ['onConnect', 'onComplete'] : ['onRequestStart', 'onResponseEnd'];
      const failed = major === 6 ? 'onError' : 'onResponseError';
      for (const at of [start, end]) {
        const told = await new Promise((resolve) => {
          const silent = { onConnect() {}, onHeaders: () => true, onData: () => true, onComplete() {} };
          const handler = {
            ...(major === 6 ? silent : { onRequestStart() {} }),
            [failed]: (...args: unknown[]) => resolve(args.at(-1)),
            [at as string]: () => {
              throw new Error(`at ${at}`);
            },
          };
          dispatcher.dispatch({ origin: server.url, path: '/', method: 'GET' }, handler as never);
        });
        expect((told as Error).message).to.equal(`at ${at}`);
      }
    });

    it('fails a request aborted without a reason with an error of undici itself', async () => {
      const abort = async (dispatcher: Dispatcher): Promise<Error> => {
        const signal = new EventEmitter();
        const streamed = stream(server.url, { dispatcher, method: 'GET', signal }, () => new PassThrough());
        signal.emit('abort');
        return streamed.then(
          () => expect.fail(),
          (error) => error,
        );
      };
      const [bare, gated] = [await abort(agent), await abort(dispatcher)];
      for (const error of [bare, gated]) {
        expect(error).to.be.instanceOf(errors.UndiciError);
        expect(error).to.be.instanceOf(errors.RequestAbortedError);
      }
      expect([gated.name, gated.message]).to.deep.equal([bare.name, bare.message]);
    });

    it('leaves an invalid handler for undici to refuse', async () => {
      const plain = agent.compose((dispatch) => (options, handler) => dispatch(options, handler));
      // undici 7 takes all but one.
      for (const handler of major === 7 ? [null] : [null, 5, {}]) {
        const dispatch = (to: Dispatcher) => async () =>
          to.dispatch({ origin: server.url, path: '/', method: 'GET' }, handler as never);
        const [bare, ours] = [await failureOf(dispatch(plain)()), await failureOf(dispatch(dispatcher)())];
        expect([ours.name, ours.message]).to.deep.equal([bare.name, bare.message]);
      }
      expect(server.seen).to.have.length(0);
    });

    it('passes on what an interceptor below reports about the request', async () => {
      server.handler = (_n, { url }, response) =>
        url === '/a' ? response.writeHead(302, { location: '/b' }).end() : response.end('b');
      const redirecting = agent.compose(interceptors.redirect({ maxRedirections: 2 }), gate.undici());
      const { context, body } = await request(`${server.url}/a`, { dispatcher: redirecting });
      await body.text();
      expect((context as { history: URL[] }).history.map(({ pathname }) => pathname)).to.deep.equal([
        '/a',
        '/b',
      ]);
    });
  },
);
