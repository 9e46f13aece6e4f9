import axios from 'axios';
import { expect } from 'chai';
import got from 'got';
import { type Headgate, headgate } from 'headgate';
import ky from 'ky';
import { AbortError } from 'p-retry';
import { failureOf, names, record, TestServer } from '../../support/server.ts';

const THROTTLED = { status: 429, headers: { 'retry-after-ms': '20', 'x-request-id': 'id-1' } };

describe('A wrapped function', () => {
  let server: TestServer;
  let gate: Headgate;

  beforeEach(async () => {
    server = await TestServer.start();
    gate = headgate({ retry: { backoff: { base: 5, max: 10 } } });
  });
  afterEach(async () => {
    await gate.close();
    await server.close();
  });

  const request = () => ({ method: 'POST', url: server.url });
  const refused: Record<string, () => Promise<unknown>> = {
    'the response of fetch': () => fetch(server.url, { method: 'POST' }),
    'the error of axios': () => axios.post(server.url),
    'the response of axios': () => axios.post(server.url, {}, { validateStatus: () => true }),
    'the error of got': () => got.post(server.url, { retry: { limit: 0 } }),
    'the error of ky': () => ky.post(server.url, { retry: 0 }),
    'an error with a status and headers': async () => {
      const { status, headers } = await fetch(server.url, { method: 'POST' });
      if (status >= 400) throw Object.assign(new Error('refused'), { status, headers });
    },
    'an error with a statusCode alone': async () => {
      const { status } = await fetch(server.url, { method: 'POST' });
      if (status >= 400) throw Object.assign(new Error('refused'), { statusCode: status });
    },
    'the error of an AWS client': async () => {
      const { status, headers } = await fetch(server.url, { method: 'POST' });
      const $response = { headers: Object.fromEntries(headers) };
      if (status >= 400) {
        throw Object.assign(new Error('refused'), { $metadata: { httpStatusCode: status }, $response });
      }
    },
  };
  for (const [what, fn] of Object.entries(refused)) {
    it(`is called again when it was throttled, as reported by ${what}`, async () => {
      const events = record(gate);
      server.replies(THROTTLED);
      await gate.wrap(fn, { request: request() })();
      expect(server.seen).to.have.length(2);
      expect(names(events).filter((name) => name === 'attempt')).to.have.length(2);
      expect(events.find(({ type }) => type === 'retry')).to.include({ verdict: 'throttled', status: 429 });
    });
  }

  it('passes on its arguments and `this`, and returns what the function returns', async () => {
    const api = {
      base: server.url,
      get: gate.wrap(
        async function (this: unknown, path: string, times: number) {
          return `${(this as { base: string }).base}${path}`.repeat(times);
        },
        { request: (path) => ({ method: 'GET', url: `${server.url}${path}` }) },
      ),
    };
    const events = record(gate);
    expect(await api.get('/p', 2)).to.equal(`${server.url}/p${server.url}/p`);
    expect(events.map((event) => 'url' in event && event.url)).to.deep.equal([
      `${server.url}/p`,
      `${server.url}/p`,
    ]);
  });

  it('gets the signal, number and token of each attempt if it asks for them', async () => {
    const authorized = headgate({ auth: { token: () => ({ token: 't' }) } });
    const seen: unknown[] = [];
    const run = authorized.wrap(
      ({ signal, attempt, token }, path: string) => {
        seen.push([attempt, token, path]);
        return fetch(server.url + path, { signal });
      },
      { request: (path) => ({ method: 'GET', url: server.url + path }), withContext: true },
    );
    server.replies(THROTTLED);
    const response = await run('/p');
    expect(response.status).to.equal(200);
    expect(seen).to.deep.equal([
      [1, 't', '/p'],
      [2, 't', '/p'],
    ]);
    await authorized.close();
  });

  it('returns the last response as it arrived, its body unread, if no attempt brings a better one', async () => {
    server.replies({ status: 404, body: '{"error":{"code":"Gone"}}' });
    const events = record(gate);
    const response = await gate.wrap(() => fetch(server.url), { request: request() })();
    expect(await response.text()).to.equal('{"error":{"code":"Gone"}}');
    expect(names(events)).to.deep.equal(['attempt', 'failure']);
  });

  it('throws what the function throws, with a report', async () => {
    const own = new RangeError('mine');
    const error = await failureOf(
      gate.wrap(() => Promise.reject(own), { request: request() })() as Promise<unknown>,
    );
    expect(error).to.equal(own);
    expect(error.headgate).to.include({ verdict: 'terminal', reason: 'terminal' });
    const thrown = await gate
      .wrap(
        () => {
          throw 'a text';
        },
        { request: request() },
      )()
      .catch((reason: unknown) => reason);
    expect(thrown).to.equal('a text');
  });

  it('is not called again after an AbortError of p-retry, whose own error is thrown', async () => {
    let calls = 0;
    const own = Object.assign(new Error('enough'), { code: 'ECONNREFUSED' });
    const run = gate.wrap(
      () => {
        calls += 1;
        throw new AbortError(own);
      },
      { request: request() },
    );
    const error = await failureOf(run() as Promise<unknown>);
    expect(error).to.equal(own);
    expect(error.headgate).to.include({ reason: 'terminal' });
    expect(calls).to.equal(1);
  });

  it('still closes the quota if the AbortError holds a 429', async () => {
    const events = record(gate);
    server.replies({ status: 429, headers: { 'retry-after': '60' } });
    const run = gate.wrap(
      async () => {
        try {
          await axios.post(server.url);
        } catch (error) {
          throw new AbortError(error as Error);
        }
      },
      { request: request() },
    );
    const error = await failureOf(run());
    expect(error.name).to.equal('AxiosError');
    expect(error.headgate).to.include({ verdict: 'throttled' });
    expect(names(events)).to.deep.equal(['attempt', 'pause', 'failure']);
  });

  it('is classified as its user does, if he does', async () => {
    const replies = ['busy', 'busy', 'done', 'lost'];
    const seen: unknown[] = [];
    const run = gate.wrap(async () => replies.shift(), {
      request: request(),
      classify: ({ value }, read) => {
        seen.push(read.verdict);
        if (value === 'busy')
          return { verdict: 'throttled', code: 'Busy', retryAfterMs: 5, unprocessed: true };
        return value === 'lost' ? 'terminal' : undefined;
      },
    });
    const events = record(gate);
    expect(await run()).to.equal('done');
    expect(await run()).to.equal('lost');
    expect(seen).to.deep.equal(['success', 'success', 'success', 'success']);
    expect(events.find(({ type }) => type === 'retry')).to.include({ verdict: 'throttled', code: 'Busy' });
    expect(events.at(-1)).to.include({ type: 'failure', verdict: 'terminal' });
  });

  it("fails with the error that the user's classification threw", async () => {
    const run = gate.wrap(async () => 'done', {
      request: request(),
      classify: () => {
        throw new RangeError('mine');
      },
    });
    expect((await failureOf(run())).message).to.equal('mine');
    expect(gate.quotas()[0]).to.include({ inFlight: 0 });
  });

  it('is gated once, however often it was wrapped', async () => {
    const events = record(gate);
    const once = gate.wrap(() => fetch(server.url), { request: request() });
    expect(gate.wrap(once, { request: request() })).to.equal(once);
    await (await once()).text();
    expect(names(events)).to.deep.equal(['attempt', 'success']);
  });

  it('is refused if it is not a function, or its options are invalid', async () => {
    const wrap = gate.wrap as (fn: unknown, options?: unknown) => unknown;
    const url = 'http://x';
    for (const [options, message] of [
      [undefined, /wrap/],
      [{}, /wrap\.request/],
      [{ request: 'GET' }, /wrap\.request.*method, url/],
      [{ request: { url } }, /wrap\.request\.method/],
      [{ request: { method: 'GET', url: '/p' } }, /wrap\.request\.url.*absolute URL/],
      [{ request: { method: 'GET', url }, classify: 1 }, /wrap\.classify.*function/],
      [
        { request: { method: 'GET', url }, retries: 3 },
        /wrap\.retries.*one of request, classify, withContext/,
      ],
      [{ request: { method: 'GET', url, headers: 'x' } }, /wrap\.request\.headers/],
    ] as const) {
      expect(() => wrap.call(gate, () => undefined, options), String(message)).to.throw(message);
    }
    expect(() => wrap.call(gate, 1, { request: { method: 'GET', url } })).to.throw(/wrap.*function/);
    const late = gate.wrap(() => 1, { request: () => ({ method: 'GET', url: '/p' }) });
    expect((await failureOf(late())).name).to.equal('OptionsError');
    const asked = gate.wrap(() => 1, { request: { method: 'GET', url, headgate: { deadline: 'soon' } } });
    expect((await failureOf(asked())).message).to.match(/headgate\.deadline/);
  });
});
