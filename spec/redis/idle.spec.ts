import { expect } from 'chai';
import { type Headgate, headgate } from 'headgate';
import { redis } from 'headgate/redis';
import { Redis } from 'ioredis';
import { RedisServer, redisMissing } from '../support/redis-server.ts';
import { sleep } from '../support/server.ts';

const QUOTAS = 300;

describe('Idle quotas in Redis', function () {
  this.timeout(60_000);
  let redisServer: RedisServer;
  let reader: Redis;
  let gate: Headgate;

  before(async function () {
    if (redisMissing) {
      console.log(`    ${redisMissing}`);
      this.skip();
    }
    redisServer = await RedisServer.start();
    reader = new Redis(redisServer.url);
    gate = headgate({
      ledger: redis({ url: redisServer.url, patience: '10s' }),
      quotas: Array.from({ length: QUOTAS }, (_, index) => ({
        match: { path: `/${index}` },
        windows: [{ limit: 10, per: '100ms' }],
      })),
    });
  });
  after(async () => {
    await gate?.close();
    reader?.disconnect();
    await redisServer?.kill();
  });

  const commands = async (): Promise<number> => {
    const info = await reader.info('commandstats');
    return [...info.matchAll(/calls=(\d+)/g)].reduce((sum, [, calls]) => sum + Number(calls), 0);
  };

  it('cost no commands, on connections that all of them share', async () => {
    const fetch = gate.fetch(async () => new Response());
    const all = Array.from({ length: QUOTAS }, (_, index) => fetch(`http://api.test/${index}`));
    await Promise.all(all);
    // All is given back.
    while ((await reader.keys('*job_weights')).length > 0) await sleep(100);
    const before = await commands();
    await sleep(3000);
    // Those of the ledger itself, and of the two that count.
    expect((await commands()) - before).to.be.below(50);
    const clients = String(await reader.client('LIST'))
      .trim()
      .split('\n');
    expect(clients.filter((each) => !each.includes(' cmd=client'))).to.have.length(2);
  });
});
