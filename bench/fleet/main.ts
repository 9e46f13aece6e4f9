/**
 * Four processes that share one quota through one Redis.
 *
 * The time is from the first request at the server to its last response; the ideal, for n calls at `limit` per `per`,
 * is (ceil(n / limit) - 1) * per. The worst window is the most requests that the server saw in any span of `per`.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { worst } from '../../spec/support/fleet.ts';
import { RedisServer, redisMissing } from '../../spec/support/redis-server.ts';
import { type Line, round, tell } from '../support/line.ts';
import type { Notes } from './server.ts';
import type { Limiter, Order } from './worker.ts';

const quick = process.argv.includes('--quick');
const PROCESSES = 4;
const WORKS = [
  { calls: 600, limit: 100, per: 2000 },
  { calls: 20_000, limit: 2000, per: 1000 },
];
const NAMES: Record<Limiter, string> = {
  headgate: 'Headgate',
  bottleneck: 'Bottleneck, clustered reservoir',
  'rate-limiter-flexible': 'rate-limiter-flexible, Redis queue',
};
/** A fleet that takes longer is broken off, in ms. */
const LONGEST = 120_000;

async function heard<T>(child: ChildProcess): Promise<T> {
  const [message] = (await once(child, 'message')) as [T];
  return message;
}

async function run(limiter: Limiter, work: (typeof WORKS)[number]): Promise<Line> {
  const redis = await RedisServer.start();
  const server = fork(new URL('server.ts', import.meta.url), { serialization: 'advanced' });
  const port = await heard<number>(server);
  const order: Order = {
    ...work,
    limiter,
    calls: work.calls / PROCESSES,
    url: `http://127.0.0.1:${port}/`,
    redisUrl: redis.url,
  };
  const fleet = Array.from({ length: PROCESSES }, () =>
    fork(new URL('worker.ts', import.meta.url), [JSON.stringify(order)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    }),
  );
  await Promise.all(fleet.map((each) => heard(each)));
  const stats = new Redis(redis.url);
  const before = await commands(stats);
  const ended = Promise.all(
    fleet.map((each) => Promise.race([heard<string[]>(each), once(each, 'exit').then(() => ['killed'])])),
  );
  const timer = setTimeout(() => fleet.forEach((each) => void each.kill('SIGKILL')), LONGEST);
  for (const each of fleet) each.send('go');
  const errors = (await ended).flat();
  clearTimeout(timer);
  const used = (await commands(stats)) - before;
  const asked = heard<Notes>(server);
  server.send('notes');
  const { arrivals, lastResponse } = await asked;
  stats.disconnect();
  await redis.kill();

  const idealMs = (Math.ceil(work.calls / work.limit) - 1) * work.per;
  const timeMs = lastResponse - Math.min(...arrivals);
  const data = {
    timeMs,
    timeOverIdeal: timeMs / idealMs,
    worstWindow: worst(arrivals, work.per),
    limit: work.limit,
    requests: arrivals.length,
    failed: errors.length,
    redisCommandsPerCall: used / work.calls,
  };
  if (errors.length > 0) console.error(NAMES[limiter], [...new Set(errors)].slice(0, 3));
  const missing = arrivals.length < work.calls ? `; ${work.calls - arrivals.length} calls not made` : '';
  return {
    work: `4 processes, ${work.calls.toLocaleString('en')} calls, ${work.limit} per ${work.per / 1000} s`,
    who: NAMES[limiter],
    result: `${data.timeOverIdeal.toFixed(3)} of the ideal ${idealMs / 1000} s; worst window ${data.worstWindow}; ${round(data.redisCommandsPerCall)} Redis commands a call${missing}`,
    data,
  };
}

/** Commands that Redis has run, those of scripts included. */
async function commands(client: Redis): Promise<number> {
  const info = await client.info('commandstats');
  return [...info.matchAll(/calls=(\d+)/g)].reduce((sum, [, calls]) => sum + Number(calls), 0);
}

const lines: Line[] = [];
if (redisMissing) {
  console.error(
    'redis-server is not installed (Debian: apt-get install redis-server): the fleet is left out',
  );
} else {
  for (const work of WORKS) {
    for (const limiter of Object.keys(NAMES) as Limiter[]) {
      if (quick && limiter !== 'headgate') continue;
      lines.push(await run(limiter, work));
    }
  }
}
tell(lines);
