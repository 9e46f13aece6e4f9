import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { expect } from 'chai';
import { headgate } from 'headgate';
import { redis } from 'headgate/redis';
import { virtualClock } from 'headgate/testing';
import { within } from '../../lib/redis/watch.ts';
import { endings } from '../support/ending.ts';
import { RedisServer, redisMissing } from '../support/redis-server.ts';
import { record, TestServer } from '../support/server.ts';

describe('A wait for an answer', () => {
  /** Time after which it is given up, if signs of life come `every` ms. */
  async function givenUpAfter(every: number): Promise<number> {
    const clock = virtualClock();
    let signs = 0;
    const sign = (): void => {
      signs += 1;
      clock.setTimer(sign, every, false);
    };
    clock.setTimer(sign, every, false);
    let at: number | undefined;
    const late = within(clock, 1000, new Promise(() => undefined), () => signs);
    void late.then(() => {
      at = clock.now();
    });
    const began = clock.now();
    while (at === undefined) {
      await clock.advance(50);
      await new Promise(setImmediate);
    }
    return at - began;
  }

  it('ends after the time without a sign of life, and after five times as long with any', async () => {
    expect(await givenUpAfter(1e9)).to.be.within(1000, 1100);
    expect(await givenUpAfter(300)).to.be.within(5000, 5100);
  });
});

describe('A Redis whose every answer takes a while', function () {
  this.timeout(60_000);
  const own = endings();
  /** Delay of each way, in ms: more than the default patience for the round trips of a beginning together. */
  const DELAY_MS = 150;

  it('is not taken for one that is unavailable, by a process that begins', async function () {
    if (redisMissing) this.skip();
    const server = await TestServer.start();
    const redisServer = await RedisServer.start();
    const sockets = new Set<net.Socket>();
    const way = net.createServer((from) => {
      const to = net.connect(redisServer.port, '127.0.0.1');
      for (const [each, other] of [
        [from, to],
        [to, from],
      ] as const) {
        sockets.add(each);
        each.on('error', () => undefined).on('close', () => other.destroy());
        each.on('data', (chunk) => setTimeout(() => other.writable && other.write(chunk), DELAY_MS));
      }
    });
    way.listen(0, '127.0.0.1');
    await once(way, 'listening');
    const url = `redis://127.0.0.1:${(way.address() as AddressInfo).port}`;
    const gate = own(headgate({ ledger: redis({ url }), quotas: [{ windows: [{ limit: 10, per: '1s' }] }] }));
    const events = record(gate);

    await gate.fetch()(server.url);

    expect(events.filter(({ type }) => type === 'ledger')).to.deep.equal([]);
    await gate.close();
    for (const socket of sockets) socket.destroy();
    way.close();
    await redisServer.kill();
    await server.close();
  });
});
