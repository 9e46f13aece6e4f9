/** BullMQ itself, on a Redis of its own. */
import assert from 'node:assert/strict';
import { DelayedError, Queue, RateLimitError, Worker } from 'bullmq';
import { delaying, limiting } from '../../examples/jobs/bullmq.ts';
import { headgate } from '../../lib/index.ts';
import { RedisServer } from '../support/redis-server.ts';
import { TestServer } from '../support/server.ts';

const WAIT_MS = 1000;
const JOBS = 3;

export async function bullmq(): Promise<void> {
  const redis = await RedisServer.start();
  try {
    await laws(redis, 'delayed');
    await laws(redis, 'limited');
  } finally {
    await redis.kill();
  }
}

/** Jobs of one quota that is closed by the first, and one of another API, all with one attempt and one worker. */
async function laws(redis: RedisServer, name: 'delayed' | 'limited'): Promise<void> {
  const server = await TestServer.start();
  server.replies({ status: 429, headers: { 'retry-after': String(WAIT_MS / 1000) } });
  const elsewhere = await TestServer.start();
  const connection = { url: redis.url };
  const gate = headgate({ retry: { inline: '50ms' } });
  const fetch = gate.fetch();
  const queue = new Queue<{ url: string }>(name, { connection });
  let begun = 0;
  const work = async ({ data }: { data: { url: string } }): Promise<string> => {
    begun += 1;
    return (await fetch(data.url)).text();
  };
  const processor = name === 'delayed' ? delaying(work, DelayedError) : limiting(work, queue, RateLimitError);
  const worker = new Worker(name, processor, { connection });
  try {
    const failures: string[] = [];
    worker.on('failed', (_job, error) => failures.push(error.message));
    const ended = new Promise<void>((resolve) => {
      let completed = 0;
      worker.on('completed', () => {
        completed += 1;
        if (completed === JOBS + 1) resolve();
      });
    });
    const data = [...new Array(JOBS).fill({ url: server.url }), { url: elsewhere.url }];
    const jobs = await queue.addBulk(data.map((each) => ({ name: 'call', data: each })));
    await ended;

    assert.deepEqual(failures, []);
    const [refused, reopened] = server.seen;
    assert(
      reopened && refused && reopened.at - refused.at >= WAIT_MS,
      'nothing is sent before the quota reopens',
    );
    assert.equal(server.seen.length, JOBS + 1, 'the closed quota is met once');
    const early = (elsewhere.seen[0]?.at ?? Infinity) < refused.at + WAIT_MS;
    assert.equal(
      early,
      name === 'delayed',
      'delayed jobs leave the worker to others; a limited queue is held whole',
    );
    if (name === 'limited') assert.equal(begun, JOBS + 2, 'no job begins in vain');
    for (const { id } of jobs) {
      assert.equal((await queue.getJob(id as string))?.attemptsMade, 1, 'the wait uses up no attempt');
    }
  } finally {
    await worker.close();
    await queue.close();
    await gate.close();
    await server.close();
    await elsewhere.close();
  }
}
