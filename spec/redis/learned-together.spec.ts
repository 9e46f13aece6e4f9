import { expect } from 'chai';
import { Redis } from 'ioredis';
import { crowdedServer, endWorkers, limitedServer, spawnWorker, type Worker } from '../support/fleet.ts';
import { RedisServer, redisMissing } from '../support/redis-server.ts';

const LIMIT = 60;
const PER = 1500;
const CALLS = 90;

/** Refused by a limit that nobody knows yet: those in flight at the first refusal, which are fewer than this. */
const FIRST = 30;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('A fleet to which nothing is declared', function () {
  this.timeout(90_000);
  // Processes in real time: a machine that stops one of them for a while makes it learn something else. Laws of what is learned
  // stand in conference.spec.ts and refusals.spec.ts, on a virtual clock.
  this.retries(2);
  let redisServer: RedisServer;

  before(function () {
    if (!redisMissing) return;
    console.log(`    ${redisMissing}`);
    this.skip();
  });
  beforeEach(async () => {
    redisServer = await RedisServer.start();
  });
  afterEach(() => redisServer?.kill());
  after(endWorkers);

  async function begin(url: string, calls: number, processes: number): Promise<Worker[]> {
    const workers = Array.from({ length: processes }, () =>
      spawnWorker({ url, redisUrl: redisServer.url, calls }),
    );
    await Promise.all(workers.map(({ ready }) => ready));
    // So that each knows of the others.
    await sleep(300);
    for (const worker of workers) worker.start();
    return workers;
  }

  const succeeded = async (workers: readonly Worker[]): Promise<(number | undefined)[]> =>
    (await Promise.all(workers.map(({ report }) => report))).map((report) => report?.succeeded);

  it('learns the limit once, for all: one that joins later, and data that Redis loses, add no refusal', async () => {
    const server = await limitedServer(LIMIT, PER, (ms) => ({ 'retry-after-ms': String(Math.ceil(ms)) }));
    const workers = await begin(server.url, CALLS, 4);
    while (server.seen.filter(({ refused }) => !refused).length < LIMIT + 20) await sleep(20);
    const before = server.seen.filter(({ refused }) => refused).length;
    const client = new Redis(redisServer.url);
    await client.flushall();
    client.disconnect();
    // By then all that is in use is leased again.
    await sleep(2000);
    const [late] = await begin(server.url, 20, 1);
    expect(await succeeded([...workers, late as Worker])).to.deep.equal([CALLS, CALLS, CALLS, CALLS, 20]);
    const refused = server.seen.filter((each) => each.refused);
    await server.close();
    expect(before).to.be.within(1, FIRST);
    // On a busy machine a length that was estimated may be refused once.
    expect(refused.length - before).to.be.at.most(4);
    expect(refused.filter(({ process }) => process === late?.process.pid)).to.have.length.at.most(1);
  });

  it('has one process try whether a quota is open again whose server names no wait', async () => {
    const server = await limitedServer(LIMIT, PER, () => ({}));
    const workers = await begin(server.url, (2 * LIMIT) / 4, 4);
    expect(await succeeded(workers)).to.deep.equal([30, 30, 30, 30]);
    const [first = 0] = server.seen.flatMap(({ at, refused }) => (refused ? [at] : []));
    await server.close();
    // All in flight are refused; then one attempt at a time goes, at growing intervals.
    const tries = server.seen.filter(({ at, refused }) => refused && at > first + 200);
    // 11 on a machine with nothing else to do; each process by itself would make four times as many.
    expect(tries.length).to.be.at.most(30);
    expect(new Set(tries.map(({ process }) => process)).size).to.be.at.most(2);
  });

  it('learns how many a server takes at once from what it had in service for all of them', async () => {
    const server = await crowdedServer(16);
    const workers = await begin(server.url, 150, 4);
    const reports = await Promise.all(workers.map(({ report }) => report));
    const refused = server.refused();
    await server.close();
    expect(reports.map((report) => report?.succeeded)).to.deep.equal([150, 150, 150, 150]);
    expect(refused).to.be.within(1, 100);
    const first = reports.map((report) => report?.learned.find(([kind]) => kind === 'in-flight')?.[1]);
    expect(new Set(first).size).to.equal(1);
    expect(first[0]).to.be.within(8, 32);
  });
});
