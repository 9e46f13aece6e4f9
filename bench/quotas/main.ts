/**
 * What a quota costs that was met once: heap and the time of its first call, at the gate alone and for a whole call.
 * Run with `--expose-gc`. The kinds take turns, so that a slow moment of the machine meets all of them.
 */
import type { CallContext } from '../../lib/call/context.ts';
import { Permit } from '../../lib/gate/permit.ts';
import { type Headgate, headgate, type Profile } from '../../lib/index.ts';
import { ask } from '../gate/open-gate.ts';
import { type Line, round, tell } from '../support/line.ts';
import { median } from '../support/statistics.ts';

const quick = process.argv.includes('--quick');
const ROUNDS = quick ? 3 : 5;
const MOST = quick ? 10_000 : 100_000;
const gc = globalThis.gc as () => void;

const KINDS = {
  'nothing declared': [],
  'a window': [{ limit: 100, per: 3_600_000 }],
  'two windows': [
    { limit: 100, per: 3_600_000 },
    { limit: 5, per: 60_000 },
  ],
};

function heap(): number {
  gc();
  gc();
  return process.memoryUsage().heapUsed;
}

/** A gate with as many quotas as there are hosts. */
function gateOf(windows: Profile['quota'] extends (r: never) => { windows: infer W } ? W : never): Headgate {
  const profile: Profile = {
    name: 'bench',
    quota: ({ url }) => ({ key: url.host, windows }),
    classify: () => ({ verdict: 'success' }),
  };
  return headgate({ profile });
}

interface Cost {
  readonly bytes: number;
  readonly us: number;
}

/** Permits alone, held until all quotas were met: none of them is idle. */
async function alone(gate: Headgate, count: number): Promise<Cost> {
  const context = gate as unknown as CallContext;
  const requests = Array.from({ length: count }, (_, index) => ({
    method: 'GET',
    url: new URL(`http://h${index}.example/`),
  }));
  const before = heap();
  const from = performance.now();
  for (const request of requests) {
    const granted = context.passageOf(request, undefined).gates[0].acquire(ask);
    const permit = granted instanceof Permit ? granted : await granted.permit;
    permit.answer(context.clock.now());
    permit.gate.served(permit.takenAt);
  }
  const ms = performance.now() - from;
  const bytes = (heap() - before) / count;
  return { bytes, us: (ms * 1000) / count };
}

/** Whole calls around a function that does nothing, one after another. */
async function calls(gate: Headgate, count: number): Promise<Cost> {
  const run = gate.wrap(async (_url: string) => undefined, { request: (url) => ({ method: 'GET', url }) });
  const before = heap();
  const from = performance.now();
  for (let index = 0; index < count; index += 1) await run(`http://h${index}.example/`);
  const ms = performance.now() - from;
  return { bytes: (heap() - before) / count, us: (ms * 1000) / count };
}

const lines: Line[] = [];
for (const [work, run] of Object.entries({ 'a permit': alone, 'a whole call': calls })) {
  const costs = new Map<string, Cost[]>();
  for (let turn = 0; turn < ROUNDS; turn += 1) {
    for (const [kind, windows] of Object.entries(KINDS)) {
      const gate = gateOf(windows as never);
      const cost = await run(gate, MOST);
      costs.set(kind, [...(costs.get(kind) ?? []), cost]);
      await gate.close();
    }
  }
  for (const [kind, all] of costs) {
    const data = { bytes: median(all.map(({ bytes }) => bytes)), us: median(all.map(({ us }) => us)) };
    lines.push({
      work: `${MOST.toLocaleString('en')} quotas, ${work} of each`,
      who: `Headgate, ${kind}`,
      result: `${round(data.bytes)} B and ${round(data.us)} us a quota`,
      data,
    });
  }
}
tell(lines);
