import { gunzipSync, gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { type Headgate, headgate } from 'headgate';
import { generic } from 'headgate/profiles';
import type { Agent, Dispatcher } from 'undici';
import { failureOf, type Handler, names, record, TestServer } from '../../support/server.ts';
import { forEachUndici } from '../../support/undici.ts';

type Interceptor = Dispatcher.DispatcherComposeInterceptor;

/** Options with which an undici interceptor does something here; of those absent, the defaults do. */
const OPTIONS: Readonly<Record<string, object>> = {
  redirect: { maxRedirections: 2 },
  retry: { maxRetries: 0 },
  dns: { affinity: 4, dualStack: false },
};

const TEXT = 'hello '.repeat(2000);
const ZIPPED = gzipSync(TEXT);

/** What a server does: a good answer, plain or compressed, at once or after a refusal. */
const scenes: Readonly<Record<string, Handler>> = {
  'a good answer': (_n, _request, response) => response.end(TEXT),
  'a gzipped answer': (_n, _request, response) =>
    response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': ZIPPED.length }).end(ZIPPED),
  'a 429, then a good answer': (n, _request, response) =>
    n === 1 ? response.writeHead(429, { 'retry-after-ms': '5' }).end(TEXT) : response.end(TEXT),
  'a gzipped 503, then a gzipped answer': (n, _request, response) =>
    response.writeHead(n === 1 ? 503 : 200, { 'content-encoding': 'gzip' }).end(ZIPPED),
};

forEachUndici('A gate among the interceptors of undici', (undici, major) => {
  let server: TestServer;
  let gate: Headgate;
  let agent: Agent;

  beforeEach(async () => {
    server = await TestServer.start();
    gate = headgate({
      adaptive: false,
      retry: { backoff: { base: 2, max: 4 }, deadline: '10s' },
      profile: { ...generic(), authorizes: () => true },
      auth: { token: () => ({ token: 't' }) },
    });
    agent = new undici.Agent();
  });
  afterEach(async () => {
    await Promise.all([agent.destroy(), gate.close(), server.close()]);
  });

  async function answerOf(dispatcher: Dispatcher): Promise<string> {
    const url = server.url.replace('127.0.0.1', 'localhost');
    const { statusCode, body } = await undici.request(url, { dispatcher, headers: { 'x-a': 'b' } });
    const bytes = Buffer.from(await body.arrayBuffer());
    return `${statusCode} ${bytes[0] === ZIPPED[0] ? gunzipSync(bytes) : bytes}`;
  }

  for (const [name, make] of Object.entries(undici.interceptors)) {
    const interceptor = (): Interceptor => make(OPTIONS[name] as never) as unknown as Interceptor;
    for (const [title, handler] of Object.entries(scenes)) {
      it(`accepts and passes on what ${name} does, above it and below: ${title}`, async () => {
        const ways = [
          agent.compose(gate.undici(), interceptor()),
          agent.compose(interceptor(), gate.undici()),
        ];
        for (const dispatcher of ways) {
          // given a server that does as told from its first request on
          server.seen.length = 0;
          server.handler = handler;
          const events = record(gate);
          // when a request passes both
          const answer = await answerOf(dispatcher);
          // then it ends well, as often as it was made
          expect(answer).to.equal(name === 'dump' ? '200 ' : `200 ${TEXT}`);
          expect(names(events).filter((each) => each === 'success')).to.have.length(1);
          expect(names(events)).not.to.include('failure');
          expect(gate.quotas()[0]).to.include({ inFlight: 0, queued: 0 });
        }
      });
    }
  }

  it('lets interceptors above write to their controller whatever undici’s own accepts', async function () {
    // Before 7 there are no controllers.
    if (major === 6) this.skip();
    const raw = [Buffer.from('x-raw'), Buffer.from('1')];
    const write = (controller: object): void => {
      Object.assign(controller, { rawHeaders: raw, rawTrailers: raw, [Symbol('mine')]: 1, mine: 2 });
      expect(controller).to.include({ rawHeaders: raw, rawTrailers: raw, mine: 2 });
    };
    const writing: Interceptor = (dispatch) => (options, handler) =>
      dispatch(options, {
        onRequestStart: (...args) => handler.onRequestStart?.(...args),
        onResponseStart(controller, ...rest) {
          write(controller);
          handler.onResponseStart?.(controller, ...rest);
        },
        onResponseData: (...args) => handler.onResponseData?.(...args),
        onResponseEnd(controller, trailers) {
          write(controller);
          handler.onResponseEnd?.(controller, trailers);
        },
        onResponseError: (...args) => handler.onResponseError?.(...args),
      });
    server.replies({ status: 503 }, { status: 200, body: TEXT });
    expect(await answerOf(agent.compose(gate.undici(), writing))).to.equal(`200 ${TEXT}`);
  });

  it('reads the status of an error that an interceptor below made of a response', async function () {
    const { responseError } = undici.interceptors;
    if (!responseError) this.skip();
    const dispatcher = agent.compose(responseError() as unknown as Interceptor, gate.undici());
    server.replies({ status: 429, headers: { 'retry-after-ms': '5' } }, { status: 200, body: TEXT });
    expect(await answerOf(dispatcher)).to.equal(`200 ${TEXT}`);
    server.handler = (_n, _request, response) =>
      response
        .writeHead(403, { 'content-type': 'application/json', 'x-request-id': 'r1' })
        .end('{"error":{"code":"No"}}');
    const error = await failureOf(answerOf(dispatcher));
    expect(error.name).to.equal('ResponseError');
    expect(error.headgate).to.include({ verdict: 'terminal', correlationId: 'r1' });
    expect(error.headgate.attempts[0]).to.include({ status: 403, code: 'No' });
  });
});
