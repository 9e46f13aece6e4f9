import { expect } from 'chai';
import { type HeadgateOptions, headgate, type WindowOptions } from 'headgate';
import { redis } from 'headgate/redis';
import { systemClock } from '../../lib/time/clock.ts';
import { type CountingServer, countingServer } from '../support/fleet.ts';
import { RedisServer, redisMissing } from '../support/redis-server.ts';

/** Gates that share a Redis, each with connections of its own. */
const GATES = 4;

describe('On a Redis that gates share', function () {
  this.timeout(60_000);
  // Real time: a machine that stops the process for a while shows something else.
  this.retries(2);
  let redisServer: RedisServer;
  let server: CountingServer;

  before(async function () {
    if (redisMissing) {
      console.log(`    ${redisMissing}`);
      this.skip();
    }
    redisServer = await RedisServer.start();
  });
  after(() => redisServer?.kill());
  beforeEach(async () => {
    server = await countingServer();
  });
  afterEach(() => server.close());

  /** Makes calls through all gates at once. Resolves with the moments at which the server counted them, in ms from the first. */
  async function run(
    quota: NonNullable<HeadgateOptions['quotas']>[number],
    calls: number,
    wall?: () => number,
  ): Promise<number[]> {
    const clock = wall ? { ...systemClock, wall } : systemClock;
    const name = `q${Math.random()}`;
    const gates = Array.from({ length: GATES }, () =>
      headgate(
        { adaptive: false, ledger: redis({ url: redisServer.url }), quotas: [{ ...quota, name }] },
        { clock },
      ),
    );
    for (const gate of gates) gate.on('warning', () => undefined);
    const sends = gates.map((gate) => gate.fetch());
    await Promise.all(
      Array.from({ length: calls }, async (_, index) => (await sends[index % GATES]?.(server.url))?.text()),
    );
    await Promise.all(gates.map((gate) => gate.close()));
    const sorted = [...server.hits].sort((a, b) => a - b);
    expect(sorted).to.have.lengthOf(calls);
    return sorted.map((moment) => moment - (sorted[0] as number));
  }

  const windows = (window: WindowOptions): { windows: WindowOptions[] } => ({ windows: [window] });

  it('a token bucket is never overdrawn, and is used up to what it refills', async () => {
    const moments = await run(windows({ limit: 40, refill: '40/s' }), 160);
    let [level, at] = [40, 0];
    for (const moment of moments) {
      level = Math.min(40, level + ((moment - at) * 40) / 1000) - 1;
      at = moment;
      expect(level).to.be.at.least(-0.05);
    }
    // 3 s is ideal; a busy machine takes longer.
    expect(moments.at(-1)).to.be.within(2990, 20_000);
  });

  it('a calendar window resets when the day begins, for all', async () => {
    const midnight = Date.parse('2026-03-08T08:00:00Z');
    const start = Date.now();
    const wall = (): number => midnight - 4000 + (Date.now() - start);
    // 45 need both days, and leave a busy machine room to miss half of what the first one allows.
    await run(windows({ limit: 30, per: 'day', zone: 'America/Los_Angeles' }), 45, wall);
    const resetAt = performance.now() + (midnight - wall());
    const before = server.hits.filter((moment) => moment < resetAt).length;
    expect(before).to.be.at.most(30);
    expect(server.hits.length - before).to.be.at.most(30);
  });

  it('spacing holds between all of them', async () => {
    const moments = await run({ spacing: '50ms' }, 20);
    // On the way to the server two may come a little closer.
    for (const [index, moment] of moments.entries()) {
      if (index > 1) expect(moment - (moments[index - 2] as number)).to.be.at.least(75);
    }
    expect(moments.at(-1)).to.be.at.least(900);
  });
});
