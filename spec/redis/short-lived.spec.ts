import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { type CountingServer, countingServer, worst } from '../support/fleet.ts';
import { RedisServer, redisMissing } from '../support/redis-server.ts';

const PER = 2000;

describe('Short-lived processes on one quota', function () {
  this.timeout(120_000);
  let redisServer: RedisServer;
  let server: CountingServer;
  let reader: Redis;

  before(function () {
    if (redisMissing) {
      console.log(`    ${redisMissing}`);
      this.skip();
    }
  });
  beforeEach(async () => {
    redisServer = await RedisServer.start();
    server = await countingServer();
    reader = new Redis(redisServer.url);
  });
  afterEach(async () => {
    reader.disconnect();
    await server.close();
    await redisServer.kill();
  });

  /** Runs one; returns how many of its calls succeeded. */
  async function run(calls: number, limit: number, exit: boolean, tokens?: number): Promise<number> {
    const file = new URL('../support/redis-short.ts', import.meta.url).pathname;
    const order = { source: { url: redisServer.url }, url: server.url, calls, limit, per: PER, exit, tokens };
    const child = spawn(process.execPath, ['--conditions=headgate-source', file, JSON.stringify(order)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += String(chunk);
    });
    await once(child, 'close');
    return Number(text);
  }

  for (const [way, exit] of [
    ['by themselves', false],
    ['by process.exit()', true],
  ] as const) {
    it(`get all of it one after another, though they end ${way}`, async () => {
      const succeeded: number[] = [];
      // If each left one permit leased, nothing would be left for the fourth.
      for (let process = 0; process < 4; process += 1) succeeded.push(await run(2, 3, exit));
      expect(succeeded).to.deep.equal([2, 2, 2, 2]);
      expect(worst(server.hits, PER)).to.be.at.most(3);
    });
  }

  for (const { what, key, cost, calls } of [
    { what: 'requests', key: 'short|100/2000', cost: undefined, calls: 3 },
    {
      what: 'tokens, of which each call costs many',
      key: 'short|1000000/2000 tokens',
      cost: 100_000,
      calls: 3,
    },
  ]) {
    it(`leave no more ${what} behind than they used, and that until it is spent`, async () => {
      await run(calls, cost ? 1_000_000 : 100, false, cost);
      const hash = `b_{headgate:${key}}`;
      const leased = await reader.hvals(`${hash}_job_weights`);
      expect(leased.reduce((sum, each) => sum + Number(each), 0)).to.equal(calls * (cost ?? 1));
      expect(await reader.hget(`${hash}_settings`, 'running')).to.equal(String(calls * (cost ?? 1)));
      const ends = await reader.zrange(`${hash}_job_expirations`, 0, -1, 'WITHSCORES');
      const [seconds, micros] = await reader.time();
      const now = Number(seconds) * 1000 + Number(micros) / 1000;
      for (const end of ends.filter((_, index) => index % 2 === 1)) {
        expect(Number(end) - now).to.be.within(-PER, PER + 10);
      }
      expect(await reader.hlen('headgate:fleet')).to.equal(1);
    });
  }
});
