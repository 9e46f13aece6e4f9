/**
 * What Headgate costs, against its peers: `npm run bench`.
 *
 *     npm run bench                            everything, in about ten minutes on an idle machine
 *     npm run bench -- --only overhead,gate    some parts: overhead, gate, fleet, quotas, reading
 *     npm run bench -- --quick                 fewer rounds, for a first look
 *
 * Each part runs in processes of its own. Prints one table, and writes `bench/results/bench.json` (not when quick).
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import os from 'node:os';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import type { Line } from './support/line.ts';

const PARTS: Record<string, readonly string[]> = {
  overhead: ['overhead/main.ts'],
  gate: ['gate/speed.ts', 'gate/memory.ts', 'gate/memory-peers.ts'],
  fleet: ['fleet/main.ts'],
  quotas: ['quotas/main.ts'],
  reading: ['reading/main.ts'],
};
const FILE = new URL('results/bench.json', import.meta.url);

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: Object.keys(PARTS).join() },
    quick: { type: 'boolean', default: false },
  },
});

async function run(file: string): Promise<Line[]> {
  console.error(`${file} ...`);
  const child = fork(new URL(file, import.meta.url), values.quick ? ['--quick'] : [], {
    execArgv: ['--expose-gc'],
  });
  const ended = once(child, 'exit').then(() => [[]]);
  const [lines] = (await Promise.race([once(child, 'message'), ended])) as [Line[]];
  return lines;
}

const results: Record<string, Line[]> = {};
for (const part of values.only.split(',')) {
  const files = PARTS[part];
  if (!files) throw new Error(`No such part: ${part}. Parts: ${Object.keys(PARTS).join(', ')}`);
  results[part] = [];
  for (const file of files) results[part].push(...(await run(file)));
}

const table = new Table({
  head: ['work', 'who', 'result'],
  style: { head: [], border: [] },
  wordWrap: true,
  colWidths: [46, 28, 76],
});
let above = '';
for (const { work, who, result } of Object.values(results).flat()) {
  table.push([work === above ? '' : work, who, result]);
  above = work;
}
console.log(table.toString());

if (!values.quick) {
  const kept = JSON.parse(await readFile(FILE, 'utf8').catch(() => '{}')) as { results?: object };
  const machine = { node: process.version, cpu: os.cpus()[0]?.model, cores: os.cpus().length };
  await mkdir(new URL('.', FILE), { recursive: true });
  await writeFile(
    FILE,
    `${JSON.stringify({ machine, results: { ...kept.results, ...results } }, undefined, 2)}\n`,
  );
}
