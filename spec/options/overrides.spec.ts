import { expect } from 'chai';
import got from 'got';
import { type Headgate, type HeadgateOptions, headgate, OptionsError, type OverrideOptions } from 'headgate';
import { endings } from '../support/ending.ts';
import { type Failure, failureOf, TestServer } from '../support/server.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
}

/** A gate on a virtual clock, before a server that gives these answers in turn, and 200 after them. */
function staged(options: HeadgateOptions, answers: readonly Answer[] = []) {
  const clock = new VirtualClock();
  const gate = headgate({ adaptive: false, ...options }, { clock, random: () => 0 });
  const sent: number[] = [];
  const fetch = gate.fetch(async () => {
    sent.push(clock.now());
    const { status, headers = {} } = answers[sent.length - 1] ?? { status: 200 };
    return new Response('{}', { status, headers });
  });
  const start = clock.now();
  return { gate, clock, fetch, at: () => sent.map((each) => each - start) };
}

const FAULT = { status: 503 };
const FAULTS = Array.from({ length: 20 }, () => FAULT);
const refused = (seconds: number): Answer => ({ status: 429, headers: { 'retry-after': String(seconds) } });
const API = 'https://api.example.com';
const retry = { attempts: 3, backoff: { base: 100, max: 100, jitter: 'none' }, budget: false } as const;

describe('An override', () => {
  const own = endings();

  for (const [by, match, fits, others] of [
    ['method', { method: 'put' }, ['PUT', '/x'], ['GET', '/x']],
    ['several methods', { method: ['PUT', 'DELETE'] }, ['DELETE', '/x'], ['GET', '/x']],
    ['path', { path: '/slow/{id}' }, ['GET', '/slow/7'], ['GET', '/fast/7']],
    ['method and path', { method: 'PUT', path: '/slow/**' }, ['PUT', '/slow/7/8'], ['GET', '/slow/7']],
    ['host', { host: '*.example.com' }, ['GET', '/x'], undefined],
    ['the key of a declared quota', { quota: 'search' }, ['GET', '/search/x'], ['GET', '/x']],
    ['a pattern of keys', { quota: 'se*ch' }, ['GET', '/search/x'], ['GET', '/x']],
    ['one of several keys', { quota: ['other', 'search'] }, ['GET', '/search/x'], ['GET', '/x']],
    ['the key of a quota that is one for each value', { quota: 'item' }, ['GET', '/items/7'], ['GET', '/x']],
    ['the key of one of its values', { quota: 'item param:id=7' }, ['GET', '/items/7'], ['GET', '/items/8']],
    ['the key of a quota besides', { quota: 'account' }, ['POST', '/x'], ['GET', '/x']],
    ["the key of a profile's quota", { quota: API }, ['GET', '/x'], ['GET', '/search/x']],
  ] as const) {
    it(`applies to the calls that it matches by ${by}, and to no others`, async () => {
      for (const [ask, attempts] of [
        [fits, 2],
        [others, 3],
      ] as const) {
        if (!ask) continue;
        const { gate, clock, fetch, at } = staged(
          {
            retry: { ...retry, methods: ['GET', 'PUT', 'DELETE', 'POST'] },
            quotas: [
              { name: 'search', match: { path: '/search/**' }, windows: [] },
              { name: 'item', match: { path: '/items/{id}' }, each: ['param:id'], windows: [] },
              { name: 'account', match: { method: 'POST' }, also: true, windows: [] },
            ],
            overrides: [{ match, retry: { attempts: 2 } } as OverrideOptions],
          },
          FAULTS,
        );
        own(gate);
        const [method, path] = ask;
        // when
        const response = fetch(`${API}${path}`, { method });
        await clock.advance(1000);
        // then
        expect((await response).status).to.equal(503);
        expect(at(), method + path).to.have.length(attempts);
      }
    });
  }

  it('leaves what it does not give as it is, and the later of two precedes', async () => {
    const { gate, clock, fetch, at } = staged(
      {
        retry,
        overrides: [
          { match: { path: '/a/**' }, retry: { backoff: { base: 300, max: 300 } } },
          { match: {}, retry: { attempts: 4 } },
          { match: { path: '/a/b' }, retry: { attempts: 2 } },
        ],
      },
      FAULTS,
    );
    own(gate);
    const first = fetch(`${API}/a/b`);
    await clock.advance(5000);
    await first;
    expect(at()).to.deep.equal([0, 300]);
  });

  it("is preceded by the call's own options", async () => {
    const { gate, clock, fetch } = staged(
      {
        retry,
        overrides: [
          { retry: { deadline: 500 } },
          { match: { verdict: 'throttled' }, retry: { deadline: 900 } },
        ],
      },
      [refused(2), refused(2), refused(2)],
    );
    own(gate);
    const failed = failureOf(fetch(`${API}/x`));
    await clock.advance(1);
    expect(await failed).to.include({ code: 'ERR_HEADGATE_DEADLINE', waitMs: 2000 });
    await clock.advance(3000);
    const served = fetch(`${API}/x`, { headgate: { deadline: '10s' } });
    await clock.advance(9000);
    expect((await served).status).to.equal(200);
  });

  it('gives priority, and says that resending is safe', async () => {
    const { gate, clock, fetch } = staged(
      {
        retry,
        quotas: [{ name: 'q', match: {}, windows: [{ limit: 1, per: 1000 }] }],
        overrides: [
          { match: { path: '/urgent' }, priority: 10 },
          { match: { method: 'POST' }, idempotent: true },
        ],
      },
      [FAULT],
    );
    own(gate);
    const order: string[] = [];
    const calls = ['/one', '/two', '/three', '/urgent'].map(async (path) => {
      await fetch(`${API}${path}`, { method: 'POST' });
      order.push(path);
    });
    await clock.advance(10_000);
    await Promise.all(calls);
    expect(order).to.have.length(4);
    expect(order[0]).to.equal('/urgent');
  });

  describe('by verdict', () => {
    const byVerdict = (verdict: string, given: object): HeadgateOptions => ({
      retry,
      overrides: [{ match: { verdict }, retry: given } as OverrideOptions],
    });

    it('bounds the attempts that are throttled, and no others', async () => {
      const { gate, clock, fetch, at } = staged(byVerdict('throttled', { attempts: 2 }), [
        FAULT,
        refused(1),
        FAULT,
        refused(1),
        refused(1),
      ]);
      own(gate);
      const response = fetch(`${API}/x`);
      await clock.advance(10_000);
      expect((await response).status).to.equal(429);
      expect(at()).to.have.length(4);
    });

    it('fails a throttled call at once where no attempt more is allowed', async () => {
      const { gate, fetch, at } = staged(byVerdict('throttled', { attempts: 1 }), [refused(30)]);
      own(gate);
      const response = await fetch(`${API}/x`);
      expect(response.status).to.equal(429);
      expect(response.headgate).to.include({ verdict: 'throttled', reason: 'attempts' });
      expect(at()).to.have.length(1);
    });

    it('gives a throttled call another deadline, longer or shorter, counted from its beginning', async () => {
      const longer = staged({ ...byVerdict('throttled', { deadline: '1h' }), retry: { deadline: 1000 } }, [
        refused(60),
      ]);
      own(longer.gate);
      const response = longer.fetch(`${API}/x`);
      await longer.clock.advance(70_000);
      expect((await response).status).to.equal(200);
      const shorter = staged(byVerdict('throttled', { deadline: 5000 }), [refused(3), refused(3)]);
      own(shorter.gate);
      const failed = failureOf(shorter.fetch(`${API}/x`));
      await shorter.clock.advance(3500);
      expect(await failed).to.include({ code: 'ERR_HEADGATE_DEADLINE' });
      expect(shorter.at()).to.have.length(2);
    });

    it('is over with the next verdict', async () => {
      const { gate, clock, fetch } = staged(
        { ...byVerdict('throttled', { deadline: '1h' }), retry: { ...retry, deadline: 10_000 } },
        [refused(60), FAULT],
      );
      own(gate);
      const failed = failureOf(fetch(`${API}/x`));
      await clock.advance(70_000);
      expect(await failed).to.include({ code: 'ERR_HEADGATE_DEADLINE' });
    });

    it('gives a transient verdict its own backoff and attempts', async () => {
      const { gate, clock, fetch, at } = staged(
        byVerdict('transient', { attempts: 2, backoff: { base: 1000, max: 1000 } }),
        FAULTS,
      );
      own(gate);
      const response = fetch(`${API}/x`);
      await clock.advance(10_000);
      await response;
      expect(at()).to.deep.equal([0, 1000]);
    });

    it('gives the pause after a 429 without a wait its own backoff', async () => {
      const { gate, clock, fetch, at } = staged(
        byVerdict('throttled', { backoff: { base: 5000, max: 5000 } }),
        [{ status: 429 }],
      );
      own(gate);
      const response = fetch(`${API}/x`);
      await clock.advance(10_000);
      await response;
      expect(at()[1]).to.be.at.least(5000);
    });

    it('keeps a refused token where no attempt more is allowed', async () => {
      let tokens = 0;
      const { gate, fetch, at } = staged(
        {
          ...byVerdict('unauthorized', { attempts: 1 }),
          auth: { token: () => Promise.resolve({ token: `t${++tokens}`, expiresAt: Infinity }) },
        },
        [{ status: 401 }],
      );
      own(gate);
      expect((await fetch(`${API}/x`)).status).to.equal(401);
      expect([at().length, tokens]).to.deep.equal([1, 1]);
    });
  });

  for (const [what, overrides, message] of [
    ['no list', {}, /overrides.*an array of overrides/],
    ['an unknown field', [{ retries: 3 }], /overrides\.0.*one of match, retry, priority, idempotent/],
    ['an unknown match', [{ match: { status: 3 } }], /overrides\.0\.match.*verdict/],
    ['a wrong path', [{ match: { path: 'x' } }], /overrides\.0\.match\.path.*starts with/],
    ['a wrong verdict', [{ match: { verdict: 'success' } }], /overrides\.0\.match\.verdict.*throttled/],
    ['no quota', [{ match: { quota: [] } }], /overrides\.0\.match\.quota.*key/],
    ['a wrong retry', [{ retry: { attempts: 0 } }], /overrides\.0\.retry\.attempts.*1 or more, got 0/],
    ['a wrong priority', [{ priority: 11 }], /overrides\.0\.priority.*-10 to 10/],
    ['a priority by verdict', [{ match: { verdict: 'throttled' }, priority: 1 }], /overrides\.0.*whole call/],
  ] as const)
    it(`with ${what} is refused`, () => {
      expect(() => headgate({ overrides: overrides as never })).to.throw(OptionsError, message);
      const gate = own(headgate());
      expect(() => gate.update({ overrides: overrides as never })).to.throw(OptionsError, message);
    });

  it('may be changed while the gate works, for calls that begin from then on', async () => {
    const { gate, clock, fetch, at } = staged({ retry }, FAULTS);
    own(gate);
    gate.update({ overrides: [{ match: { path: '/x' }, retry: { attempts: 1 } }] });
    await fetch(`${API}/x`);
    expect(at()).to.have.length(1);
    gate.update({ overrides: [] });
    const response = fetch(`${API}/x`);
    await clock.advance(1000);
    await response;
    expect(at()).to.have.length(4);
  });

  describe('over real HTTP', () => {
    let server: TestServer;
    beforeEach(async () => {
      server = await TestServer.start();
    });
    afterEach(() => server.close());

    for (const [client, send] of [
      [
        'got',
        async (gate: Headgate, url: string) => {
          await gate.got(got)(url, { throwHttpErrors: true });
        },
      ],
      [
        'fetch',
        async (gate: Headgate, url: string) => {
          const response = await gate.fetch()(url);
          if (!response.ok) throw Object.assign(new Error('refused'), { headgate: response.headgate });
        },
      ],
    ] as const)
      it(`counts for ${client}`, async () => {
        server.handler = (_n, _request, response) =>
          void response.writeHead(429, { 'retry-after': '30' }).end('{}');
        const gate = own(
          headgate({
            overrides: [{ match: { path: '/quick/**', verdict: 'throttled' }, retry: { attempts: 1 } }],
          }),
        );
        const { headgate: report } = (await failureOf(send(gate, `${server.url}/quick/x`))) as Failure;
        expect(report).to.include({ verdict: 'throttled', reason: 'attempts' });
        expect(server.seen).to.have.length(1);
      });
  });
});
