import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import type { QuotaOptions } from 'headgate';
import { endWorkers, spawnWorker, worst } from '../support/fleet.ts';
import { RedisServer, redisMissing } from '../support/redis-server.ts';

/** A request as the server saw it. */
interface Hit {
  readonly at: number;
  readonly path: string;
  readonly cost: number;
}

const PER = 1000;
const CALLS = 60;
const PROCESSES = 4;

/** The most tokens in any span of `PER`. */
function mostTokens(hits: readonly Hit[]): number {
  let most = 0;
  for (const { at: end } of hits) {
    const sum = hits.filter(({ at }) => at > end - PER && at <= end).reduce((all, { cost }) => all + cost, 0);
    most = Math.max(most, sum);
  }
  return most;
}

describe('Of a fleet on one Redis, a call that draws on several quotas', function () {
  this.timeout(90_000);
  let redisServer: RedisServer;
  let server: http.Server;
  let hits: Hit[];

  before(async function () {
    if (redisMissing) {
      console.log(`    ${redisMissing}`);
      this.skip();
    }
    redisServer = await RedisServer.start();
  });
  after(async () => {
    await endWorkers();
    await redisServer?.kill();
  });
  beforeEach(async () => {
    hits = [];
    server = http.createServer(({ url = '', headers }, response) => {
      hits.push({ at: performance.now(), path: url, cost: Number(headers['x-cost']) });
      response.end('{}');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  /** Sends the calls of four processes, all of which must succeed. Returns the time from first to last, in ms. */
  async function sent(quotas: readonly QuotaOptions[], paths: readonly string[]): Promise<number> {
    const workers = Array.from({ length: PROCESSES }, (_, index) =>
      spawnWorker({
        url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        redisUrl: redisServer.url,
        calls: CALLS,
        quotas,
        paths,
        costs: [1, 10, 3, 25, 7],
        ioredis6: index % 2 === 1,
      }),
    );
    await Promise.all(workers.map(({ ready }) => ready));
    for (const worker of workers) worker.start();
    const reports = await Promise.all(workers.map(({ report }) => report));
    for (const report of reports) expect(report).to.include({ succeeded: CALLS, held: 0 });
    expect(hits).to.have.length(PROCESSES * CALLS);
    return (hits.at(-1)?.at ?? 0) - (hits[0]?.at ?? 0);
  }

  it('takes its cost of a window that counts tokens, and one of requests: both are kept and used', async () => {
    // 240 calls of 9.2 tokens each, on the mean, are 2,208 tokens: three windows and a part.
    const windows = [
      { limit: 100, per: PER },
      { limit: 600, per: PER, of: 'tokens' },
    ];
    const ms = await sent([{ name: 'weights', windows }], ['/']);
    expect(mostTokens(hits)).to.be.at.most(600);
    expect(
      worst(
        hits.map(({ at }) => at),
        PER,
      ),
    ).to.be.at.most(100);
    expect(ms).to.be.below(8 * PER);
  });

  it('takes one of its route, and one of all routes', async () => {
    const quotas: QuotaOptions[] = [
      {
        name: 'route',
        match: { path: '/{route}' },
        each: ['param:route'],
        windows: [{ limit: 15, per: PER }],
      },
      { name: 'all', also: true, windows: [{ limit: 60, per: PER }] },
    ];
    const paths = Array.from({ length: 6 }, (_, route) => `/${route}`);
    const ms = await sent(quotas, paths);
    expect(
      worst(
        hits.map(({ at }) => at),
        PER,
      ),
    ).to.be.at.most(60);
    for (const path of paths) {
      const own = hits.filter((hit) => hit.path === path).map(({ at }) => at);
      expect(own, path).to.have.length(40);
      expect(worst(own, PER), path).to.be.at.most(15);
    }
    expect(ms).to.be.below(8 * PER);
  });
});
