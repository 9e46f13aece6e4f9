import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Order } from './client.ts';
import { figuresOf } from './figures.ts';
import { idealMs } from './ideal.ts';
import type { Hit, Outcome, Trial, Variant, Work } from './types.ts';

/** Which trial. */
export interface Asked {
  readonly work: Work;
  readonly peer: string;
  readonly variant: Variant;
  readonly seed: number;
  readonly trace: boolean;
}

/** Runs one work by one peer: a server and a client, each in a process of its own. */
export async function runTrial({
  work,
  peer,
  variant,
  seed,
  trace,
}: Asked): Promise<Trial & { errors: string[] }> {
  const server = start('server.ts', [JSON.stringify(work), String(seed)]);
  try {
    const [port, warmPort] = await heard<number[]>(server);
    const url = `http://127.0.0.1:${port}`;
    const order: Order = { peer, variant, work, url, warmUrl: `http://127.0.0.1:${warmPort}`, trace };
    const outcomes = await heard<Outcome[]>(start('client.ts', [JSON.stringify(order)]));
    const log = heard<Hit[]>(server);
    server.send('log');
    const hits = await log;
    const ideal = idealMs(work, seed);
    const figures = figuresOf(work, outcomes, hits, ideal);
    const errors = [...new Set(outcomes.flatMap(({ error }) => error ?? []))];
    return { work: work.name, peer, variant, seed, idealMs: ideal, figures, hits, errors };
  } finally {
    server.kill();
  }
}

function start(file: string, args: string[]): ChildProcess {
  return fork(new URL(file, import.meta.url), args, { serialization: 'advanced' });
}

/** The next message of a child; rejects when it ends without one. */
async function heard<T>(child: ChildProcess): Promise<T> {
  const ended = once(child, 'exit').then(([code]) =>
    Promise.reject(new Error(`A process of the trial ended with ${code}`)),
  );
  const message = await Promise.race([once(child, 'message'), ended]);
  ended.catch(() => undefined);
  return (message as [T])[0];
}
