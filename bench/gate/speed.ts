/** How fast a gate is by itself, with no request behind it; against what other packages do in its place. */

import { Permit } from '../../lib/gate/permit.ts';
import { headgate } from '../../lib/index.ts';
import { type Line, round, tell } from '../support/line.ts';
import { median } from '../support/statistics.ts';
import { type Contestant, contestants, rateLimiterFlexible } from './contestants.ts';
import { ask, openGate } from './open-gate.ts';

const quick = process.argv.includes('--quick');
const ROUNDS = quick ? 3 : 7;
const CONCURRENCY = 16;
const none = async (): Promise<void> => undefined;

function line(work: string, who: string, operations: number, ms: readonly number[]): Line {
  const perSecond = (operations / median(ms)) * 1000;
  const usPerOperation = 1e6 / perSecond;
  return {
    work,
    who,
    result: `${round(perSecond)} per s, ${round(usPerOperation)} us each`,
    data: { perSecond, usPerOperation },
  };
}

/** ms that each round took, after one to warm up. */
async function rounds(run: () => Promise<void> | void, slow = false): Promise<number[]> {
  const took: number[] = [];
  for (let index = slow ? 0 : -1; index < (slow ? 1 : ROUNDS); index += 1) {
    const from = performance.now();
    await run();
    if (index >= 0) took.push(performance.now() - from);
  }
  return took;
}

/** Taken and settled in one turn of the event loop, as an uncontended request takes it. */
async function synchronous(): Promise<Line[]> {
  const operations = 200_000;
  const quotas = {
    'no window': {},
    'a window': { windows: [{ limit: 10_000_000, per: 10 }] },
    'two windows and concurrency': {
      windows: [
        { limit: 10_000_000, per: 10 },
        { limit: 100_000_000, per: 100 },
      ],
      concurrency: 1000,
    },
  };
  const lines: Line[] = [];
  for (const [name, quota] of Object.entries(quotas)) {
    const { gate, clock } = await openGate(quota);
    const took = await rounds(() => {
      for (let index = 0; index < operations; index += 1) {
        const permit = gate.acquire(ask);
        if (!(permit instanceof Permit)) throw new Error('An uncontended acquire has to be synchronous');
        permit.settle(clock.now());
      }
    });
    lines.push(line('the gate alone, free, synchronous', `Headgate, ${name}`, operations, took));
  }
  return lines;
}

/** One task after another. */
async function sequential({ name, run, slow }: Contestant): Promise<Line> {
  const operations = slow ? 100 : 50_000;
  const took = await rounds(async () => {
    for (let index = 0; index < operations; index += 1) await run(none);
  }, slow);
  return line('the gate alone, free, awaited', name, operations, took);
}

/** So many tasks are kept outstanding; 16 may run. */
async function outstanding({ name, run, slow }: Contestant, work: string, crowd: number): Promise<Line> {
  const operations = crowd + (slow ? 500 : 100_000);
  const took = await rounds(async () => {
    let left = operations;
    const worker = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        await run(none);
      }
    };
    await Promise.all(Array.from({ length: crowd }, worker));
  }, slow);
  return line(work, name, operations, took);
}

/** A whole call, from its opening to its record, around a function that does nothing. */
async function call(): Promise<Line> {
  const operations = 20_000;
  const gate = headgate();
  const run = gate.wrap(none, { request: { method: 'GET', url: 'http://localhost/' } });
  const took = await rounds(async () => {
    for (let index = 0; index < operations; index += 1) await run();
  });
  return line('a call around a function that does nothing', 'Headgate, gate.wrap', operations, took);
}

const lines: Line[] = [...(await synchronous()), await call()];
for (const each of [...(await contestants(CONCURRENCY)), rateLimiterFlexible()])
  lines.push(await sequential(each));
for (const each of await contestants(CONCURRENCY)) {
  lines.push(await outstanding(each, 'the gate alone, 1,000 want 16 places', 1000));
}
for (const each of await contestants(CONCURRENCY)) {
  if (each.slow) continue;
  lines.push(await outstanding(each, 'the gate alone, 100,000 queued for 16 places', 100_000));
}
tell(lines);
