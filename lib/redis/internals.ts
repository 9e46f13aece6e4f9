import type Bottleneck from 'bottleneck';

/** What of Bottleneck 2.19.5's connection is used here, and its types do not tell. */
export interface Shared {
  readonly limiters: Record<string, Bottleneck>;
  __addLimiter__(limiter: Bottleneck): Promise<unknown>;
  __removeLimiter__(limiter: Bottleneck): void;
}

/** What of Bottleneck 2.19.5's limiter is used here, and its types do not tell. */
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

/** A job of Bottleneck's. */
export interface Job {
  readonly options: { readonly id: string; readonly weight: number };
  doDrop(why: { readonly message: string }): void;
}

/** Drops the jobs that wait and are not `needed`; returns how many. */
export function dropJobs(inner: Internals, needed: (id: string) => boolean): number {
  const queue = inner._queues.getFirst();
  // For an empty queue it returns an array.
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
