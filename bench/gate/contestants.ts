import Bottleneck from 'bottleneck';
import { bulkhead } from 'cockatiel';
import PQueue from 'p-queue';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { Permit } from '../../lib/gate/permit.ts';
import { ask, openGate } from './open-gate.ts';

/** Something that lets a limited number of tasks run at once. */
export interface Contestant {
  readonly name: string;
  /** Runs the task as soon as it may. */
  run(task: () => Promise<void>): Promise<unknown>;
  /** So slow that a tenth of the work has to do. */
  readonly slow?: boolean;
}

/** At most so many tasks at once, and a window that nothing here reaches where there can be one. */
export async function contestants(concurrency: number): Promise<Contestant[]> {
  const limit = 100_000_000;
  const bottleneck = new Bottleneck({ maxConcurrent: concurrency });
  const queue = new PQueue({ concurrency, interval: 1000, intervalCap: limit });
  const cap = bulkhead(concurrency, Infinity);
  return [
    await headgateGate(concurrency),
    { name: 'p-queue, interval cap', run: (task) => queue.add(task) },
    { name: 'cockatiel bulkhead', run: (task) => cap.execute(task) },
    { name: 'Bottleneck', run: (task) => bottleneck.schedule(task), slow: true },
  ];
}

/** Without any limit on concurrency, it counts only: no queue, so it takes no part in the contended works. */
export function rateLimiterFlexible(): Contestant {
  const limiter = new RateLimiterMemory({ points: 100_000_000, duration: 1 });
  return {
    name: 'rate-limiter-flexible, memory',
    run: async (task) => {
      await limiter.consume('quota');
      await task();
    },
  };
}

async function headgateGate(concurrency: number): Promise<Contestant> {
  const { gate, clock } = await openGate({ concurrency });
  return {
    name: 'Headgate',
    run: async (task) => {
      const granted = gate.acquire(ask);
      const permit = granted instanceof Permit ? granted : await granted.permit;
      await task();
      permit.settle(clock.now());
    },
  };
}
