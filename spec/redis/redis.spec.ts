import { spawn } from 'node:child_process';
import { once } from 'node:events';
import Bottleneck from 'bottleneck';
import { expect } from 'chai';
import got from 'got';
import { type AnyEvent, type Headgate, headgate, LedgerError, OptionsError } from 'headgate';
import { type RedisOptions, redis } from 'headgate/redis';
import { Redis } from 'ioredis';
import { connect } from '../../lib/redis/connection.ts';
import { RedisLedger } from '../../lib/redis/ledger.ts';
import { Limiter } from '../../lib/redis/limiter.ts';
import { keysOf } from '../../lib/redis/scripts.ts';
import { systemClock } from '../../lib/time/clock.ts';
import { worst } from '../support/fleet.ts';
import { RedisServer, redisMissing } from '../support/redis-server.ts';
import { failureOf, record, sleep, TestServer } from '../support/server.ts';

const PATIENCE_MS = 300;

/** Waits until something is so. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(5);
}

describe('A ledger in Redis', function () {
  this.timeout(60_000);
  // Real time: a machine that stops the process for a while shows something else.
  this.retries(2);
  let redisServer: RedisServer;
  let server: TestServer;
  let gates: Headgate[];
  const strays: unknown[] = [];
  const stray = (error: unknown): void => void strays.push(error);

  before(function () {
    if (redisMissing) {
      console.log(`    ${redisMissing}`);
      this.skip();
    }
    process.on('unhandledRejection', stray);
    process.on('warning', stray);
  });
  after(() => {
    process.off('unhandledRejection', stray);
    process.off('warning', stray);
    expect(strays).to.deep.equal([]);
  });
  beforeEach(async () => {
    redisServer = await RedisServer.start();
    server = await TestServer.start();
    gates = [];
  });
  afterEach(async () => {
    redisServer.freeze(false);
    await Promise.all(gates.map((gate) => gate.close()));
    await server.close();
    await redisServer.kill();
  });

  /** A gate as another process would have it, with connections of its own. */
  function gateOf(
    ledger: Partial<RedisOptions> = {},
    limit = 10,
    per = 500,
  ): { gate: Headgate; events: AnyEvent[] } {
    const gate = headgate({
      ledger: redis({ url: redisServer.url, patience: PATIENCE_MS, ...ledger }),
      quotas: [{ name: 'q', windows: [{ limit, per }] }],
    });
    gates.push(gate);
    return { gate, events: record(gate) };
  }

  const states = (events: readonly AnyEvent[]): string[] =>
    events.flatMap((event) => (event.type === 'ledger' ? [event.state] : []));

  it('is done without when it is down at the start, within the share, and used once it is up', async () => {
    await redisServer.kill();
    const { gate, events } = gateOf({ processes: 2 });
    const api = gate.got(got);
    await Promise.all(Array.from({ length: 12 }, () => api(server.url)));
    expect(states(events)).to.deep.equal(['degraded']);
    const moments = server.seen.map(({ at }) => at);
    for (const [index, at] of moments.entries()) {
      if (index >= 5) expect(at - (moments[index - 5] as number)).to.be.at.least(500);
    }
    await redisServer.run();
    await until(() => states(events).includes('restored'));
    await api(server.url);
    expect(states(events)).to.deep.equal(['degraded', 'restored']);
  });

  it('is done without while it does not answer, for longer than listeners may pile up', async () => {
    const { gate, events } = gateOf({ patience: 50 });
    const api = gate.got(got);
    await api(server.url);
    redisServer.freeze(true);
    await until(() => states(events).includes('degraded'));
    await Promise.all(Array.from({ length: 12 }, () => api(server.url)));
    await sleep(1500);
    redisServer.freeze(false);
    await until(() => states(events).at(-1) === 'restored');
    await api(server.url);
    expect(gate.quotas()[0]).to.include({ inFlight: 0, queued: 0 });
  });

  it('rejects calls while it is down, where it has to, and takes them again', async () => {
    await redisServer.kill();
    const { gate, events } = gateOf({ fallback: 'closed' });
    const api = gate.got(got);
    const error = await failureOf(Promise.resolve(api(server.url)));
    expect(error).to.be.instanceOf(LedgerError);
    expect(server.seen).to.have.length(0);
    await redisServer.run();
    await until(() => states(events).includes('restored'));
    await api(server.url);
    expect(server.seen).to.have.length(1);
  });

  it('tells the other processes of a pause, and those that begin during it', async () => {
    server.replies({ status: 200 }, { status: 429, headers: { 'retry-after': '2' } });
    const [one, other] = [gateOf(), gateOf()];
    await other.gate.got(got)(server.url);
    const refused = one.gate.got(got)(server.url);
    await until(() => other.events.some(({ type }) => type === 'pause'));
    expect(other.events.find(({ type }) => type === 'pause')).to.include({ cause: 'peer', quota: 'q' });
    const { pausedUntil } = other.gate.quotas()[0] ?? {};
    expect(pausedUntil).to.be.a('number');
    const late = gateOf();
    await Promise.all([refused, other.gate.got(got)(server.url), late.gate.got(got)(server.url)]);
    const [, throttled, ...rest] = server.seen.map(({ at }) => at);
    expect(rest).to.have.length(3);
    for (const at of rest) expect(at - (throttled as number)).to.be.at.least(1990);
    expect(late.events.find(({ type }) => type === 'pause')).to.include({ cause: 'peer' });
  });

  it('gives back what a closed gate held, to others at once', async () => {
    const one = gateOf({}, 4, 200);
    const other = gateOf({}, 4, 200);
    await Promise.all(Array.from({ length: 4 }, () => one.gate.got(got)(server.url)));
    await one.gate.close();
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: 4 }, () => other.gate.got(got)(server.url)));
    // What is not given back is free again after half a minute.
    expect(performance.now() - startedAt).to.be.below(10_000);
    expect(other.gate.quotas()[0]?.windows[0]).to.include({ limit: 4, per: 200, used: 4 });
  });

  it('leases for windows that are longer than a timer can be', async () => {
    const { gate, events } = gateOf({}, 4, 60 * 86_400_000);
    await Promise.all(Array.from({ length: 4 }, () => gate.got(got)(server.url)));
    await sleep(50);
    expect(gate.quotas()[0]?.windows[0]).to.include({ used: 4 });
    const other = gateOf({}, 4, 60 * 86_400_000);
    const late = { context: { headgate: { deadline: '300ms' } } };
    await failureOf(Promise.resolve(other.gate.got(got)(server.url, late)));
    expect(server.seen).to.have.length(4);
    expect([...states(events), ...states(other.events)]).to.deep.equal([]);
  });

  it('takes nothing twice, though what was not answered is sent again', async () => {
    const pair = connect({ url: redisServer.url });
    const limiter = new Bottleneck({
      id: 'twice',
      datastore: 'ioredis',
      connection: pair.bottleneck,
      maxConcurrent: 5,
    });
    await limiter.ready();
    const { _store } = limiter as unknown as {
      _store: { __register__(...lease: [string, number, number]): Promise<{ success: boolean }> };
    };
    for (const index of ['one', 'one', 'two']) {
      expect(await _store.__register__(index, 2, 60_000)).to.include({ success: true });
    }
    expect(await limiter.running()).to.equal(4);
    await pair.disconnect();
  });

  it('loses no permit when its connections break, again and again', async () => {
    const fleet = [gateOf({}, 8, 200), gateOf({}, 8, 200), gateOf({}, 8, 200)];
    const breaker = new Redis(redisServer.url);
    const calls = fleet.flatMap(({ gate }) => Array.from({ length: 40 }, () => gate.got(got)(server.url)));
    let over = false;
    const ended = Promise.all(calls).then(() => {
      over = true;
    });
    while (!over) {
      await sleep(40);
      await breaker.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    }
    await ended;
    await Promise.all(fleet.map(({ gate }) => gate.close()));
    // What could not be given back runs out; what no lease accounts for would be gone for good.
    const leased = await breaker.hvals('b_{headgate:q|8/200}_job_weights');
    const running = await breaker.hget('b_{headgate:q|8/200}_settings', 'running');
    expect(Number(running)).to.equal(leased.reduce((sum, each) => sum + Number(each), 0));
    breaker.disconnect();
  });

  it('leaves nothing behind that others would have to wait for', async () => {
    const [one, other] = [gateOf({}, 4, 1500), gateOf({}, 4, 1500)];
    await Promise.all(Array.from({ length: 4 }, () => one.gate.got(got)(server.url)));
    const waiting = other.gate.got(got)(server.url, { context: { headgate: { deadline: '1s' } } });
    await failureOf(Promise.resolve(waiting));
    await other.gate.close();
    await one.gate.close();
    const reader = new Redis(redisServer.url);
    const queued = await reader.hvals('b_{headgate:q|4/1500}_client_num_queued');
    expect(queued.filter((each) => each !== '0')).to.deep.equal([]);
    reader.disconnect();
  });

  it('gives nothing away that was used while it did not answer, though it was leased long before', async () => {
    const per = 6000;
    const [one, other] = [0, 1].map(() => {
      const ledger = new RedisLedger(connect({ url: redisServer.url }), {
        prefix: 'headgate',
        processes: 2,
        fallback: 'share',
        renewMs: 500,
        longestAttemptMs: 500,
        patienceMs: PATIENCE_MS,
      });
      const gate = headgate({ ledger, quotas: [{ name: 'q', windows: [{ limit: 10, per }] }] });
      gates.push(gate);
      return gate;
    }) as [Headgate, Headgate];
    const states = record(one);
    const call = (gate: Headgate, count: number): Promise<unknown> =>
      Promise.allSettled(Array.from({ length: count }, () => gate.got(got)(server.url)));
    await call(one, 5);
    // These leases run out after 12 s.
    redisServer.freeze(true);
    await sleep(per + 1500);
    await call(one, 5);
    redisServer.freeze(false);
    await until(() => states.some((event) => event.type === 'ledger' && event.state === 'restored'));
    void call(other, 40);
    await sleep(per);
    const moments = server.seen.map(({ at }) => at);
    expect(moments.length).to.be.above(14);
    expect(worst(moments, per)).to.be.at.most(10);
  });

  it('has leases run on, tells which it has given away, and keeps its books as long as those run', async () => {
    const pair = connect({ url: redisServer.url });
    const settings = { id: '{extended}', limit: 5, expirationMs: 60_000 };
    const limiter = new Limiter(settings, pair, systemClock, async () => undefined);
    const [short, long] = [await limiter.ask(2), await limiter.ask(3)];
    await limiter.settle([
      [short.index, -1, 50],
      [long.index, -1, 1000],
    ]);
    await sleep(100);
    // Somebody looks, and what has run out is free.
    await limiter.check();
    const kept = await limiter.settle([
      [short.index, -1, 60_000],
      [long.index, 1, 60_000],
    ]);
    expect(kept).to.deep.equal([false, true]);
    expect(await pair.client.hget('b_{extended}_settings', 'running')).to.equal('1');
    const runsOut = Number(await pair.client.zscore('b_{extended}_job_expirations', long.index));
    expect(runsOut - Date.now()).to.be.within(55_000, 60_000);
    for (const key of keysOf('b_{extended}')) {
      expect(await pair.client.pttl(key), key).to.be.above(60_000);
    }
    limiter.end();
    await pair.disconnect();
  });

  it('gives back parts of a lease apart, as each is spent', async () => {
    const pair = connect({ url: redisServer.url });
    const settings = { id: '{parts}', limit: 5, expirationMs: 60_000 };
    const limiter = new Limiter(settings, pair, systemClock, async () => undefined);
    const { index } = await limiter.ask(5);
    const running = async (): Promise<number> => {
      await limiter.check();
      return Number(await pair.client.hget('b_{parts}_settings', 'running'));
    };
    await limiter.settle([
      [index, 4, 60_000],
      ['', 1, 100],
      ['', 2, 40_000],
    ]);
    expect(await running()).to.be.within(3, 4);
    await sleep(150);
    expect(await running()).to.equal(3);
    const ends = await pair.client.zrange('b_{parts}_job_expirations', 0, -1, 'WITHSCORES');
    const left = ends
      .filter((_, at) => at % 2 === 1)
      .map((end) => Math.round((Number(end) - Date.now()) / 10_000));
    expect(left).to.deep.equal([4, 6]);
    limiter.end();
    await pair.disconnect();
  });

  it('gets back what a quota leased that was removed, once it is spent', async () => {
    const { gate } = gateOf({}, 4, 1500);
    const calls = Array.from({ length: 12 }, () => gate.got(got)(server.url));
    await until(() => server.seen.length === 4);
    const removedAt = performance.now();
    gate.update({ quotas: [] });
    await Promise.all(calls);
    expect(performance.now() - removedAt).to.be.below(1400);
    const reader = new Redis(redisServer.url);
    const leased = async (): Promise<number> =>
      (await reader.hvals('b_{headgate:q|4/1500}_job_weights')).length;
    expect(await leased()).to.be.above(0);
    while ((await leased()) > 0) await sleep(50);
    expect(performance.now() - removedAt).to.be.within(1400, 10_000);
    expect(gate.quotas().map(({ key }) => key)).to.deep.equal([server.url]);
    reader.disconnect();
  });

  it('names a wrong option', () => {
    const wrong = [
      {},
      { url: 'http://localhost' },
      { url: 'redis://localhost', processes: 0 },
      { client: {} },
    ];
    for (const each of wrong) expect(() => redis(each as never)).to.throw(OptionsError, /redis/);
  });

  for (const [scene, output] of [
    ['idle', ''],
    ['waiting', 'answered\nexit'],
    ['given up', ''],
    ['alone', ''],
  ] as const) {
    it(`lets a process end when its calls are done, and not before: ${scene}`, async () => {
      const file = new URL('../support/redis-exit.ts', import.meta.url).pathname;
      const redisUrl = scene === 'alone' ? 'redis://127.0.0.1:1' : redisServer.url;
      const args = ['--conditions=headgate-source', file, scene, server.url, redisUrl];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      let text = '';
      child.stdout.on('data', (chunk) => {
        text += String(chunk);
      });
      const [code] = await once(child, 'close');
      expect([code, text.trim()]).to.deep.equal([0, output]);
    });
  }
});
