import { expect } from 'chai';
import { type GatedFetch, type Headgate, headgate } from 'headgate';
import { fetch as undiciFetch } from 'undici';
import { failureOf, names, record, sleep, TestServer } from '../../support/server.ts';

describe('A wrapped fetch', () => {
  let server: TestServer;
  let gate: Headgate;
  let api: GatedFetch;

  beforeEach(async () => {
    server = await TestServer.start();
    gate = headgate({ retry: { backoff: { base: 5, max: 10 } } });
    api = gate.fetch();
  });
  afterEach(async () => {
    await gate.close();
    await server.close();
  });

  it('has the type of fetch, and returns what the bare fetch returns', async () => {
    const typed: typeof fetch = api;
    server.handler = (_n, _request, response) => response.writeHead(200, { 'x-a': 'b' }).end('{"a":1}');
    for (const input of [server.url, new URL(server.url), new Request(server.url)]) {
      const response = await typed(input);
      expect(response).to.be.instanceOf(Response);
      expect([response.status, response.ok, response.url, response.redirected, response.type]).to.deep.equal([
        200,
        true,
        `${server.url}/`,
        false,
        'basic',
      ]);
      expect(response.headers.get('x-a')).to.equal('b');
      expect(response.bodyUsed).to.equal(false);
      const copy = response.clone();
      expect(await response.json()).to.deep.equal({ a: 1 });
      expect(await copy.text()).to.equal('{"a":1}');
    }
  });

  it("passes on the user's init, without `headgate`", async () => {
    const given: Record<string, unknown>[] = [];
    const spying = gate.fetch(async (_input, init) => {
      given.push(init as never);
      return new Response('{}');
    });
    const dispatcher = {};
    await spying(server.url, { keepalive: true, dispatcher, headgate: { priority: 1 } } as never);
    expect(given[0]).to.include({ keepalive: true, dispatcher });
    expect(given[0]).to.not.have.property('headgate');
  });

  it('leaves the body of an error whole and unread', async () => {
    const large = 'x'.repeat(1_000_000);
    server.replies(
      { status: 404, body: '{"error":"gone"}' },
      { status: 400, body: large },
      { status: 404, body: '' },
    );
    const small = await api(server.url);
    expect([small.status, small.bodyUsed, small.url]).to.deep.equal([404, false, `${server.url}/`]);
    expect(await small.clone().json()).to.deep.equal({ error: 'gone' });
    expect(await small.json()).to.deep.equal({ error: 'gone' });
    expect(await (await api(server.url)).text()).to.equal(large);
    expect(await (await api(server.url)).text()).to.equal('');
  });

  it('streams both ways', async () => {
    const events = record(gate);
    server.handler = (_n, request, response) => request.pipe(response);
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    const call = api(server.url, { method: 'POST', body: readable as never, duplex: 'half' });
    void writer.write(new TextEncoder().encode('one'));
    const response = await call;
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    expect(Buffer.from((await reader.read()).value ?? []).toString()).to.equal('one');
    void writer.write(new TextEncoder().encode('two'));
    expect(Buffer.from((await reader.read()).value ?? []).toString()).to.equal('two');
    await writer.close();
    expect((await reader.read()).done).to.equal(true);
    expect(names(events)).to.deep.equal(['attempt', 'success']);
  });

  it('refuses what the bare fetch refuses, with the same error and without an attempt', async () => {
    const events = record(gate);
    for (const [input, init] of [['/relative'], ['http://['], [server.url, { signal: 1 }]] as [
      string,
      never,
    ][]) {
      const [bare, ours] = [await failureOf(fetch(input, init)), await failureOf(api(input, init))];
      expect([ours.name, ours.message]).to.deep.equal([bare.name, bare.message]);
    }
    const consumed = new Request(server.url, { method: 'POST', body: 'x' });
    await consumed.text();
    expect((await failureOf(api(consumed))).message).to.equal((await failureOf(fetch(consumed))).message);
    expect(names(events).filter((name) => name === 'attempt').length).to.be.at.most(1);
    expect(server.seen).to.have.length(0);
  });

  it('rejects a call with invalid options', async () => {
    const error = await failureOf(api(server.url, { headgate: { deadline: 'soon' } }));
    expect(error.name).to.equal('OptionsError');
    expect(error.message).to.match(/headgate\.deadline.*"soon"/);
    expect(server.seen).to.have.length(0);
  });

  it('looks up the global fetch at each call, and can replace it', async () => {
    const { fetch: before } = globalThis;
    server.replies();
    let calls = 0;
    try {
      globalThis.fetch = async (...args) => {
        calls += 1;
        return before(...args);
      };
      await api(server.url);
      expect(calls).to.equal(1);
      globalThis.fetch = gate.fetch();
      await fetch(server.url);
      const other = headgate();
      globalThis.fetch = other.fetch();
      await fetch(server.url);
      expect(calls).to.equal(3);
      await other.close();
    } finally {
      globalThis.fetch = before;
    }
  });

  it('passes each attempt through the gate once, however often it was wrapped', async () => {
    const events = record(gate);
    server.replies();
    await gate.fetch(gate.fetch(api))(server.url);
    expect(names(events)).to.deep.equal(['attempt', 'success']);
  });

  it("wraps undici's own fetch too", async () => {
    server.handler = (n, request, response) => {
      if (request.url === '/a') response.writeHead(302, { location: '/b' }).end();
      else response.writeHead(n === 2 ? 503 : 200).end('b');
    };
    const response = await gate.fetch(undiciFetch)(`${server.url}/a`);
    expect(await response.text()).to.equal('b');
    expect(response.redirected).to.equal(true);
    expect(response.headgate.attempts.map(({ status }) => status)).to.deep.equal([302, 503, 200]);
  });

  it('accepts a mock', async () => {
    const mock = async (): Promise<unknown> => ({ ok: true, status: 200, json: async () => ({ a: 1 }) });
    const response = await gate.fetch(mock)(server.url);
    expect(await response.json()).to.deep.equal({ a: 1 });
    expect(response.headgate.attempts).to.have.length(1);
  });

  it('releases the sockets of discarded responses', async () => {
    const sockets = new Set<unknown>();
    server.handler = (n, request, response) => {
      sockets.add(request.socket);
      if (request.url === '/a') response.writeHead(302, { location: '/b' }).end('moved');
      else response.writeHead(n % 3 === 2 ? 503 : 200).end('{"error":{}}');
    };
    for (let call = 0; call < 5; call += 1) await (await api(`${server.url}/a`)).text();
    expect(server.seen).to.have.length(15);
    expect(sockets.size).to.be.at.most(3);
  });

  it('stops all calls of a quota at a 429, as soon as its head arrives', async () => {
    const times: number[] = [];
    server.handler = (n, _request, response) => {
      times.push(performance.now());
      if (n === 1) response.writeHead(429, { 'retry-after': '1' }).write('never ends');
      else response.end('{}');
    };
    const first = api(server.url);
    while (gate.quotas()[0]?.pausedUntil === undefined) await sleep(2);
    await Promise.all([first, ...Array.from({ length: 5 }, () => api(server.url))]);
    expect(Math.min(...times.slice(1)) - (times[0] ?? 0)).to.be.at.least(1000);
  });

  it("sends the gate's token to its own origin, and renews it once when it is refused", async () => {
    const other = await TestServer.start();
    let leaked: string | undefined;
    other.handler = (_n, request, response) => {
      leaked = request.headers.authorization;
      response.end();
    };
    const sent: (string | undefined)[] = [];
    server.handler = (_n, request, response) => {
      sent.push(request.headers.authorization);
      if (request.url === '/away') response.writeHead(307, { location: other.url }).end();
      else response.writeHead(request.headers.authorization === 'Bearer t2' ? 200 : 401).end();
    };
    let fetched = 0;
    const authed = headgate({
      auth: {
        token: () => {
          fetched += 1;
          return { token: `t${fetched}` };
        },
      },
    });
    const get = authed.fetch();
    expect((await get(server.url, { headers: { 'x-a': 'b' } })).status).to.equal(200);
    await get(`${server.url}/away`);
    expect((await get(server.url, { headers: { authorization: 'Mine' } })).status).to.equal(401);
    expect(sent).to.deep.equal(['Bearer t1', 'Bearer t2', 'Bearer t2', 'Mine']);
    expect(leaked).to.equal(undefined);
    await authed.close();
    await other.close();
  });

  it('accepts a Request as init, and anything else whose members come from a prototype', async () => {
    server.replies();
    const request = new Request(`${server.url}/other`, {
      method: 'PUT',
      headers: { 'x-a': 'b' },
      body: 'sent',
    });
    await api(`${server.url}/here`, request as RequestInit);
    await api(server.url, Object.create({ method: 'DELETE' }));
    expect(server.seen.map(({ method, url, body }) => [method, url, body])).to.deep.equal([
      ['PUT', '/here', 'sent'],
      ['DELETE', '/', ''],
    ]);
  });

  it('leaves an invalid init or invalid headers for fetch to refuse', async () => {
    const signing = headgate({ sign: () => ({ 'x-signed': 'yes' }) });
    const signed = signing.fetch();
    for (const init of ['text', 5, { headers: 5 }, { headers: 'text' }, { headers: null }] as never[]) {
      const [bare, ours] = [
        await failureOf(fetch(server.url, init)),
        await failureOf(signed(server.url, init)),
      ];
      expect([ours.name, ours.message]).to.deep.equal([bare.name, bare.message]);
    }
    expect(server.seen).to.have.length(0);
    await signing.close();
  });

  it('rejects with whatever reason its signal has, and cancels a body that was not sent', async () => {
    server.handler = (n, _request, response) => {
      if (n % 2 === 1) response.write('the beginning of a body');
    };
    const watching = headgate({ retry: { attempts: 1, bodyTimeout: '1m' } });
    const watched = watching.fetch();
    for (const reason of ['why', null, new RangeError('mine')]) {
      const rejected: unknown[] = [];
      const keep = (error: unknown): void => {
        rejected.push(error);
      };
      const aborter = new AbortController();
      const { signal } = aborter;
      const response = await watched(server.url, { signal });
      const reading = response.text().catch(keep);
      const unanswered = watched(server.url, { signal }).catch(keep);
      while (server.seen.length % 2 !== 0) await sleep(1);
      aborter.abort(reason);
      await Promise.all([reading, unanswered]);
      const body = new ReadableStream({ cancel: keep });
      await watched(server.url, { method: 'POST', body, duplex: 'half', signal }).catch(keep);
      // fetch itself takes null for no reason once it has sent the request
      const told = rejected.map((error) => (reason === null && error instanceof DOMException ? null : error));
      expect(told).to.deep.equal([reason, reason, reason, reason]);
    }
    await watching.close();
  });

  it('returns a response whose clones have its URL, also with a bodyTimeout', async () => {
    const response = await api(server.url, { headgate: { bodyTimeout: '1m' } });
    const { url, type, redirected } = response.clone();
    expect({ url, type, redirected }).to.deep.equal({
      url: `${server.url}/`,
      type: 'basic',
      redirected: false,
    });
    expect(await response.text()).to.equal('{}');
  });

  it('may serve as the global fetch under another one that wraps it', async () => {
    const { fetch: before } = globalThis;
    server.replies({ status: 503 });
    const events = record(gate);
    let over = 0;
    try {
      globalThis.fetch = gate.fetch();
      const under = globalThis.fetch;
      globalThis.fetch = async (input, init) => {
        over += 1;
        await sleep(1);
        return under(new Request(input, init));
      };
      expect((await fetch(server.url)).status).to.equal(200);
      over = 0;
      expect((await fetch(server.url)).status).to.equal(200);
    } finally {
      globalThis.fetch = before;
    }
    expect(names(events)).to.deep.equal(['attempt', 'retry', 'attempt', 'success', 'attempt', 'success']);
    expect([over, server.seen.length]).to.deep.equal([1, 3]);
  });
});
