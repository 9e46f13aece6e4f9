import { expect } from 'chai';
import type { Got } from 'got';
import { type Headgate, headgate } from 'headgate';
import { forEachMajor } from '../../support/majors.ts';
import { failureOf, names, record, sleep, TestServer } from '../../support/server.ts';

forEachMajor('A wrapped client', (got) => {
  let server: TestServer;
  let gate: Headgate;
  let api: Got;

  beforeEach(async () => {
    server = await TestServer.start();
    gate = headgate({ retry: { backoff: { base: 5, max: 10 } } });
    api = gate.got(got);
  });
  afterEach(async () => {
    await gate.close();
    await server.close();
  });

  it('returns what the bare client returns', async () => {
    server.replies();
    expect(await api(server.url).text()).to.equal('{}');
    expect(await api(server.url).json()).to.deep.equal({});
    expect(Buffer.from(await api(server.url).buffer()).toString()).to.equal('{}');
    expect(await api(server.url, { resolveBodyOnly: true })).to.equal('{}');
    expect((await api(server.url, { responseType: 'json' })).body).to.deep.equal({});
    expect((await api.head(server.url)).statusCode).to.equal(200);
  });

  it('passes each attempt through the gate once, however often it was extended', async () => {
    const events = record(gate);
    const twice = gate.got(gate.got(got)).extend(gate.gotOptions(), api);
    server.replies({ status: 500 });
    await twice(server.url);
    expect(names(events)).to.deep.equal(['attempt', 'retry', 'attempt', 'success']);
  });

  it('begins a call of its own for each page', async () => {
    const events = record(gate);
    server.replies();
    let pages = 0;
    await api.paginate.all(server.url, {
      pagination: {
        transform: () => [],
        paginate: () => {
          pages += 1;
          return pages < 3 && { url: new URL(`${server.url}/${pages}`) };
        },
      },
    });
    const calls = new Set(events.map((event) => 'call' in event && event.call));
    expect(calls.size).to.equal(3);
    expect(names(events).filter((name) => name === 'success')).to.have.length(3);
  });

  it('counts each leg of a redirect as an attempt of one call', async () => {
    const events = record(gate);
    server.handler = (_n, request, response) =>
      request.url === '/b' ? response.end('there') : response.writeHead(302, { location: '/b' }).end();
    expect(await api(server.url).text()).to.equal('there');
    expect(names(events)).to.deep.equal(['attempt', 'attempt', 'success']);
    expect(events.at(-1)).to.have.nested.property('attempts[0].status', 302);
  });

  it('takes no permit for responses from a cache or a hook', async () => {
    const events = record(gate);
    server.handler = (_n, _request, response) =>
      response.writeHead(200, { 'cache-control': 'max-age=60' }).end('{}');
    const cached = api.extend({ cache: new Map() });
    await cached(server.url);
    await cached(server.url);
    expect(names(events)).to.deep.equal(['attempt', 'success', 'success']);
    expect(server.seen).to.have.length(1);
  });

  it("lets the user's hooks work, before and after ours", async () => {
    const seen: string[] = [];
    const note = (what: string): void => {
      seen.push(what);
    };
    const hooked = got
      .extend({ hooks: { beforeRequest: [({ method }) => note(`before ${method}`)] } })
      .extend(gate.gotOptions(), {
        hooks: {
          beforeRequest: [({ headers }) => Object.assign(headers, { 'x-late': '1' }) && undefined],
          beforeRetry: [(_error, count) => note(`retry ${count}`)],
          afterResponse: [
            (response) => {
              note(`after ${response.statusCode}`);
              return response;
            },
          ],
          beforeError: [
            (error) => {
              note(`error ${error.name}`);
              return error;
            },
          ],
        },
      });
    server.replies({ status: 500 }, { status: 200 }, { status: 404 });
    await hooked(server.url);
    await failureOf(hooked(server.url));
    expect(seen).to.include.members(['before GET', 'retry 1', 'after 200', 'error HTTPError']);
  });

  it("lets a user's hook refresh a token by itself", async () => {
    const events = record(gate);
    server.replies({ status: 401 });
    const refreshing = api.extend({
      hooks: {
        afterResponse: [
          (response, retry) =>
            response.statusCode === 401 ? retry({ headers: { authorization: 'new' } }) : response,
        ],
      },
    });
    expect((await refreshing(server.url)).statusCode).to.equal(200);
    expect(names(events)).to.deep.equal(['attempt', 'attempt', 'success']);
  });

  it('keeps the class of every error, and gives it a report', async () => {
    server.handler = (_n, request, response) => {
      if (request.url === '/text') response.end('no JSON');
      else if (request.url === '/loop') response.writeHead(302, { location: '/loop' }).end();
      else response.writeHead(404).end();
    };
    const http = await failureOf(api(`${server.url}/missing`));
    const parse = await failureOf(api(`${server.url}/text`).json());
    const parsed = await failureOf(api(`${server.url}/text`, { responseType: 'json' }) as Promise<unknown>);
    const loop = await failureOf(api(`${server.url}/loop`, { maxRedirects: 2 }));
    expect([http, parse, parsed, loop].map(({ name }) => name)).to.deep.equal([
      'HTTPError',
      'ParseError',
      'ParseError',
      'MaxRedirectsError',
    ]);
    expect(loop.headgate.attempts).to.have.length(3);
    expect(parsed.headgate.reason).to.equal('terminal');
  });

  it('resolves with the last response after its retries, if the user wants no HTTP errors', async () => {
    const events = record(gate);
    server.replies({ status: 500 }, { status: 404 });
    const response = await api(server.url, { throwHttpErrors: false });
    expect(response.statusCode).to.equal(404);
    expect(names(events)).to.deep.equal(['attempt', 'retry', 'attempt', 'failure']);
  });

  it('streams both ways', async () => {
    server.handler = (_n, request, response) => request.pipe(response);
    const events = record(gate);
    const stream = api.stream.post(server.url);
    stream.end('echo');
    let text = '';
    for await (const chunk of stream) text += String(chunk);
    expect(text).to.equal('echo');
    expect(names(events)).to.deep.equal(['attempt', 'success']);
  });

  it('reports its events to readers too, until the gate closes', async () => {
    server.replies();
    const types: string[] = [];
    const reading = (async () => {
      for await (const { type } of gate.events()) types.push(type);
    })();
    await api(server.url);
    await gate.close();
    await reading;
    expect(types).to.deep.equal(['call', 'attempt', 'success']);
  });

  it('does not read an endless error body', async () => {
    server.handler = (_n, _request, response) => {
      response.writeHead(400);
      const pour = (): void => {
        if (!response.destroyed && response.write('x'.repeat(65_536))) setImmediate(pour);
      };
      response.on('drain', pour);
      pour();
    };
    const error = await failureOf(api(server.url));
    expect(error.headgate).to.include({ verdict: 'terminal' });
    const stream = api.stream(server.url);
    await new Promise((resolve) => stream.once('error', resolve));
    await sleep(5);
    expect(gate.quotas()[0]).to.include({ inFlight: 0 });
  });

  it('reads hostile headers without harm', async () => {
    server.handler = (n, _request, response) => {
      if (n > 5) response.end('{}');
      else
        response.writeHead(429, { 'retry-after': ['-1', '1e3', '0x10', '', 'soon'][n - 1] as string }).end();
    };
    const slow = headgate({ retry: { backoff: { base: 5, max: 10 } } });
    await slow.got(got)(server.url);
    expect(server.seen).to.have.length(6);
    await slow.close();
  });

  it('chains listeners to its promise, whose failure is reported once', async () => {
    const unheard: unknown[] = [];
    const hear = (error: unknown): unknown => unheard.push(error);
    server.replies({ status: 404 });
    process.prependListener('unhandledRejection', hear);
    const promise = api(server.url);
    expect(promise.on('downloadProgress', () => undefined)).to.equal(promise);
    await failureOf(promise);
    await sleep(5);
    process.off('unhandledRejection', hear);
    expect(unheard).to.deep.equal([]);
  });

  it('shows the retry limit that the user set, and obeys changes to it on the way', async () => {
    server.replies({ status: 401 }, { status: 500 });
    const limits: number[] = [];
    const changing = api.extend({
      retry: { limit: 7 },
      hooks: {
        beforeRequest: [({ retry }) => void limits.push(retry.limit as number)],
        afterResponse: [
          (response, again) => (response.statusCode === 401 ? again({ retry: { limit: 0 } }) : response),
        ],
      },
    });
    expect((await failureOf(changing(server.url))).headgate.attempts).to.have.length(2);
    expect(limits).to.deep.equal([7, 0]);
  });

  it('leaves it to got to abort what the user gives up', async () => {
    server.handler = (_n, _request, response) => response.write('a');
    const errors = [];
    for (const client of [got, api]) {
      const controller = new AbortController();
      const failed = failureOf(client(server.url, { signal: controller.signal }));
      setTimeout(() => controller.abort(), 50);
      errors.push(await failed);
    }
    const [bare, ours] = errors.map((error) => [
      error.name,
      error.message,
      (error as { response?: unknown }).response !== undefined,
    ]);
    expect(ours).to.deep.equal(bare);
  });
});
