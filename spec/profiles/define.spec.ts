import { expect } from 'chai';
import { headgate } from 'headgate';
import { defineProfile, type ProfileDefinition } from 'headgate/profiles';
import { expectExamples, expectReading } from 'headgate/testing';
import { OptionsError } from '../../lib/words/errors.ts';
import { endings } from '../support/ending.ts';
import { failureOf, TestServer } from '../support/server.ts';

const DOCS = 'https://example.com/docs';
const shop = defineProfile({
  name: 'shop',
  title: 'Example shop API',
  sources: { docs: { url: DOCS, date: '2026-11' } },
  hosts: ['{shop}.shop.example', { host: 'api.shop.example', family: 'main' }],
  paths: { root: '/v1' },
  sharers: ['account'],
  choices: { plan: ['free', 'paid'] },
  quotas: [
    {
      match: [
        { method: 'GET', path: '/v1/items/{id}' },
        { method: 'GET', path: '/v1/items' },
      ],
      name: 'read',
      windows: [
        { limit: 10, per: '1m', when: { plan: 'free' } },
        { limit: 100, per: '1m', when: { plan: 'paid' } },
      ],
      source: 'docs',
    },
    {
      match: { method: 'POST', path: '/v1/carts/{cart}/**' },
      name: 'cart',
      each: ['param:cart'],
      windows: [{ limit: 2, per: '1s' }],
      concurrency: { limit: 1, source: 'docs' },
      source: 'docs',
    },
    { name: 'reports', match: { path: '/v1/reports/{id}.json' }, sharedBy: [] },
    {
      name: 'account',
      also: true,
      windows: [{ limit: 50, per: '1s' }],
      source: DOCS,
      sourceDate: '2026-11-25',
    },
  ],
  error: { code: ['problem.kind'], message: ['problem.text'] },
  codes: [
    {
      code: 'over_quota',
      status: 403,
      verdict: 'throttled',
      advice: 'Wait until the quota reopens.',
      wait: '7s',
    },
    { code: 'busy', status: 503, verdict: 'throttled', advice: 'Wait.' },
    { code: 'locked', status: 429, verdict: 'transient', unprocessed: true, advice: 'Locked: try again.' },
    { code: 'ratelimited', status: 200, verdict: 'throttled', advice: 'Wait.' },
    { status: 409, message: /version/, verdict: 'terminal', advice: 'Read it again first.' },
    { status: 503, header: 'x-maintenance: true', verdict: 'terminal', advice: 'Down for maintenance.' },
    { status: 404, bare: true, advice: 'Wrong path.' },
    { code: 'gone', status: 410, verdict: 'terminal', advice: 'Gone for good.' },
    { code: 'odd', status: [400, 422], verdict: 'terminal', advice: 'Odd.' },
  ],
  correlation: ['body:problem.trace', 'header:x-shop-trace'],
  waits: [
    { body: 'problem.wait', unit: 's' },
    { message: /in (\d+) ms/, unit: 'ms' },
    { message: /after (\d+m?s)/, unit: 's' },
  ],
  scopes: [{ path: '/v1/admin/**', scope: 'admin' }, { scope: 'all' }],
  withhold: [{ query: 'signature' }, { path: '/v1/public/**' }],
  resend: [{ method: 'POST', path: '/v1/search' }],
  deprecations: [{ match: { path: '/v1/old/**' }, message: 'Use /v1/new.', source: 'docs' }],
});

const at = (line: string) => {
  const [method = '', path = ''] = line.split(' ');
  return { method, url: new URL(path, 'https://api.shop.example') };
};

describe('A profile made from data', () => {
  const owned = endings();
  const profile = shop({ account: 'Acme' });
  const quota = (line: string) => profile.quota(at(line));

  it('finds the quota of the most specific path, with the windows of the plan', () => {
    expect(quota('GET /v1/items/7')).to.deep.include({
      key: 'shop/main/acme read',
      windows: [{ limit: 10, per: 60_000 }],
    });
    expect(quota('HEAD /V1/Items/')).to.deep.equal(quota('GET /v1/items'));
    expect(shop({ plan: 'paid' }).quota(at('GET /v1/items')).windows).to.deep.equal([
      { limit: 100, per: 60_000 },
    ]);
    expect(shop({ timeScale: 60 }).quota(at('GET /v1/items')).windows).to.deep.equal([
      { limit: 10, per: 1000 },
    ]);
  });

  it('keeps one quota for each value of a placeholder', () => {
    const cart = quota('POST /v1/carts/7/items');
    expect(cart).to.deep.include({
      key: 'shop/main/acme cart param:cart=7',
      windows: [{ limit: 2, per: 1000 }],
      concurrency: 1,
    });
    expect(quota('POST /v1/carts/7').key).to.equal(cart.key);
    expect(quota('POST /v1/carts/8/items/9').key).to.not.equal(cart.key);
  });

  it('tells apart who shares a quota, hosts of their own, and paths that nobody described', () => {
    expect(quota('DELETE /v1/reports/7.json').key).to.equal('shop/main reports');
    expect(profile.quota({ method: 'GET', url: new URL('https://a.shop.example/v1/items') }).key).to.equal(
      'shop/a.shop.example/acme read',
    );
    expect(quota('GET /v1/carts/7').key).to.equal('shop/main/acme GET /v1/carts/*');
    expect(quota('GET /v1/what/7').key).to.equal('shop/main/acme other');
    expect(quota('GET https://elsewhere.example/v1/items').key).to.equal('https://elsewhere.example');
    expect(quota('GET https://a.b.shop.example/v1/items').key).to.equal('https://a.b.shop.example');
  });

  it('reads errors by its tables, and the rest by HTTP', () => {
    const read = (
      status: number,
      problem?: object,
      headers: Record<string, string> = {},
      line = 'GET /v1/items',
    ) =>
      profile.classify({
        request: at(line),
        status,
        headers,
        body: problem && JSON.stringify({ problem }),
        receivedAt: 0,
      });
    expect(read(403, { kind: 'over_quota', trace: 't' })).to.include({
      verdict: 'throttled',
      code: 'over_quota',
      correlationId: 't',
      retryAfterMs: 7000,
      retryAfterSource: undefined,
      unprocessed: true,
      hint: 'Wait until the quota reopens.',
    });
    expect(read(403, { kind: 'over_quota', wait: 3 })).to.include({
      retryAfterMs: 3000,
      retryAfterSource: 'message',
    });
    expect(read(403, { kind: 'over_quota', text: 'again in 250 ms' })).to.include({ retryAfterMs: 250 });
    expect(read(403, { kind: 'over_quota', text: 'after 4s' })).to.include({ retryAfterMs: 4000 });
    // A wait of 0 is none, so that the code's own counts.
    expect(read(403, { kind: 'over_quota', wait: 0 })).to.include({ retryAfterMs: 7000 });
    expect(read(403, { kind: 'over_quota', text: 'after 40ms' })).to.include({ retryAfterMs: 40 });
    expect(read(403, { kind: 'OVER_QUOTA', wait: 3 }, { 'retry-after': '9' })).to.include({
      retryAfterMs: 9000,
      retryAfterSource: 'header',
    });
    const zero = { 'retry-after': '0' };
    expect(read(429, undefined, zero), 'no wait').to.include({
      verdict: 'throttled',
      retryAfterMs: undefined,
    });
    expect(read(403, { kind: 'over_quota' }, zero)).to.include({ retryAfterMs: 7000 });
    expect(read(403, { kind: 'over_quota', wait: 3 }, zero)).to.include({ retryAfterMs: 3000 });
    expect(read(503, { kind: 'busy' }, zero), 'transient for HTTP').to.include({
      verdict: 'throttled',
      retryAfterMs: undefined,
    });
    expect(read(429, { kind: 'locked' }, zero)).to.include({ retryAfterMs: 0, retryAfterSource: 'header' });
    expect(read(403, { kind: 'other' }, { 'x-shop-trace': 'h' })).to.include({
      verdict: 'terminal',
      code: 'other',
      correlationId: 'h',
    });
    expect(read(429, { kind: 'locked' })).to.include({ verdict: 'transient', unprocessed: true });
    expect(read(409, { kind: 'conflict', text: 'wrong version' }).hint).to.equal('Read it again first.');
    expect(read(409, { kind: 'conflict', text: 'other' }).hint).to.equal(undefined);
    expect(read(503, undefined, { 'x-maintenance': 'true' })).to.include({ verdict: 'terminal' });
    expect(read(503, undefined, { 'x-maintenance': 'false' })).to.include({ verdict: 'transient' });
    expect(read(404).hint).to.equal('Wrong path.');
    expect(read(410).hint, 'of a code with one status').to.equal('Gone for good.');
    expect(read(410, { kind: 'other' }).hint).to.equal('Gone for good.');
    expect(read(400).hint, 'of a code with several').to.equal(undefined);
    expect(read(403, { kind: 'other' }).hint, 'of another verdict').to.not.match(/reopens/);
    expect(read(404, { kind: 'gone' }).hint).to.not.equal('Wrong path.');
    expect(read(200, { kind: 'ratelimited' })).to.include({ verdict: 'throttled', status: 200 });
    expect(read(200, { kind: 'over_quota' })).to.include({ verdict: 'success' });
    expect(read(403, { kind: 'over_quota' }, {}, 'GET /v2/items'), 'outside the root').to.include({
      verdict: 'terminal',
    });
  });

  it('knows scopes, what gets no token, what may be resent, and what is retired', () => {
    const url = (path: string) => new URL(path, 'https://api.shop.example');
    expect(profile.scope).to.equal('all');
    expect(profile.scopeOf?.(url('/v1/admin/users'))).to.equal('admin');
    expect(profile.scopeOf?.(url('/v1/items'))).to.equal('all');
    for (const [path, allowed] of [
      ['/v1/items', true],
      ['/v1/items?signature=x', false],
      ['/v1/public/x', false],
      ['/v2/items', false],
    ] as const) {
      expect(profile.authorizes?.(url(path)), path).to.equal(allowed);
    }
    expect(profile.resendable?.(at('POST /v1/search'))).to.equal(true);
    expect(profile.resendable?.(at('POST /v1/items'))).to.equal(false);
    expect(profile.notice?.(at('GET /v1/old/x'))).to.deep.equal({
      code: 'deprecated-endpoint',
      message: 'Use /v1/new.',
    });
    expect(profile.notice?.(at('GET /v1/items'))).to.equal(undefined);
  });

  it('holds a quota that says 403 for all, over real HTTP', async () => {
    const server = await TestServer.start();
    const gate = owned(headgate({ profile: shop({ account: 'a' }) }));
    try {
      const problem = JSON.stringify({ problem: { kind: 'over_quota', wait: 0.05 } });
      server.replies({ status: 403, body: problem });
      const get = gate.fetch();
      const answers = await Promise.all([1, 2, 3].map((id) => get(`${server.url}/v1/items/${id}`)));
      expect(answers.map(({ status }) => status)).to.deep.equal([200, 200, 200]);
      expect(server.seen).to.have.length(4);
    } finally {
      await server.close();
    }
  });
});

describe('A window of a definition', () => {
  const windowsOf = (window: object, timeScale = 1) =>
    defineProfile({
      name: 'x',
      title: 'X',
      hosts: ['api.example.com'],
      quotas: [{ name: 'q', windows: [{ limit: 250, source: DOCS, sourceDate: '2026-11', ...window }] }],
    } as ProfileDefinition)({ timeScale } as object).quota({
      method: 'GET',
      url: new URL('https://api.example.com/'),
    }).windows;

  it('is a bucket by its capacity and the time of its refill', () => {
    expect(windowsOf({ refill: '25/s' })).to.deep.equal([{ limit: 250, per: 10_000, kind: 'bucket' }]);
    expect(windowsOf({ refill: '500/m' })).to.deep.equal([{ limit: 250, per: 30_000, kind: 'bucket' }]);
    expect(windowsOf({ refill: '5/10s' }, 10)).to.deep.equal([{ limit: 250, per: 50_000, kind: 'bucket' }]);
  });

  it('counts a unit, or is a day or a month of the calendar, told at its longest', () => {
    expect(windowsOf({ per: '1m', of: 'tokens' })).to.deep.equal([{ limit: 250, per: 60_000, of: 'tokens' }]);
    expect(windowsOf({ per: 'day' })).to.deep.equal([{ limit: 250, per: 86_400_000, kind: 'day' }]);
    expect(windowsOf({ per: 'day', zone: 'America/Los_Angeles' })).to.deep.equal([
      { limit: 250, per: 90_000_000, kind: 'day', zone: 'America/Los_Angeles' },
    ]);
    expect(windowsOf({ per: 'month' })).to.deep.equal([{ limit: 250, per: 31 * 86_400_000, kind: 'month' }]);
  });

  it('is refused with a refill that is no rate', () => {
    for (const refill of ['25', '25/fortnight', '/s', '-1/s', '0/s', '5/0s']) {
      expect(() => windowsOf({ refill }), refill).to.throw(OptionsError, /refill/);
    }
  });
});

describe('A definition that is wrong', () => {
  const refused = (change: object, message: RegExp) => {
    const given = { name: 'x', title: 'X', hosts: ['api.example.com'], ...change };
    expect(() => defineProfile(given as ProfileDefinition)).to.throw(OptionsError, message);
  };
  const window = { limit: 1, per: '1s', source: DOCS, sourceDate: '2026-11' };

  it('is refused by the name of its part, with what is allowed', () => {
    refused({ name: 'X y' }, /defineProfile\.name/);
    refused({ hosts: [] }, /defineProfile\.hosts.*at least one host/);
    refused({ hosts: ['https://api.example.com'] }, /defineProfile\.hosts/);
    refused({ titel: 'X' }, /defineProfile\.titel.*title/);
    refused({ quotas: [{ windows: [{ ...window, limit: 0 }] }] }, /quotas\.0\.windows\.0\.limit.*above 0/);
    refused({ quotas: [{ windows: [{ ...window, per: '1 fortnight' }] }] }, /quotas\.0\.windows\.0\.per/);
    refused({ quotas: [{ windows: [{ ...window, refill: '5/s' }] }] }, /'per' and 'refill'/);
    refused({ quotas: [{ windows: [{ ...window, zone: 'UTC' }] }] }, /windows\.0\.zone.*'day' or 'month'/);
    refused({ quotas: [{ match: { path: 'items' } }] }, /match\.path.*\/v1\/items/);
    refused({ quotas: [{ match: { methods: 'GET' } }] }, /match\.methods/);
    refused({ quotas: [{ each: ['param:id'], match: { path: '/a/{x}' } }] }, /quotas\.0\.each.*\{id\}/);
    refused({ quotas: [{ each: ['ip'] }] }, /quotas\.0\.each/);
    refused({ quotas: [{ name: 'a' }, { name: 'a' }] }, /quotas\.1\.name.*no other quota/);
    refused({ quotas: [{ sharedBy: ['tenant'] }] }, /sharedBy.*'sharers'/);
    refused({ codes: [{ advice: 'x' }] }, /codes\.0.*'code', 'status' and 'message'/);
    refused({ codes: [{ code: 'x' }] }, /codes\.0\.advice/);
    refused({ codes: [{ code: 'x', advice: 'x', verdict: 'retry' }] }, /codes\.0\.verdict.*throttled/);
    refused({ codes: [{ message: /x/g, advice: 'x' }] }, /codes\.0\.message.*flags/);
    refused({ examples: [{ title: 'x', request: 'x', status: 200, reading: {} }] }, /examples\.0\.request/);
  });

  it('is refused where a limit has no source, or one without a date', () => {
    refused({ quotas: [{ windows: [{ limit: 1, per: '1s' }] }] }, /windows\.0\.source.*every limit/);
    refused({ quotas: [{ windows: [{ limit: 1, per: '1s', source: DOCS }] }] }, /sourceDate/);
    refused({ quotas: [{ windows: [{ limit: 1, per: '1s', source: 'docs' }] }] }, /source.*'sources'/);
    refused({ quotas: [{ concurrency: { limit: 1 } }] }, /concurrency\.source/);
    refused({ quotas: [{ windows: [{ ...window, sourceDate: 'May' }] }] }, /sourceDate/);
  });

  it('and options that it does not have, are refused too', () => {
    expect(() => shop({ plan: 'gold' as never })).to.throw(OptionsError, /'shop.plan'.*'free', 'paid'/);
    expect(() => shop({ tenant: 'x' } as never)).to.throw(OptionsError, /'account', 'plan' and 'hosts'/);
    expect(() => shop({ account: 'a/b' })).to.throw(OptionsError, /'shop.account'/);
    expect(() => shop({ timeScale: 0 })).to.throw(OptionsError, /timeScale/);
  });
});

describe('A trial of a profile', () => {
  const answer = {
    request: 'GET https://api.shop.example/v1/items',
    status: 403,
    body: { problem: { kind: 'over_quota' } },
  };

  it('names each field that was read wrong', () => {
    expect(() => expectReading(shop(), answer, { verdict: 'terminal', retryAfterMs: null })).to.throw(
      Error,
      /verdict: expected "terminal", read "throttled"\n {2}retryAfterMs: expected nothing, read 7000/,
    );
    expect(expectReading(shop(), answer, { verdict: 'throttled' })).to.include({ code: 'over_quota' });
  });

  it('fails over real HTTP where an example is wrong, and where there is none', async () => {
    const wrong = [{ ...answer, title: 'a lie', reading: { verdict: 'success' as const } }];
    expect((await failureOf(expectExamples(shop(), wrong))).message).to.match(/shop, 'a lie'.*\n.*verdict/);
    expect((await failureOf(expectExamples(shop()))).message).to.match(/no examples/);
    expect(
      await expectExamples(shop(), [{ ...answer, title: 'right', reading: { verdict: 'throttled' } }]),
    ).to.equal(1);
  });
});
