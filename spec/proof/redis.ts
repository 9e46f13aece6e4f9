/**
 * Proves that a fleet keeps its quota through whatever happens to its Redis.
 *
 * Four processes call without a pause while Redis is disturbed again and again. While Redis holds its data, no window may
 * be exceeded; in every case each call ends, each permit comes back, and nothing is left unhandled.
 */
import { Redis } from 'ioredis';
import { countingServer, endWorkers, spawnWorker, worst } from '../support/fleet.ts';
import { RedisServer, redisMissing } from '../support/redis-server.ts';
import { sleep } from '../support/server.ts';
import { print } from './table.ts';

const PROCESSES = 4;
const CALLS = 150;
const LIMIT = 40;
const PER = 1000;
/** Delay between two calls of a process, in ms: the fleet asks for somewhat less than it may. */
const EVERY = 120;
const ROUNDS = 6;

interface Disturbance {
  readonly title: string;
  /** Whether Redis loses its data on the way. */
  readonly loses: boolean;
  readonly ahead?: readonly number[];
  disturb(server: RedisServer, admin: Redis): Promise<unknown>;
}

const DISTURBANCES: readonly Disturbance[] = [
  { title: 'nothing', loses: false, disturb: async () => undefined },
  {
    title: 'cut connections',
    loses: false,
    disturb: (_server, admin) =>
      Promise.all(
        ['NORMAL', 'PUBSUB'].map((type) => admin.call('CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes')),
      ),
  },
  {
    title: 'freeze for 3 s',
    loses: false,
    disturb: async (server) => {
      server.freeze(true);
      await sleep(3000);
      server.freeze(false);
    },
  },
  {
    title: 'freeze for 300 ms',
    loses: false,
    disturb: async (server) => {
      server.freeze(true);
      await sleep(300);
      server.freeze(false);
    },
  },
  {
    title: 'clocks apart',
    loses: false,
    ahead: [3_600_000, -60_000, 1000, 0],
    disturb: async () => undefined,
  },
  {
    title: 'a replica for 2 s',
    loses: false,
    disturb: async (_server, admin) => {
      await admin.call('REPLICAOF', '127.0.0.1', '1');
      await sleep(2000);
      await admin.call('REPLICAOF', 'NO', 'ONE');
    },
  },
  {
    title: 'out of memory for 1 s',
    loses: false,
    disturb: async (_server, admin) => {
      await admin.config('SET', 'maxmemory', '1');
      await sleep(1000);
      await admin.config('SET', 'maxmemory', '0');
    },
  },
  {
    title: 'scripts forgotten',
    loses: false,
    disturb: (_server, admin) => admin.script('FLUSH'),
  },
  { title: 'FLUSHALL', loses: true, disturb: (_server, admin) => admin.flushall() },
  {
    title: 'kill -9 and an empty start',
    loses: true,
    disturb: async (server) => {
      await server.kill();
      await sleep(500);
      await server.run();
    },
  },
  {
    title: 'kill -9, 3 s away',
    loses: true,
    disturb: async (server) => {
      await server.kill();
      await sleep(3000);
      await server.run();
    },
  },
];

async function run({ title, loses, ahead, disturb }: Disturbance): Promise<number> {
  const began = performance.now();
  const redisServer = await RedisServer.start();
  const server = await countingServer();
  const admin = new Redis(redisServer.url, { maxRetriesPerRequest: null });
  admin.on('error', () => undefined);
  const options = {
    url: server.url,
    redisUrl: redisServer.url,
    calls: CALLS,
    limit: LIMIT,
    per: PER,
    every: EVERY,
  };
  const workers = Array.from({ length: PROCESSES }, (_, index) =>
    spawnWorker({ ...options, ahead: ahead?.[index] ?? 0 }),
  );
  await Promise.all(workers.map(({ ready }) => ready));
  for (const worker of workers) worker.start();
  let over = false;
  const ended = Promise.all(workers.map(({ report }) => report)).finally(() => {
    over = true;
  });
  for (let round = 0; round < ROUNDS && !over; round += 1) {
    await sleep(1500 + Math.random() * 1000);
    if (!over) await disturb(redisServer, admin);
  }
  const reports = await ended;
  await endWorkers();
  // What ran out is noticed when somebody looks: it is enough that it has an end.
  const key = `b_{headgate:fleet|${LIMIT}/${PER}}`;
  const weights = (await admin.hvals(`${key}_job_weights`)).reduce((sum, each) => sum + Number(each), 0);
  const running = Number((await admin.hget(`${key}_settings`, 'running')) ?? 0);
  const endless = (await admin.hlen(`${key}_job_weights`)) - (await admin.zcard(`${key}_job_expirations`));
  admin.disconnect();
  await server.close();
  await redisServer.kill();

  const most = worst(server.hits, PER);
  const found = [
    !loses && most > LIMIT ? `${most} of ${LIMIT} in a window` : '',
    running !== weights || endless !== 0
      ? `${running} permits run, ${weights} are leased, ${endless} for ever`
      : '',
    ...reports.flatMap((report) => [
      report?.succeeded === CALLS ? '' : `${report?.succeeded} of ${CALLS} calls succeeded`,
      report?.held === 0 ? '' : `${report?.held} permits held`,
      ...(report?.unhandled ?? []),
    ]),
  ].filter((each) => each !== '');
  print('redis', title, PROCESSES * CALLS, performance.now() - began, found);
  return found.length;
}

/** Tries the disturbances whose title contains `only`. Returns the number of breaches. */
export async function disturbances(only = ''): Promise<number> {
  if (redisMissing) console.log(redisMissing);
  let breaches = 0;
  for (const each of redisMissing ? [] : DISTURBANCES) {
    if (each.title.includes(only)) breaches += await run(each);
  }
  return breaches;
}
