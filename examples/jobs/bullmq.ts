import { handing } from './handing.ts';

type Run<J, R> = (job: J, token?: string) => Promise<R>;
type Thrown = new () => Error;
type Delayable = { moveToDelayed(timestamp: number, token?: string): Promise<void> };
type Limited = { rateLimit(ms: number): Promise<void> };

/**
 * A processor that gives its worker back instead of sleeping: a wait longer than the gate's `retry.inline` delays the job until
 * the quota reopens, and uses up none of its `attempts`.
 *
 * @example new Worker('mails', delaying((job) => send(gate.fetch(), job.data), DelayedError), { connection });
 */
export function delaying<J, R>(work: Run<J, R>, DelayedError: Thrown): Run<J & Delayable, R> {
  return (job, token) =>
    handing<R, never>(
      () => work(job, token),
      async ({ retryAt }) => {
        await job.moveToDelayed(retryAt, token);
        throw new DelayedError();
      },
    );
}

/**
 * For a queue whose jobs all draw on one quota: the wait holds the whole queue, so no other job begins in vain.
 *
 * @example new Worker('mails', limiting(work, queue, RateLimitError), { connection });
 */
export function limiting<J, R>(work: Run<J, R>, queue: Limited, RateLimitError: Thrown): Run<J, R> {
  return (job, token) =>
    handing<R, never>(
      () => work(job, token),
      async ({ waitMs }) => {
        await queue.rateLimit(Math.max(1, waitMs));
        throw new RateLimitError();
      },
    );
}
