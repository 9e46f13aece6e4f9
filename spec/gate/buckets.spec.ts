import { expect } from 'chai';
import { type AnyEvent, type Headgate, type HeadgateOptions, headgate } from 'headgate';
import { discord, github } from 'headgate/profiles';
import { Buckets } from '../../lib/gate/buckets.ts';
import { endings } from '../support/ending.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

/** What an API answers to one request. */
interface Answer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly tookMs?: number;
}

const SEARCH = {
  'x-ratelimit-limit': '30',
  'x-ratelimit-remaining': '7',
  'x-ratelimit-reset': '60',
  'x-ratelimit-resource': 'search',
};
const CORE = {
  ...SEARCH,
  'x-ratelimit-limit': '5000',
  'x-ratelimit-remaining': '4000',
  'x-ratelimit-resource': 'core',
};
const refused = (headers: Record<string, string>, waitS = 5): Answer => ({
  status: 429,
  headers: { ...headers, 'retry-after': String(waitS) },
});

describe('A bucket named in answers', () => {
  const own = endings();
  let clock: VirtualClock;
  let gate: Headgate;
  let sent: string[];
  let startedAt: number;
  /** What the API answers to each of its routes, in order; the last answer stays. */
  let api: Record<string, Answer[]>;
  let send: (path: string, init?: RequestInit & { headgate?: object }) => Promise<Response>;

  function open(options: HeadgateOptions = {}, origin = 'https://api.example'): void {
    clock = new VirtualClock();
    startedAt = clock.now();
    sent = [];
    gate = own(headgate({ retry: { deadline: '10m' }, ...options }, { clock, random: () => 0 }));
    const f = gate.fetch(async (input: unknown, init?: RequestInit) => {
      const { pathname } = new URL(String(input));
      sent.push(`${pathname} at ${Math.round(clock.now() - startedAt)}`);
      const key = Object.keys(api)
        .filter(
          (each) => `${init?.method ?? 'GET'} ${pathname}`.startsWith(each) || pathname.startsWith(each),
        )
        .sort((a, b) => b.length - a.length)[0] as string;
      const answers = api[key] as Answer[];
      const {
        status = 200,
        headers = {},
        tookMs = 10,
      } = (answers.length > 1 ? answers.shift() : answers[0]) as Answer;
      await new Promise((resolve) => clock.setTimer(() => resolve(undefined), tookMs, true));
      return new Response('{}', { status, headers });
    });
    send = (path, init) => f(origin + path, init);
  }

  const at = (path: string): number[] =>
    sent.filter((each) => each.startsWith(`${path} `)).map((each) => Number(each.split(' ').at(-1)));
  const closed = (): string[] =>
    gate.quotas().flatMap(({ key, pausedUntil }) => (pausedUntil === undefined ? [] : [key]));

  it('closes alone, whether or not the other routes were used before', async () => {
    open();
    api = {
      '/search': [refused(SEARCH), { headers: SEARCH }],
      '/users': [{ headers: CORE }],
      '/plain': [{}],
    };
    void send('/search/code');
    await clock.advance(100);
    expect(closed()).to.deep.equal(['https://api.example bucket=search']);
    const others = Promise.all([send('/users/1'), send('/plain'), send('/users/2')]);
    const held = send('/search/code?q=2');
    await clock.advance(100);
    await others;
    expect(at('/search/code')).to.deep.equal([0]);
    await clock.advance(6000);
    await held;
    expect(at('/search/code')[1]).to.be.within(5010, 5200);
  });

  it('is shared by requests of several routes', async () => {
    open();
    api = {
      '/search': [{ headers: SEARCH }],
      '/find': [{ headers: SEARCH }, refused(SEARCH), { headers: SEARCH }],
      '/users': [{ headers: CORE }],
    };
    await Promise.all([send('/search/code'), send('/find/x'), send('/users/1'), clock.advance(100)]);
    void send('/find/x');
    await clock.advance(100);
    const all = Promise.all([send('/search/code'), send('/users/1')]);
    await clock.advance(1000);
    expect(at('/users/1')).to.have.length(2);
    expect(at('/search/code')).to.have.length(1);
    await clock.advance(6000);
    await all;
  });

  it('holds unknown routes if all their neighbours draw on it', async () => {
    open();
    api = { '/users': [refused(CORE), { headers: CORE }], '/search': [{ headers: SEARCH }] };
    void send('/users/alice');
    await clock.advance(100);
    const all = Promise.all([...'bcdefghij'].map((name) => send(`/users/${name}`)));
    await Promise.all([send('/search/users'), clock.advance(50)]);
    expect(sent.filter((each) => each.startsWith('/users'))).to.have.length(1);
    await clock.advance(7000);
    await all;
  });

  it('closes for queued attempts too, so that only those already sent are refused', async () => {
    open({ quotas: [{ name: 'mine', concurrency: 4 }] });
    api = {
      '/search': [...Array<Answer>(4).fill(refused(SEARCH)), { headers: SEARCH }],
      '/users': [{ headers: CORE }],
    };
    const all = Promise.all([
      ...Array.from({ length: 20 }, (_, n) => send(`/search/${n}`)),
      ...Array.from({ length: 20 }, (_, n) => send(`/users/${n}`)),
    ]);
    await clock.advance(1000);
    expect(sent.filter((each) => each.startsWith('/search'))).to.have.length(4);
    expect(sent.filter((each) => each.startsWith('/users'))).to.have.length(20);
    expect(closed()).to.deep.equal(['https://api.example bucket=search']);
    await clock.advance(10_000);
    await all;
    expect(sent).to.have.length(44);
  });

  it('learns by itself what remains of it, and its window', async () => {
    open();
    const left = (remaining: number): Answer => ({
      headers: { ...SEARCH, 'x-ratelimit-remaining': String(remaining) },
    });
    api = { '/search': [left(1), left(0), left(29)], '/users': [{ headers: CORE }] };
    const first = Promise.all([send('/search/1'), clock.advance(50)]);
    await first;
    const all = Promise.all([1, 2, 3].map((n) => send(`/search/${n}`)));
    await clock.advance(100);
    const users = Promise.all([1, 2, 3].map((n) => send(`/users/${n}`)));
    await clock.advance(100);
    await users;
    expect(sent.filter((each) => each.startsWith('/search'))).to.have.length(2);
    await clock.advance(70_000);
    await all;
  });

  it('is named as the quota in one pause event and one resume event', async () => {
    open();
    const events: AnyEvent[] = [];
    for (const name of ['pause', 'resume'] as const) gate.on(name, (event) => events.push(event as AnyEvent));
    api = { '/search': [refused(SEARCH), refused(SEARCH), { headers: SEARCH }] };
    const all = Promise.all([send('/search/1'), send('/search/2')]);
    await clock.advance(7000);
    await all;
    expect(events.map((event) => `${event.type} ${'quota' in event && event.quota}`)).to.deep.equal([
      'pause https://api.example bucket=search',
      'resume https://api.example bucket=search',
    ]);
  });

  it('does not close the whole host together with another that reopens at the same time', async () => {
    open();
    api = { '/search': [refused(SEARCH), {}], '/users': [refused(CORE), {}], '/plain': [{}] };
    const all = Promise.all([send('/search/1'), send('/users/1')]);
    await clock.advance(100);
    await Promise.all([send('/plain'), clock.advance(50)]);
    expect(closed()).to.have.members([
      'https://api.example bucket=search',
      'https://api.example bucket=core',
    ]);
    await clock.advance(7000);
    await all;
  });

  it('is separate for each quota that a call names, and for each value of a declared one', async () => {
    open({ quotas: [{ name: 'tenant', each: ['header:x-tenant'] }] });
    api = { '/search': [refused(SEARCH), { headers: SEARCH }] };
    void send('/search/1', { headers: { 'x-tenant': 'a' } });
    await clock.advance(100);
    const others = Promise.all([
      send('/search/1', { headers: { 'x-tenant': 'b' } }),
      send('/search/1', { headgate: { quota: 'mine' } }),
      clock.advance(100),
    ]);
    await others;
    expect(sent).to.have.length(3);
    await clock.advance(6000);
  });

  it('of Discord exists once per channel, shared by the routes of that channel', async () => {
    open({ profile: discord({ bot: 'b' }) }, 'https://discord.com/api/v10');
    const bucket = {
      'x-ratelimit-bucket': 'abcd1234',
      'x-ratelimit-limit': '5',
      'x-ratelimit-remaining': '3',
      'x-ratelimit-reset-after': '2',
    };
    api = {
      '/api/v10/channels/1/messages': [{ headers: bucket }],
      '/api/v10/channels/1/pins': [{ headers: bucket }, refused(bucket, 3), { headers: bucket }],
      '/api/v10/channels/1/typing': [{ headers: { ...bucket, 'x-ratelimit-bucket': 'ef' } }],
      '/api/v10/channels/2': [{ headers: bucket }],
    };
    await Promise.all([send('/channels/1/messages'), send('/channels/1/pins'), clock.advance(50)]);
    void send('/channels/1/pins');
    await clock.advance(100);
    const all = ['/channels/1/messages', '/channels/1/typing', '/channels/2/messages'].map((path) =>
      send(path),
    );
    await clock.advance(500);
    expect(at('/api/v10/channels/1/messages')).to.have.length(1);
    expect(at('/api/v10/channels/1/typing')).to.have.length(1);
    expect(at('/api/v10/channels/2/messages')).to.have.length(1);
    await clock.advance(5000);
    await Promise.all(all);
  });

  it("that a profile declares uses the profile's own quota", async () => {
    open({ profile: github({ user: 'u' }) }, 'https://api.github.com');
    api = { '/search': [refused(SEARCH), { headers: SEARCH }], '/repos': [{ headers: CORE }] };
    void send('/search/code');
    await clock.advance(100);
    const repos = send('/repos/a/b');
    await clock.advance(100);
    await repos;
    expect(closed()).to.have.length(1);
    expect(closed()[0]).to.match(/ search$/);
    expect(gate.quotas().some(({ key }) => key.includes('bucket='))).to.equal(false);
    await clock.advance(6000);
  });

  it('is not assumed for unknown routes by two neighbours, however often they alternate', () => {
    const buckets = new Buckets();
    const request = (path: string) => ({ method: 'GET', url: new URL(`https://api.example${path}`) });
    const bucket = { name: 'b', kind: 'routes' } as const;
    for (let turn = 0; turn < 20; turn += 1) {
      buckets.learn('s', request('/users/me'), bucket);
      buckets.learn('s', request('/users/you'), bucket);
    }
    expect(buckets.of('s', request('/users/them'))).to.equal(undefined);
    for (const path of ['/users/she', '/users/he']) buckets.learn('s', request(path), bucket);
    expect(buckets.of('s', request('/users/them'))).to.equal('b');
  });

  it('is one of a bounded number, however many a server names', async () => {
    open();
    let n = 0;
    const plenty = { ...CORE, 'x-ratelimit-remaining': '1000000', 'x-ratelimit-resource': '' };
    const f = gate.fetch(async () => {
      n += 1;
      return new Response('{}', { headers: { ...plenty, 'x-ratelimit-bucket': `b${n}` } });
    });
    for (let call = 0; call < 3000; call += 1)
      await f(`https://api.example/${String.fromCharCode(97 + (call % 26))}`);
    expect(gate.quotas().length).to.be.below(1100);
  });
});
