import { expect } from 'chai';
import { Redis } from 'ioredis';
import {
  type CountingServer,
  countingServer,
  endWorkers,
  spawnWorker,
  type Worker,
  worst,
} from '../support/fleet.ts';
import { RedisServer, redisMissing } from '../support/redis-server.ts';

const LIMIT = 50;
const PER = 1000;

// Every other process of each fleet connects by ioredis 6, the rest by ioredis 5.
describe('A fleet on one Redis, half by ioredis 5 and half by ioredis 6', function () {
  this.timeout(90_000);
  let redisServer: RedisServer;
  let server: CountingServer;

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
    server = await countingServer();
  });
  afterEach(() => server.close());

  async function fleet(processes: number, calls: number, ahead: readonly number[] = []): Promise<Worker[]> {
    const options = { url: server.url, redisUrl: redisServer.url, calls, limit: LIMIT, per: PER };
    const workers = Array.from({ length: processes }, (_, index) =>
      spawnWorker({ ...options, ioredis6: index % 2 === 1, ahead: ahead[index] ?? 0 }),
    );
    await Promise.all(workers.map(({ ready }) => ready));
    for (const worker of workers) worker.start();
    return workers;
  }

  const until = async (hits: number): Promise<void> => {
    while (server.hits.length < hits) await new Promise((resolve) => setTimeout(resolve, 5));
  };

  it('never goes over the quota, and every call succeeds', async () => {
    const workers = await fleet(4, 50);
    const reports = await Promise.all(workers.map(({ report }) => report));
    expect(reports.map((report) => report?.succeeded)).to.deep.equal([50, 50, 50, 50]);
    expect(server.hits).to.have.length(200);
    expect(worst(server.hits, PER)).to.be.at.most(LIMIT);
  });

  it('never goes over the quota, nor waits in vain, though the clocks of its systems differ', async () => {
    const workers = await fleet(3, 60, [3_600_000, -20_000]);
    const startedAt = performance.now();
    const reports = await Promise.all(workers.map(({ report }) => report));
    expect(reports.map((report) => report?.succeeded)).to.deep.equal([60, 60, 60]);
    expect(worst(server.hits, PER)).to.be.at.most(LIMIT);
    expect(performance.now() - startedAt).to.be.below(15_000);
  });

  it('goes on within the quota when one of it is killed', async () => {
    const workers = await fleet(3, 60);
    await until(70);
    workers[0]?.process.kill('SIGKILL');
    const reports = await Promise.all(workers.slice(1).map(({ report }) => report));
    expect(reports.map((report) => report?.succeeded)).to.deep.equal([60, 60]);
    expect(worst(server.hits, PER)).to.be.at.most(LIMIT);
  });

  it('keeps the quota when Redis is emptied under way: each makes do with what it had, and leases that', async () => {
    const workers = await fleet(3, 80);
    await until(120);
    const client = new Redis(redisServer.url);
    await client.flushall();
    client.disconnect();
    const reports = await Promise.all(workers.map(({ report }) => report));
    expect(reports.map((report) => report?.succeeded)).to.deep.equal([80, 80, 80]);
    expect(worst(server.hits, PER)).to.be.at.most(LIMIT);
  });

  it('loses no call when Redis dies and comes back without its data', async () => {
    const workers = await fleet(3, 120);
    await until(120);
    await redisServer.kill();
    await new Promise((resolve) => setTimeout(resolve, 2500));
    await redisServer.run();
    const reports = await Promise.all(workers.map(({ report }) => report));
    expect(reports.map((report) => report?.succeeded)).to.deep.equal([120, 120, 120]);
    // A process that had made all its calls before has nothing to tell.
    const told = new Set(reports.map((report) => report?.ledger.join()));
    expect([...told].filter(Boolean)).to.deep.equal(['degraded,restored']);
    expect(worst(server.hits, PER)).to.be.at.most(LIMIT);
  });
});
