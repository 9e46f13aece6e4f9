import axios from 'axios';
import { expect } from 'chai';
import got from 'got';
import { CostError, type Headgate, headgate, type QuotaOptions, reportOf } from 'headgate';
import { TestServer } from '../support/server.ts';
import { settled, VirtualClock } from '../support/virtual-clock.ts';

const TOKENS = { limit: 100, per: '1m', of: 'tokens' };

describe('Costs', () => {
  let clock: VirtualClock;
  let gate: Headgate;
  let sent: number;

  beforeEach(() => {
    clock = new VirtualClock();
    sent = 0;
  });

  afterEach(() => gate.close());

  const open = (quota: QuotaOptions): void => {
    gate = headgate(
      { quotas: [{ name: 'q', ...quota }], retry: { deadline: '1h' } },
      { clock, random: () => 0 },
    );
  };

  /** A call that costs that much, and spends what it is told to. */
  const send = (cost: Record<string, number> | undefined, spent?: number): Promise<unknown> => {
    const run = gate.wrap(
      async ({ spend }) => {
        sent += 1;
        if (spent !== undefined) spend({ tokens: spent });
      },
      {
        withContext: true,
        request: () => ({ method: 'GET', url: 'https://h.example/', headgate: cost ? { cost } : {} }),
      },
    );
    return run();
  };
  const used = (): number | undefined => gate.quotas()[0]?.windows[0]?.used;

  it('are counted by the windows of their unit', async () => {
    open({ windows: [TOKENS] });
    for (let i = 0; i < 3; i += 1) void send({ tokens: 40 });
    await settled();
    expect([sent, used()]).to.deep.equal([2, 80]);
    expect(gate.quotas()[0]?.windows[0]).to.deep.equal({ limit: 100, per: 60_000, unit: 'tokens', used: 80 });

    await clock.advance(60_100);
    expect(sent).to.equal(3);
  });

  it('of a large call at the head of the line make the calls behind it wait', async () => {
    open({ windows: [TOKENS] });
    const order: string[] = [];
    await send({ tokens: 50 });
    void send({ tokens: 90 }).then(() => order.push('large'));
    for (let i = 0; i < 5; i += 1) void send({ tokens: 1 }).then(() => order.push('small'));
    await settled();
    expect(order).to.deep.equal([]);
    await clock.advance(60_100);
    expect(order[0]).to.equal('large');
    expect(order).to.have.length(6);
  });

  it('that were estimated too high are partly freed at once', async () => {
    open({ windows: [TOKENS] });
    for (let i = 0; i < 5; i += 1) await send({ tokens: 50 }, 10);
    expect([sent, used()]).to.deep.equal([5, 50]);
  });

  it('that were estimated too low leave a debt', async () => {
    open({ windows: [TOKENS] });
    await send({ tokens: 10 }, 150);
    expect(used()).to.equal(150);
    void send({ tokens: 1 });
    await clock.advance(59_900);
    expect(sent).to.equal(1);
    await clock.advance(200);
    expect(sent).to.equal(2);
  });

  it('that were underestimated before are charged with a margin, for concurrent and lone attempts alike', async () => {
    open({ windows: [TOKENS] });
    await send({ tokens: 20 }, 40);
    void send({ tokens: 35 }, 70);
    await settled();
    // It may spend 70 of the 60 that are left.
    expect(sent).to.equal(1);
    await clock.advance(60_100);
    expect([sent, used()]).to.deep.equal([2, 70]);
  });

  it('may be reported after the call, through its report', async () => {
    open({ windows: [TOKENS] });
    const fetch = gate.fetch(async () => new Response('{}') as never);
    const response = await fetch('https://h.example/', { headgate: { cost: { tokens: 80 } } });
    expect(used()).to.equal(80);
    reportOf(response)?.spend({ tokens: 30 });
    expect(used()).to.equal(30);
    response.headgate.spend({ tokens: 95 });
    expect(used()).to.equal(95);
    expect(JSON.stringify(response.headgate)).not.to.include('spend');
  });

  it('that are unknown in advance are estimated as the mean of similar ones', async () => {
    open({ windows: [TOKENS] });
    await send(undefined, 20);
    expect(used()).to.equal(20);
    const run = gate.wrap(() => new Promise(() => undefined), {
      request: { method: 'GET', url: 'https://h.example/' },
    });
    run().catch(() => undefined);
    await settled();
    expect(used()).to.be.within(40, 60); // with a margin, which is free again at its end
  });

  it('that stay unknown are warned about once, with all their units', async () => {
    open({
      windows: [
        { ...TOKENS, limit: 1e6 },
        { limit: 1e6, per: '1m', of: 'points' },
      ],
    });
    const warnings: string[] = [];
    gate.on('warning', ({ code, message }) => warnings.push(`${code}: ${message}`));
    for (let call = 0; call < 300; call += 1) {
      void send(undefined);
      await clock.advance(30_000);
    }
    expect(warnings).to.have.length(1);
    expect(warnings[0]).to.match(/^cost-unknown: .*'tokens' and 'points'/);
  });

  it('may be functions of the request, given by the call or the quota; the call takes precedence', async () => {
    open({ windows: [TOKENS], cost: { tokens: ({ url }) => url.pathname.length } });
    const run = gate.wrap(async (_path: string, _cost: number | undefined) => undefined, {
      request: (path, cost) => ({
        method: 'GET',
        url: `https://h.example${path}`,
        ...(cost !== undefined && { headgate: { cost: { tokens: cost } } }),
      }),
    });
    await run('/four', undefined);
    expect(used()).to.equal(5);
    await run('/four', 20);
    expect(used()).to.equal(25);
  });

  it('above the limit make the call fail at once, with an error that says so', async () => {
    open({ windows: [TOKENS] });
    const error = await send({ tokens: 101 }).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(CostError);
    expect(error).to.include({
      code: 'ERR_HEADGATE_COST',
      quota: 'q',
      unit: 'tokens',
      cost: 101,
      limit: 100,
    });
    expect((error as Error).message).to.match(/GET https:\/\/h\.example\/.*101 tokens.*100/);
    expect(sent).to.equal(0);
  });

  it('above a limit that an update has lowered make queued calls fail', async () => {
    open({ windows: [TOKENS] });
    await send({ tokens: 50 });
    const waiting = send({ tokens: 90 }).catch((reason: unknown) => reason);
    await settled();
    gate.update({ quotas: [{ name: 'q', windows: [{ limit: 80, per: '1m', of: 'tokens' }] }] });
    expect(await waiting).to.be.instanceOf(CostError);
  });

  it('in requests may differ from 1', async () => {
    open({ windows: [{ limit: 10, per: '1m' }] });
    await send({ requests: 7 });
    expect(used()).to.equal(7);
    void send({ requests: 4 });
    await settled();
    expect(sent).to.equal(1);
  });

  it('in fractions add up to the limit exactly', async () => {
    open({ windows: [{ limit: 1, per: '1m', of: 'seconds' }] });
    for (let i = 0; i < 11; i += 1) void send({ seconds: 0.1 });
    await settled();
    expect(sent).to.equal(10);
    await clock.advance(61_000);
    expect(sent).to.equal(11);
  });
});

describe('The amount that an answer says was spent', () => {
  let server: TestServer;
  let gate: Headgate;

  beforeEach(async () => {
    server = await TestServer.start();
    server.handler = (_n, _request, response) => {
      response.setHeader('content-type', 'application/json');
      response.setHeader('x-used', '7');
      response.end(JSON.stringify({ usage: { total_tokens: 42 } }));
    };
  });

  afterEach(async () => {
    await gate.close();
    await server.close();
  });

  const used = (): number | undefined => gate.quotas()[0]?.windows[0]?.used;
  const open = (spent: QuotaOptions['spent']): void => {
    gate = headgate({
      quotas: [
        { name: 'q', windows: [{ limit: 1000, per: '1h', of: 'tokens' }], spent, cost: { tokens: 100 } },
      ],
    });
  };
  const byBody: QuotaOptions['spent'] = ({ body }) => ({
    tokens: JSON.parse(body as string).usage.total_tokens,
  });

  it('is read from its headers', async () => {
    open(({ headers }) => ({ tokens: Number(headers?.['x-used']) }));
    await (await gate.fetch()(server.url)).text();
    expect(used()).to.equal(7);
  });

  for (const [client, send] of Object.entries({
    fetch: async () => (await gate.fetch()(server.url)).json(),
    got: () => gate.got(got)(server.url).json(),
    'got, as a response': async () => JSON.parse((await gate.got(got)(server.url)).body),
    axios: async () => (await gate.axios(axios.create()).get(server.url)).data,
    'a function': () =>
      gate.wrap(() => fetch(server.url).then((response) => response.json()), {
        request: { method: 'GET', url: server.url },
      })(),
  })) {
    it(`is read from its body: ${client}`, async () => {
      open(byBody);
      expect(await send()).to.deep.equal({ usage: { total_tokens: 42 } });
      for (let i = 0; i < 100 && used() !== 42; i += 1)
        await new Promise((resolve) => setTimeout(resolve, 10));
      expect(used()).to.equal(42);
    });
  }
});

describe('A quota per value', () => {
  it('exists once per value, keeps secrets as digests, and applies in addition to an `also` quota', async () => {
    const gate = headgate({
      quotas: [
        {
          name: 'channel',
          match: { path: '/channels/{channel}/**' },
          each: ['param:channel', 'header:x-api-key'],
          windows: [{ limit: 2, per: '1h' }],
        },
        { name: 'account', also: true, windows: [{ limit: 5, per: '1h' }] },
      ],
      retry: { deadline: 50 },
    });
    const fetch = gate.fetch(async () => new Response('') as never);
    const send = (path: string, key = 'hidden'): Promise<string> =>
      fetch(`https://h.example${path}`, { headers: { 'x-api-key': key } }).then(
        () => 'sent',
        (error: Error) => error.name,
      );
    const outcomes = [];
    for (const path of ['/channels/1/a', '/channels/1/b', '/channels/1/c', '/channels/2/a', '/channels/2/b'])
      outcomes.push(await send(path));
    outcomes.push(await send('/channels/1/a', 'other'));
    outcomes.push(await send('/channels/3/a'), await send('/elsewhere'));

    expect(outcomes).to.deep.equal([
      'sent',
      'sent',
      'DeadlineError',
      'sent',
      'sent',
      'sent',
      'DeadlineError',
      'DeadlineError',
    ]);
    expect(JSON.stringify(gate.quotas())).not.to.include('hidden');
    await gate.close();
  });

  it('also counts attempts at an account that an update adds, and queued attempts wait for that account', async () => {
    const clock = new VirtualClock();
    const gate = headgate(
      { quotas: [{ name: 'a', windows: [{ limit: 1, per: '1s' }] }] },
      { clock, random: () => 0 },
    );
    let sent = 0;
    const run = gate.wrap(
      async () => {
        sent += 1;
      },
      { request: { method: 'GET', url: 'https://h.example/' } },
    );
    for (let i = 0; i < 4; i += 1) run().catch(() => undefined);
    await settled();
    gate.update({
      quotas: [
        { name: 'a', windows: [{ limit: 1, per: '1s' }] },
        { name: 'all', also: true, windows: [{ limit: 1, per: '10s' }] },
      ],
    });
    await clock.advance(9000);
    expect(sent).to.equal(2);
    await clock.advance(2200);
    expect(sent).to.equal(3);
    await gate.close();
  });
});
