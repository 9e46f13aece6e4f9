/**
 * What a queued place costs, and what leaving the queue does; run with `--expose-gc`.
 *
 * Bytes: growth of the used heap by the places, less that of as many promises of their callers, each measured after a
 * full collection.
 */

import type { Place } from '../../lib/gate/place.ts';
import { headgate } from '../../lib/index.ts';
import { seeded } from '../../lib/simulator/random.ts';
import { type Line, round, tell } from '../support/line.ts';
import { ask, openGate } from './open-gate.ts';

const QUEUED = 1_000_000;
const gc = globalThis.gc as () => void;

function heap(): number {
  gc();
  return process.memoryUsage().heapUsed;
}

/** Bytes that each of `count` things keeps alive. */
async function bytesEach(
  count: number,
  make: (index: number) => unknown,
): Promise<{ bytes: number; ms: number; made: unknown[] }> {
  const made = new Array<unknown>(count).fill(undefined);
  const before = heap();
  const from = performance.now();
  for (let index = 0; index < count; index += 1) made[index] = make(index);
  const ms = performance.now() - from;
  await new Promise((resolve) => setTimeout(resolve, 20));
  return { bytes: (heap() - before) / count, ms, made };
}

async function queued(count: number): Promise<Line[]> {
  const { gate } = await openGate({ concurrency: 1 });
  gate.acquire(ask);
  const promises = await bytesEach(count, () => new Promise(() => undefined));
  const callerBytes = promises.bytes;
  promises.made.length = 0;
  const { bytes, ms, made } = await bytesEach(count, () => gate.acquire(ask));
  const places = made as Place[];
  const random = seeded(1);
  for (let index = places.length - 1; index > 0; index -= 1) {
    const other = Math.floor(random() * (index + 1));
    [places[index], places[other]] = [places[other] as Place, places[index] as Place];
  }
  for (const place of places) place.permit.catch(() => undefined);
  const gone = new Error('left');
  const from = performance.now();
  for (const place of places) place.leave(gone);
  const leaveMs = performance.now() - from;
  const data = {
    bytesPerPlace: bytes - callerBytes,
    bytesPerBarePromise: callerBytes,
    enqueueUs: (ms * 1000) / count,
    leaveUs: (leaveMs * 1000) / count,
  };
  const work = `the gate alone, ${count.toLocaleString('en')} queued`;
  return [
    {
      work,
      who: 'Headgate',
      result: `${round(data.bytesPerPlace)} B a place beyond its caller's promise (${round(callerBytes)} B); ${round(data.enqueueUs)} us to queue, ${round(data.leaveUs)} us to leave from anywhere`,
      data,
    },
  ];
}

/** A whole call that waits, with its record, its deadline and its abort: what a user's queued request costs. */
async function queuedCalls(count: number): Promise<Line[]> {
  const gate = headgate({
    quotas: [{ match: {}, concurrency: 1 }],
    maxQueue: count + 1,
    retry: { deadline: '1h' },
  });
  const request = { method: 'GET', url: new URL('http://localhost/') };
  const run = gate.wrap(() => new Promise(() => undefined), { request });
  run().catch(() => undefined);
  const { bytes, ms } = await bytesEach(count, () => run().catch(() => undefined));
  const data = { bytesPerCall: bytes, enqueueUs: (ms * 1000) / count };
  return [
    {
      work: `a plain function wrapped, ${count.toLocaleString('en')} calls queued`,
      who: 'Headgate',
      result: `${round(bytes)} B a call, its promise included; ${round(data.enqueueUs)} us to queue`,
      data,
    },
  ];
}

tell([
  ...(await queued(1000)),
  ...(await queued(QUEUED / 10)),
  ...(await queued(QUEUED)),
  ...(await queuedCalls(QUEUED / 10)),
]);
