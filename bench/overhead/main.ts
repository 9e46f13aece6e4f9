/**
 * What a gate that has nothing to do costs a request: CPU time of the client's process (user and system), against the
 * same client without it.
 *
 * All take turns in one process, in blocks of a few ms, in an order drawn anew each round, so that whatever else the
 * machine does meets all alike. Of each, the lower quartile of its blocks is taken: what disturbs a block only ever adds.
 * The spread is that of the ratio over every fifth of the rounds; `bare again`, the bare client against itself, shows
 * what a ratio is worth.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { seeded } from '../../lib/simulator/random.ts';
import { type Line, round, tell } from '../support/line.ts';
import { quantile } from '../support/statistics.ts';
import { type Ask, type Comparison, comparisons } from './clients.ts';

const quick = process.argv.includes('--quick');
const WARM_UP = 30;
const GROUPS = 5;
const MODES = [
  { name: 'one after another', atOnce: 1, requests: 20, rounds: quick ? 200 : 1000 },
  { name: '64 at once', atOnce: 64, requests: 192, rounds: quick ? 60 : 250 },
];
type Mode = (typeof MODES)[number];

/** What a block of requests took of one request, in us. */
interface Cost {
  readonly cpu: number;
  readonly wall: number;
}
type Costs = Record<string, Cost[]>;

async function block(ask: Ask, { atOnce, requests }: Mode): Promise<Cost> {
  const cpu = process.cpuUsage();
  const wall = performance.now();
  let left = requests;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await ask();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  const { user, system } = process.cpuUsage(cpu);
  return { cpu: (user + system) / requests, wall: ((performance.now() - wall) * 1000) / requests };
}

async function measure(asks: Record<string, Ask>, mode: Mode, rounds: number): Promise<Costs> {
  const random = seeded(1);
  const costs: Costs = Object.fromEntries(Object.keys(asks).map((name) => [name, []]));
  for (let index = -WARM_UP; index < rounds; index += 1) {
    const order = Object.keys(asks).map((name) => ({ name, key: random() }));
    for (const { name } of order.sort((a, b) => a.key - b.key)) {
      const cost = await block(asks[name] as Ask, mode);
      if (index >= 0) costs[name]?.push(cost);
    }
  }
  return costs;
}

async function compare({ client, bare, wrapped, slow }: Comparison, mode: Mode): Promise<Line[]> {
  const asks: Record<string, Ask> = { bare, ...(!slow && { 'bare again': () => bare() }), ...wrapped };
  const costs = await measure(asks, mode, slow ? mode.rounds / 10 : mode.rounds);
  const bareTimers = await timers(bare);
  const lines: Line[] = [];
  for (const [name, ask] of Object.entries(asks).slice(1)) {
    const data = { ...comparedCosts(costs, name), timersAdded: (await timers(ask)) - bareTimers };
    const spread = `${percent(data.cpuRatioLeast)} to ${percent(data.cpuRatioMost)}`;
    const cpu = `CPU ${percent(data.cpuRatio)} (${spread}): ${round(data.cpuUs)} us, bare ${round(data.bareCpuUs)} us`;
    const wall = `wall ${round(data.wallUs)} us, bare ${round(data.bareWallUs)} us`;
    const result = `${cpu}; ${wall}; timers added: ${round(data.timersAdded)}`;
    lines.push({ work: `a request by ${client}, ${mode.name}`, who: name, result, data });
  }
  return lines;
}

function comparedCosts(costs: Costs, name: string) {
  const all = (): boolean => true;
  const ratio = (chosen: Chosen): number =>
    quarter(costs, name, 'cpu', chosen) / quarter(costs, 'bare', 'cpu', chosen);
  const ratios = Array.from({ length: GROUPS }, (_, group) => ratio((index) => index % GROUPS === group));
  return {
    cpuRatio: ratio(all),
    cpuRatioLeast: Math.min(...ratios),
    cpuRatioMost: Math.max(...ratios),
    bareCpuUs: quarter(costs, 'bare', 'cpu', all),
    cpuUs: quarter(costs, name, 'cpu', all),
    bareWallUs: quarter(costs, 'bare', 'wall', all),
    wallUs: quarter(costs, name, 'wall', all),
  };
}

/** Timers set per request: a gate that has nothing to wait for needs none. */
async function timers(ask: Ask): Promise<number> {
  const { setTimeout } = globalThis;
  let set = 0;
  globalThis.setTimeout = ((...args: Parameters<typeof setTimeout>) => {
    set += 1;
    return setTimeout(...args);
  }) as typeof setTimeout;
  const requests = 100;
  for (let left = requests; left > 0; left -= 1) await ask();
  globalThis.setTimeout = setTimeout;
  return set / requests;
}

type Chosen = (index: number) => boolean;

function quarter(costs: Costs, name: string, what: keyof Cost, chosen: Chosen): number {
  const some = (costs[name] as Cost[]).filter((_, index) => chosen(index)).map((cost) => cost[what]);
  return quantile(some, 0.25);
}

function percent(value: number): string {
  return `${value < 1 ? '' : '+'}${((value - 1) * 100).toFixed(1)} %`;
}

const server = fork(new URL('server.ts', import.meta.url));
const [port] = (await once(server, 'message')) as [number];
const lines: Line[] = [];
for (const comparison of comparisons(`http://127.0.0.1:${port}/`)) {
  for (const mode of MODES) lines.push(...(await compare(comparison, mode)));
}
server.disconnect();
tell(lines);
