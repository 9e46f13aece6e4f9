import { expect } from 'chai';
import { type Headgate, type HeadgateOptions, headgate, OptionsError } from 'headgate';
import { generic } from 'headgate/profiles';
import type { Dispatcher } from 'undici';
import { failureOf, record, sleep, TestServer } from '../../support/server.ts';
import { forEachUndici } from '../../support/undici.ts';

/** One request in a time that no spec sees the end of. */
const ONE: NonNullable<HeadgateOptions['quotas']> = [{ name: 'one', windows: [{ limit: 1, per: '1m' }] }];

forEachUndici('A request that names no origin', (undici, major) => {
  const { Agent, BalancedPool, Client, MockAgent, Pool, interceptors } = undici;
  let server: TestServer;
  let gate: Headgate;
  const opened: { destroy(): Promise<void> }[] = [];

  beforeEach(async () => {
    server = await TestServer.start();
  });
  afterEach(async () => {
    await Promise.all([gate.close(), ...opened.splice(0).map((each) => each.destroy())]);
    await server.close();
  });

  function open<D extends Dispatcher>(dispatcher: D): D {
    opened.push(dispatcher);
    return dispatcher;
  }

  /** With a token for the server alone. */
  function gateOf(options: HeadgateOptions = {}): Headgate {
    const { origin } = new URL(server.url);
    const profile = { ...generic(), authorizes: (url: URL) => url.origin === origin };
    gate = headgate({ adaptive: false, profile, auth: { token: () => ({ token: 't' }) }, ...options });
    gate.on('warning', () => undefined);
    return gate;
  }

  const get = { path: '/p?a=1', method: 'GET' } as const;

  const kinds: Record<string, () => Dispatcher> = {
    Pool: () => new Pool(server.url),
    'Pool of one connection': () => new Pool(server.url, { connections: 1 }),
    Client: () => new Client(server.url),
    'BalancedPool of one origin': () => new BalancedPool(server.url),
    ...(major > 6 && { RoundRobinPool: () => new undici.RoundRobinPool(server.url) }),
  };
  for (const [kind, make] of Object.entries(kinds)) {
    it(`passes the gate of the origin of its ${kind}, with the gate's token`, async () => {
      // given a quota of one, and a composed dispatcher of one origin
      const authorizations: (string | undefined)[] = [];
      server.handler = (_n, { headers }, response) => {
        authorizations.push(headers.authorization);
        response.end('{}');
      };
      const events = record(gateOf({ quotas: ONE }));
      const bare = open(make());
      const dispatcher = bare.compose(gate.undici());
      // when five requests are made
      const calls = Array.from({ length: 5 }, () => dispatcher.request(get));
      await (await (calls[0] as (typeof calls)[0])).body.dump();
      await sleep(20);
      // then one goes, and the others wait
      expect(authorizations).to.deep.equal(['Bearer t']);
      expect(gate.quotas()[0]).to.include({ key: 'one', queued: 4 });
      expect(events.find(({ type }) => type === 'attempt')).to.include({ url: `${server.url}/p?a=1` });
      expect(events.filter(({ type }) => type === 'warning')).to.deep.equal([]);
      // and the bare dispatcher works as it did
      await (await bare.request(get)).body.dump();
      await gate.close();
      await Promise.allSettled(calls);
    });
  }

  it('uses the quota of its own origin by default', async () => {
    const dispatcher = open(new Pool(server.url)).compose(gateOf().undici());
    await (await dispatcher.request(get)).body.dump();
    expect(gate.quotas().map(({ key }) => key)).to.deep.equal([new URL(server.url).origin]);
  });

  it('is read even if its pool is busy, which then serves all as before', async () => {
    // given a pool whose only connection is in use
    const held: (() => void)[] = [];
    server.handler = (_n, _request, response) => void held.push(() => response.end('{}'));
    const pool = open(new Pool(server.url, { connections: 1 }));
    const dispatcher = pool.compose(gateOf().undici());
    const blocking = pool.request(get);
    while (held.length === 0) await sleep(2);
    // when it is asked for more than it can send
    const calls = [dispatcher.request(get), pool.request(get), dispatcher.request(get)];
    server.handler = (_n, _request, response) => response.end('{}');
    for (const end of held.splice(0)) end();
    // then everything is sent, once, and later requests are read
    for (const call of [blocking, ...calls]) await (await call).body.dump();
    await sleep(20);
    await (await dispatcher.request(get)).body.dump();
    expect(server.seen.map(({ url, method }) => [method, url])).to.deep.equal(
      Array.from({ length: 5 }, () => ['GET', '/p?a=1']),
    );
    expect(gate.quotas().some(({ key }) => key === new URL(server.url).origin)).to.equal(true);
  });

  it('is gated without a token, with one warning, if its pool has several origins', async () => {
    const authorizations: (string | undefined)[] = [];
    server.handler = (_n, { headers }, response) => {
      authorizations.push(headers.authorization);
      response.end('{}');
    };
    const alias = server.url.replace('127.0.0.1', 'localhost');
    const events = record(gateOf({ quotas: ONE }));
    const dispatcher = open(new BalancedPool([server.url, alias])).compose(gate.undici());
    const calls = [1, 2, 3].map(() => dispatcher.request(get));
    await (await (calls[0] as (typeof calls)[0])).body.dump();
    await sleep(20);
    expect(authorizations).to.deep.equal([undefined]);
    expect(gate.quotas()[0]).to.include({ queued: 2 });
    const warnings = events.filter(({ type }) => type === 'warning') as { code: string; message: string }[];
    expect(warnings.map(({ code }) => code)).to.deep.equal(['unreadable-request']);
    expect(warnings[0]?.message).to.match(/gate\.undici\(\{ origin \}\)/);
    await gate.close();
    await Promise.allSettled(calls);
  });

  it("uses the gate's default quota if neither undici nor the user names an origin", async () => {
    const below = (dispatch: Dispatcher.Dispatch): Dispatcher.Dispatch =>
      function named(options, handler) {
        return dispatch(options, handler);
      };
    const events = record(gateOf({ name: 'mine' }));
    const alias = server.url.replace('127.0.0.1', 'localhost');
    const dispatcher = open(new BalancedPool([server.url, alias])).compose(below, gate.undici());
    await (await dispatcher.request(get)).body.dump();
    expect(gate.quotas().map(({ key }) => key)).to.deep.equal(['mine']);
    expect(events.filter(({ type }) => type === 'warning')).to.have.length(1);
  });

  it('uses the origin that the user names', async () => {
    const authorizations: (string | undefined)[] = [];
    server.handler = (_n, { headers }, response) => {
      authorizations.push(headers.authorization);
      response.end('{}');
    };
    const alias = server.url.replace('127.0.0.1', 'localhost');
    gateOf();
    const dispatcher = open(new BalancedPool([server.url, alias])).compose(
      gate.undici({ origin: `${server.url}/` }),
    );
    await (await dispatcher.request(get)).body.dump();
    expect(authorizations).to.deep.equal(['Bearer t']);
    expect(gate.quotas()[0]?.key).to.equal(new URL(server.url).origin);
    for (const origin of ['api.example.com', 'ftp://a', 5 as never]) {
      expect(() => gate.undici({ origin })).to.throw(OptionsError, /undici\.origin/);
    }
  });

  it('uses up no reply of a mock, and is gated there', async () => {
    gateOf({ quotas: [{ name: 'one', concurrency: 1 }] });
    const agent = new MockAgent();
    agent.disableNetConnect();
    const pool = agent.get(server.url);
    pool.intercept({ path: () => true }).reply(200, 'mocked');
    const dispatcher = pool.compose(gate.undici());
    const events = record(gate);
    expect(await (await dispatcher.request(get)).body.text()).to.equal('mocked');
    expect(events.filter(({ type }) => type === 'success')).to.have.length(1);
    agent.assertNoPendingInterceptors();
    await agent.close();
  });

  it('is refused by an Agent as usual, and leaves nothing behind', async () => {
    const agent = open(new Agent());
    const dispatcher = agent.compose(gateOf().undici());
    const bare = await failureOf(agent.request(get as never));
    const error = await failureOf(dispatcher.request(get as never));
    expect([error.name, error.message]).to.deep.equal([bare.name, bare.message]);
    expect(gate.quotas()[0]).to.include({ inFlight: 0, queued: 0 });
  });

  it('leaves the URLs of the process as they are', async () => {
    const before = Object.getOwnPropertyDescriptor(URL.prototype, 'origin');
    const dispatcher = open(new Pool(server.url)).compose(gateOf().undici());
    await (await dispatcher.request(get)).body.dump();
    expect(Object.getOwnPropertyDescriptor(URL.prototype, 'origin')).to.deep.equal(before);
  });

  it('keeps its host name if the dns interceptor replaced it by an address', async function () {
    if (!interceptors.dns) this.skip();
    // given a quota by the host's name, and the dns interceptor above the gate
    const named = server.url.replace('127.0.0.1', 'localhost');
    gateOf({
      quotas: [{ name: 'named', match: { host: new URL(named).host }, windows: [{ limit: 9, per: '1m' }] }],
    });
    const dns = interceptors.dns({ affinity: 4, dualStack: false });
    const dispatcher = open(new Agent()).compose(gate.undici(), dns as never);
    // when a request is made by that name
    await (await undici.request(`${named}/p`, { dispatcher })).body.dump();
    // then it draws on the quota of the name
    expect(gate.quotas().map(({ key }) => key)).to.deep.equal(['named']);
  });
});
