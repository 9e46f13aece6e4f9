import { expect } from 'chai';
import { type Headgate, headgate, QueueFullError, type QuotaOptions } from 'headgate';
import { redis } from 'headgate/redis';
import type { Ledger } from '../../lib/ledger/ledger.ts';
import { worst } from '../support/fleet.ts';
import { RedisServer, redisMissing } from '../support/redis-server.ts';
import { sleep } from '../support/server.ts';

const request = { method: 'GET', url: 'http://localhost/' };
const quotasOf = (limit: number, per: number): QuotaOptions[] => [{ name: 'q', windows: [{ limit, per }] }];

describe('A process and its ledger in Redis', function () {
  this.timeout(60_000);
  let redisServer: RedisServer;
  const gates: Headgate[] = [];
  const gateOf = (ledger: Ledger, quotas: QuotaOptions[], maxQueue?: number): Headgate => {
    const gate = headgate({
      ledger,
      quotas,
      retry: { attempts: 1 },
      ...(maxQueue !== undefined && { maxQueue }),
    });
    gates.push(gate);
    return gate;
  };

  before(function () {
    if (redisMissing) this.skip();
  });
  beforeEach(async () => {
    redisServer = await RedisServer.start();
  });
  afterEach(async () => {
    await Promise.all(gates.splice(0).map((gate) => gate.close()));
    await redisServer.kill();
  });

  it('admits a burst that fits, whatever maxQueue: only the answer of Redis is waited for', async () => {
    const gate = gateOf(redis({ url: redisServer.url }), quotasOf(20, 60_000), 0);
    const run = gate.wrap(async () => 'sent', { request });
    const ended = await Promise.allSettled(Array.from({ length: 23 }, () => run()));
    expect(ended.filter(({ status }) => status === 'fulfilled')).to.have.length(20);
    for (const each of ended.slice(20)) {
      expect(each.status === 'rejected' && each.reason).to.be.instanceOf(QueueFullError);
    }
  });

  it('shares windows and pauses between two gates on one ledger', async () => {
    const ledger = redis({ url: redisServer.url });
    const [a, b] = [gateOf(ledger, quotasOf(10, 400)), gateOf(ledger, quotasOf(10, 400))] as const;
    const sent: number[] = [];
    const runs = [a, b].map((gate) =>
      gate.wrap(
        async () => {
          sent.push(performance.now());
          await sleep(1);
        },
        { request },
      ),
    );
    await Promise.all(runs.flatMap((run) => Array.from({ length: 15 }, () => run())));
    expect(worst(sent, 400)).to.be.at.most(10);

    const refuse = async (): Promise<Response> =>
      new Response('', { status: 429, headers: { 'retry-after': '60' } });
    await a
      .wrap(refuse, { request })()
      .catch(() => undefined);
    expect(b.quotas()[0]?.pausedUntil).to.be.closeTo(a.quotas()[0]?.pausedUntil ?? 0, 500);
  });
});
