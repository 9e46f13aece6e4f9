import { inspect } from 'node:util';
import { expect } from 'chai';
import type { Got, HTTPError, Options } from 'got';
import { type Headgate, headgate } from 'headgate';
import { forEachMajor } from '../../support/majors.ts';
import { failureOf, TestServer } from '../../support/server.ts';

/** What a user may write to a log. */
const PRINTS: Readonly<Record<string, (value: unknown) => string>> = {
  'as console.log does': (value) => inspect(value),
  'to a depth of 20': (value) => inspect(value, { depth: 20 }),
  'to any depth': (value) => inspect(value, { depth: Infinity }),
};

forEachMajor('What users see of got', (got) => {
  let server: TestServer;
  let gate: Headgate;
  let api: Got;

  beforeEach(async () => {
    server = await TestServer.start();
    gate = headgate({ retry: { backoff: { base: 1, max: 2 } } });
    api = gate.got(got);
  });
  afterEach(async () => {
    await gate.close();
    await server.close();
  });

  /** Errors of a bare got and of a gated one, after an attempt that is made again. */
  async function errors(options: object = {}): Promise<[bare: Error, gated: Error]> {
    const failure = async (client: Got): Promise<Error> => {
      server.seen.length = 0;
      server.replies({ status: 503, headers: { 'retry-after': '0' } }, { status: 404, body: '{"a":1}' });
      return failureOf(client(server.url, options));
    };
    const quick = got.extend({
      retry: { calculateDelay: ({ computedValue }) => (computedValue > 0 ? 1 : 0) },
    });
    return [await failure(quick), await failure(api)];
  }

  for (const [how, print] of Object.entries(PRINTS)) {
    it(`is no larger in print if an error is printed ${how}`, async () => {
      const context = { token: 'x', headgate: { priority: 1 } };
      const [bare, gated] = await errors({ context });
      const size = (value: unknown): number => print(value).length;
      expect(size(gated)).to.be.at.most(size(bare) * 1.1 + 1000);
      const [of, ours] = [bare, gated] as unknown as Record<'options' | 'response', unknown>[];
      for (const part of ['options', 'response'] as const) {
        expect(size(ours?.[part]), part).to.be.at.most(size(of?.[part]) * 1.1 + 1000);
      }
      expect(Object.keys(gated)).to.deep.equal(Object.keys(bare));
    });
  }

  it('is the same context in every hook and handler', async () => {
    const given = { list: [1], deep: { a: 1 }, headgate: { priority: 1 } };
    const contexts: unknown[] = [];
    const see = ({ context }: { context: unknown }): void => {
      contexts.push({
        keys: Reflect.ownKeys(context as object),
        clone: structuredClone(context),
        text: JSON.stringify(context),
      });
    };
    const watching = api.extend({
      handlers: [
        (options, next) => {
          see(options);
          return next(options);
        },
      ],
      hooks: {
        init: [],
        beforeRequest: [see],
        beforeRedirect: [see],
        beforeRetry: [({ options }) => see(options)],
        afterResponse: [
          (response) => {
            see(response.request.options);
            return response;
          },
        ],
        beforeError: [
          (error) => {
            see(error.options);
            return error;
          },
        ],
      },
    });
    server.handler = (n, request, response) => {
      if (request.url === '/moved') response.writeHead(n === 1 ? 503 : 404).end();
      else response.writeHead(302, { location: '/moved' }).end();
      if (n === 2) response.statusCode = 404;
    };
    const error = await failureOf(watching(server.url, { context: given }));
    see((error as unknown as { options: Options }).options as never);
    expect(contexts.length).to.be.greaterThan(5);
    for (const context of contexts) {
      expect(context).to.deep.equal({
        keys: ['list', 'deep', 'headgate'],
        clone: given,
        text: JSON.stringify(given),
      });
    }
  });

  it('is the same set of keys of options and responses, after a retry and a redirect', async () => {
    const shape = async (client: Got): Promise<unknown> => {
      server.seen.length = 0;
      server.handler = (n, request, response) => {
        if (n === 1) response.writeHead(503, { 'retry-after': '0' }).end();
        else if (request.url === '/') response.writeHead(302, { location: '/there' }).end();
        else response.end('{}');
      };
      const response = await client(server.url, { timeout: { request: 5000 } });
      const { options } = response.request;
      return {
        response: Object.keys(response).sort(),
        options: Object.keys(options).sort(),
        timeout: { ...options.timeout },
        hooks: Object.entries(options.hooks).map(([name, list]) => [name, list?.length]),
      };
    };
    const quick = got.extend({
      retry: { calculateDelay: ({ computedValue }) => (computedValue > 0 ? 1 : 0) },
    });
    const counted = { hooks: { beforeRequest: [() => undefined], beforeError: [(error: Error) => error] } };
    expect(await shape(api)).to.deep.equal(await shape(quick.extend(counted as never)));
  });

  it('has the same keys in the response of an HTTP error', async () => {
    const [bare, gated] = (await errors()) as unknown as { response: object }[];
    expect(Object.keys(gated?.response ?? {})).to.have.members(Object.keys(bare?.response ?? {}));
  });

  it('includes the timeout that the user set, even if an attempt waited at the gate', async () => {
    const one = headgate({ quotas: [{ concurrency: 1 }] });
    server.handler = (_n, _request, response) => setTimeout(() => response.end('{}'), 30);
    const client = one.got(got);
    const call = async (): Promise<unknown> =>
      (await client(server.url, { timeout: { request: 5000 } })).request.options.timeout.request;
    expect(await Promise.all([call(), call()])).to.deep.equal([5000, 5000]);
    await one.close();
  });

  it('includes hooks and handlers once, however the gate was added', () => {
    const hook = (): void => undefined;
    const mine = got.extend({ hooks: { beforeRequest: [hook] }, context: { list: [1] } });
    const gated = gate.got(mine);
    expect(gate.got(gated).defaults.handlers).to.have.length(gated.defaults.handlers.length);
    const { hooks, context } = gated.defaults.options;
    expect(hooks.beforeRequest.filter((other) => other === hook)).to.have.length(1);
    expect(context).to.deep.equal({ list: [1] });
    expect(mine.defaults.options.hooks.beforeRequest).to.deep.equal([hook]);
    expect(mine.defaults.handlers).to.deep.equal(got.defaults.handlers);
  });

  for (const mutableDefaults of [true, false]) {
    it(`keeps defaults that are ${mutableDefaults ? '' : 'not '}mutable`, () => {
      const mine = got.extend({ mutableDefaults, headers: { 'x-a': '1' } });
      const { defaults } = gate.got(mine);
      expect(defaults.mutableDefaults).to.equal(mutableDefaults);
      expect(Object.isFrozen(defaults.options.headers)).to.equal(!mutableDefaults);
      expect(defaults.options.headers).to.deep.equal(mine.defaults.options.headers);
    });
  }

  it('keeps its defaults whatever calls are made', async () => {
    const before = Object.entries(api.defaults.options.hooks).map(([name, list]) => [
      name,
      [...(list ?? [])],
    ]);
    server.replies({ status: 503 });
    await api(server.url);
    const after = Object.entries(api.defaults.options.hooks).map(([name, list]) => [name, list]);
    expect(after).to.deep.equal(before);
  });

  it('includes the `content-length` of a response to HEAD, even of an error', async () => {
    server.handler = (_n, _request, response) =>
      response.writeHead(404, { 'content-length': 5_000_000, 'content-encoding': 'gzip' }).end();
    const error = (await failureOf(api.head(server.url))) as unknown as HTTPError;
    expect(error.response.headers).to.include({ 'content-length': '5000000' });
  });

  it('may be used again: the options of one call are the start of another', async () => {
    const calls = new Set<string>();
    gate.on('attempt', ({ call }) => calls.add(call));
    server.replies({ status: 200 }, { status: 503 });
    const { request } = await api(server.url);
    const again = await api(undefined as never, undefined, request.options as never);
    expect((again as { statusCode: number }).statusCode).to.equal(200);
    expect(calls.size).to.equal(2);
    expect(server.seen).to.have.length(3);
  });

  it('includes a separate call for a request that a hook makes with the same options', async () => {
    const calls = new Set<string>();
    gate.on('success', ({ call }) => calls.add(call));
    let nested = 0;
    const nesting = api.extend({
      hooks: {
        beforeRequest: [
          async (options) => {
            nested += 1;
            if (nested === 1) await nesting(undefined as never, undefined, options as never);
          },
        ],
      },
    });
    await nesting(server.url);
    expect(calls.size).to.equal(2);
    expect(server.seen).to.have.length(2);
  });

  it('includes a separate call for the page that the same options request', async () => {
    const calls = new Set<string>();
    gate.on('success', ({ call }) => calls.add(call));
    let page = 0;
    await api.paginate.all<unknown, string>(server.url, {
      responseType: 'text',
      pagination: {
        transform: ({ body }) => [body],
        paginate: ({ response }) => {
          page += 1;
          return page < 3 && (response.request.options as never);
        },
      },
    });
    expect(calls.size).to.equal(3);
    expect(server.seen).to.have.length(3);
  });

  it('stays gated if a hook replaces the retry rules or the context', async () => {
    let attempts = 0;
    gate.on('attempt', () => {
      attempts += 1;
    });
    const replacing = api.extend({
      hooks: {
        beforeRequest: [
          (options) => {
            options.context = {};
            options.retry = {
              ...options.retry,
              calculateDelay: ({ attemptCount }) => (attemptCount < 3 ? 1 : 0),
            };
          },
        ],
      },
    });
    server.replies({ status: 503 }, { status: 503 });
    await replacing(server.url);
    expect(attempts).to.equal(3);
    expect(server.seen).to.have.length(3);
  });
});
