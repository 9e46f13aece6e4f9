/**
 * The client of one trial, in a process of its own: `fork('client.ts', [order as JSON])`. Warms up at another origin,
 * makes the calls of its work, and tells what became of each.
 */
import { urlOf } from './calls.ts';
import { arrival } from './ideal.ts';
import type { Outcome, Peer, Setup, Variant, Work } from './types.ts';

/** What a client is told to do. */
export interface Order {
  readonly peer: string;
  readonly variant: Variant;
  readonly work: Work;
  readonly url: string;
  readonly warmUrl: string;
  readonly trace: boolean;
}

/** So many calls warm up sockets and the compiler. */
const WARM_CALLS = 150;

const { peer: name, variant, work, url, warmUrl, trace } = JSON.parse(process.argv[2] as string) as Order;
const { default: peer } = (await import(new URL(`clients/${name}.ts`, import.meta.url).href)) as {
  default: Peer;
};
const setup: Setup = { variant, work, trace };

const { declared: _, ...unlimited } = work;
const warm = await peer.make({ variant, work: unlimited, trace: false });
for (let call = 0; call < WARM_CALLS; call += 10) {
  await Promise.allSettled(Array.from({ length: 10 }, () => warm.call(`${warmUrl}/warm`)));
}
await warm.close?.();

const client = await peer.make(setup);
const outcomes: Outcome[] = Array.from({ length: work.calls }, (_each, call) => ({
  startedAt: arrival(call, work.rate),
  endedAt: undefined,
}));
const startedAt = performance.now();
const now = (): number => performance.now() - startedAt;

async function make(call: number): Promise<void> {
  const from = now();
  let error: string | undefined;
  try {
    await client.call(urlOf(work, url, call));
  } catch (caught) {
    error = describe(caught);
  }
  outcomes[call] = { startedAt: from, endedAt: now(), ...(error !== undefined && { error }) };
}

function describe(error: unknown): string {
  const { name, code, message } = error as { name?: string; code?: string; message?: string };
  return code ?? `${name}: ${message}`.slice(0, 80);
}

function report(): void {
  process.send?.(outcomes, () => process.exit());
}

setTimeout(report, work.longest);
const made: Promise<void>[] = [];
if (work.rate === undefined) for (let call = 0; call < work.calls; call += 1) made.push(make(call));
while (made.length < work.calls) {
  while (made.length < work.calls && arrival(made.length, work.rate) <= now()) made.push(make(made.length));
  await new Promise((resolve) => setTimeout(resolve, 5));
}
await Promise.all(made);
report();
