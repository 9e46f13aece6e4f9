import { expect } from 'chai';
import { headgate } from 'headgate';
import { redis } from 'headgate/redis';
import { Redis } from 'ioredis';
import { RedisServer, redisMissing } from '../support/redis-server.ts';
import { sleep } from '../support/server.ts';

describe('A Redis some of whose commands are renamed', () => {
  let redisServer: RedisServer;

  before(function () {
    if (redisMissing) {
      console.log(`    ${redisMissing}`);
      this.skip();
    }
  });
  afterEach(() => redisServer?.kill());

  const open = (): ReturnType<typeof headgate> =>
    headgate({
      ledger: redis({ url: redisServer.url, patience: 200 }),
      quotas: [{ name: 'q', windows: [{ limit: 10, per: 200 }] }],
    });

  it('is used where the ledger can do without them', async () => {
    redisServer = await RedisServer.start('--rename-command', 'INFO', '');
    const gate = open();
    const reader = new Redis(redisServer.url, { enableReadyCheck: false });
    const fetch = gate.fetch(async () => new Response());
    while ((await reader.exists('b_{headgate:q|10/200}_settings')) === 0) {
      await fetch('http://api.test/');
      await sleep(50);
    }
    reader.disconnect();
    await gate.close();
  });

  it('is told what the ledger needs, without the text of its scripts', async () => {
    redisServer = await RedisServer.start('--rename-command', 'EVAL', '', '--rename-command', 'EVALSHA', '');
    const gate = open();
    const told = new Promise<string>((resolve) => {
      gate.once('ledger', ({ message }) => resolve(message));
    });
    await gate.fetch(async () => new Response())('http://api.test/');
    expect(await told)
      .to.match(/unknown command/)
      .and.to.match(/the ledger needs scripting/)
      .and.not.to.include('KEYS[1]');
    await gate.close();
  });
});
