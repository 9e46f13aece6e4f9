import vm from 'node:vm';
import { expect } from 'chai';
import { type FetchLike, type Headgate, headgate } from 'headgate';
import { failureOf, names, record, TestServer } from '../../support/server.ts';

/** Requests that a fetch may take and the gate cannot read. */
const ODD: Record<string, [unknown, unknown?]> = {
  'a relative URL': ['/p'],
  'a relative URL with an init': ['/p', { method: 'GET', headers: { a: 'b' } }],
  'another scheme': ['unix:/var/run/x.sock'],
  'an object without a URL': [{ path: '/p' }],
  'an object with a relative URL': [{ url: '/p' }],
  'a proxy that refuses everything': [
    new Proxy(
      {},
      {
        get: () => {
          throw new Error('no');
        },
      },
    ),
  ],
  'headers that are none': ['http://127.0.0.1:1/', { headers: 'a: b' }],
  'a signal that is none': ['http://127.0.0.1:1/', { signal: {} }],
  'a method that is none': ['http://127.0.0.1:1/', { method: 5 }],
  'an init that is none': ['http://127.0.0.1:1/', 'x'],
  'an init whose getter throws': [
    'http://127.0.0.1:1/',
    {
      get method() {
        throw new Error('no');
      },
    },
  ],
};

describe('A request that fetch accepts and the gate cannot read', () => {
  let gate: Headgate;
  beforeEach(() => {
    gate = headgate({
      name: 'g',
      quotas: [{ match: { host: 'declared.example' }, windows: [{ limit: 1, per: '1h' }] }],
      auth: { token: () => ({ token: 't' }) },
      profile: {
        name: 'p',
        quota: () => ({ key: 'profile', windows: [] }),
        classify: () => ({ verdict: 'success' }),
        authorizes: () => true,
      },
    });
  });
  afterEach(() => gate.close());

  for (const [what, args] of Object.entries(ODD)) {
    it(`uses the gate's own quota, without a token, with one warning: ${what}`, async () => {
      const sent: unknown[][] = [];
      const api = gate.fetch(async (...given: unknown[]) => {
        sent.push(given);
        return new Response('{}');
      });
      const events = record(gate);
      for (let i = 0; i < 2; i += 1) expect(await (await api(...(args as [string]))).text()).to.equal('{}');
      expect(names(events)).to.deep.equal(['warning', 'attempt', 'success', 'attempt', 'success']);
      expect(events[0]).to.include({ code: 'unreadable-request', quota: 'g' });
      expect(gate.quotas().map(({ key }) => key)).to.deep.equal(['g']);
      expect(sent[0]?.[0]).to.equal(args[0]);
      const { headers } = ((sent[0]?.[1] as object) ?? {}) as { headers?: unknown };
      expect(JSON.stringify(headers) ?? '').to.not.contain('Bearer');
    });
  }

  it('draws on a declared quota that matches without a host, by its path if it has one', async () => {
    await gate.close();
    gate = headgate({
      quotas: [
        { name: 'path', match: { path: '/p' } },
        { name: 'post', match: { method: 'POST' } },
      ],
    });
    gate.on('warning', () => undefined);
    const api = gate.fetch(async () => new Response('{}'));
    await api('/p?a=1');
    await api('elsewhere', { method: 'POST' });
    await api('elsewhere');
    expect(gate.quotas().map(({ key }) => key)).to.deep.equal(['path', 'post', 'generic']);
  });

  it('waits for its quota, is retried, and ends by its deadline and its signal like any other', async () => {
    await gate.close();
    gate = headgate({ quotas: [{ name: 'all', concurrency: 1 }], retry: { backoff: { base: 1, max: 1 } } });
    gate.on('warning', () => undefined);
    const replies = [new Response('', { status: 503 }), new Response('late')];
    const retried = gate.fetch(async () => replies.shift());
    expect(await (await retried('/p')).text()).to.equal('late');
    const hung = gate.fetch(() => new Promise(() => undefined));
    const first = hung('/p', { headgate: { deadline: 40 } });
    const aborter = new AbortController();
    const second = hung('/p', { signal: aborter.signal });
    aborter.abort(new Error('mine'));
    expect(await failureOf(second)).to.include({ message: 'mine' });
    expect(await failureOf(first)).to.include({ code: 'ERR_HEADGATE_DEADLINE' });
    expect(gate.quotas()[0]).to.include({ inFlight: 0, queued: 0 });
  });

  it('that the given fetch refuses fails with the error of that fetch, in one failure event', async () => {
    const events = record(gate);
    const given = gate.fetch((...args: [never]) => fetch(...args));
    for (const args of [['/p'], ['http://127.0.0.1:1/', 5], [{}]] as unknown as [string][]) {
      const [bare, ours] = [await failureOf(fetch(...args)), await failureOf(given(...args))];
      expect(ours.message).to.equal(bare.message);
      expect(ours.constructor).to.equal(bare.constructor);
    }
    expect(names(events).filter((name) => name === 'failure')).to.have.length(3);
  });

  it('needs no gate if it never leaves the process', async () => {
    const events = record(gate);
    const blob = URL.createObjectURL(new Blob(['b']));
    expect(await (await gate.fetch()('data:,d')).text()).to.equal('d');
    expect(await (await gate.fetch()(new URL(blob))).text()).to.equal('b');
    URL.revokeObjectURL(blob);
    expect(events).to.deep.equal([]);
  });
});

describe('A request that fetch accepts and the gate can read', () => {
  let server: TestServer;
  let gate: Headgate;
  beforeEach(async () => {
    server = await TestServer.start();
    gate = headgate();
  });
  afterEach(async () => {
    await gate.close();
    await server.close();
  });

  it('draws on the quota of its origin, however it is written', async () => {
    class Sub extends Request {}
    const foreign = vm.runInNewContext('({ toString: () => url })', { url: server.url });
    const api = gate.fetch();
    for (const input of [server.url, new URL(server.url), new Sub(server.url), foreign, Object(server.url)]) {
      await (await api(input as never)).text();
    }
    await (await api(server.url, (() => undefined) as never)).text();
    await (await gate.fetch(async () => new Response('{}'))({ url: server.url } as never)).text();
    expect(gate.quotas().map(({ key }) => key)).to.deep.equal([server.url]);
  });

  it('goes to the URL it was made with, whatever became of the URL object since', async () => {
    await gate.close();
    gate = headgate({ quotas: [{ name: 'one', concurrency: 1 }] });
    const url = new URL(`${server.url}/first`);
    const api = gate.fetch();
    const calls = [api(url), api(url)];
    url.pathname = '/second';
    await Promise.all(calls);
    expect(server.seen.map((seen) => seen.url)).to.deep.equal(['/first', '/first']);
  });

  it('obeys a signal from another implementation, and leaves no listener on it', async () => {
    class Signal extends EventTarget {
      aborted = false;
      reason: unknown;
      readonly listeners: unknown[] = [];
      abort(reason: unknown): void {
        Object.assign(this, { aborted: true, reason });
        this.dispatchEvent(new Event('abort'));
      }
    }
    server.handler = () => undefined;
    const signal = new Signal();
    const call = gate.fetch()(server.url, { signal: signal as never });
    while (server.seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    signal.abort(new Error('mine'));
    expect(await failureOf(call)).to.include({ message: 'mine' });
    expect(gate.quotas()[0]).to.include({ inFlight: 0, queued: 0 });
  });
});

describe('A global fetch laid over a gated one', () => {
  const native = globalThis.fetch;
  afterEach(() => {
    globalThis.fetch = native;
  });

  it('passes the gate with every request of its own, besides the one passed on', async () => {
    const gate = headgate();
    const inner = async () => new Response('{}');
    globalThis.fetch = inner as never;
    const api = gate.fetch();
    globalThis.fetch = (async (input: string) => {
      if (input.endsWith('/main')) await api('http://a.invalid/side');
      return api(input);
    }) as FetchLike as never;
    const events = record(gate);
    await api('http://a.invalid/main');
    expect(names(events).filter((name) => name === 'success')).to.have.length(2);
    await gate.close();
  });
});
