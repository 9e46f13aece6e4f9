import type Bottleneck from 'bottleneck';

/** The used parts of Bottleneck 2.19.5's connection that its types omit. */
export interface Shared {
  readonly limiters: Record<string, Bottleneck>;
  __addLimiter__(limiter: Bottleneck): Promise<unknown>;
  __removeLimiter__(limiter: Bottleneck): void;
}

/** The used parts of Bottleneck 2.19.5's limiter that its types omit. */
export interface Internals {
  readonly _queues: { getFirst(): { forEachShift(each: (job: Job) => void): void; push(job: Job): void } };
  readonly _registerLock: { schedule<T>(task: () => Promise<T>): Promise<T> };
  readonly _store: {
    readonly clientId: string;
    heartbeat?: NodeJS.Timeout;
    __submit__(queued: number, weight: number): Promise<unknown>;
    __free__(index: string, weight: number): Promise<unknown>;
    __register__(
      index: string,
      weight: number,
      expiration: number,
    ): Promise<{ readonly success: boolean; readonly wait: number }>;
    runScript(name: string, args: readonly unknown[]): Promise<unknown>;
  };
  _drainAll(capacity?: number): Promise<unknown>;
  _drainOne(capacity?: number): Promise<number | null>;
  _run(index: string, job: Job, wait: number): void;
}

/** One of Bottleneck's jobs. */
interface Job {
  readonly options: { readonly id: string; readonly weight: number };
  doDrop(why: { readonly message: string }): void;
}

/** Drops the queued jobs that are not `needed`; returns their number. */
export function dropJobs(inner: Internals, needed: (id: string) => boolean): number {
  const queue = inner._queues.getFirst();
  // `getFirst()` returns an array if the queue is empty.
  if (Array.isArray(queue)) return 0;
  const kept: Job[] = [];
  let dropped = 0;
  queue.forEachShift((job) => {
    if (needed(job.options.id)) kept.push(job);
    else {
      dropped += 1;
      job.doDrop({ message: 'withdrawn' });
    }
  });
  for (const job of kept) queue.push(job);
  return dropped;
}
