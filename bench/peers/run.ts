/**
 * Headgate and its peers at the same works. A server and a client process for every trial, one trial at a time.
 *
 *     node bench/peers/run.ts --work silent --peer headgate --seed 1
 *     node bench/peers/run.ts --work silent,unknown --peer headgate,got --variant tuned --seed 1,2,3
 *     node bench/peers/run.ts --limit 30 --per 1000 --calls 200 --work silent --peer headgate --trace
 *     node bench/peers/run.ts --save          everything, with JSON and charts into bench/results/peers/
 *
 * `--jobs 3` runs so many trials at a time: for a first look, as they disturb each other; `--list` names the works and
 * peers; `--latency <ms>` sets a work's latency; `--errors` shows what calls failed with; `--json` prints the figures
 * as JSON. Without `--save` nothing is written.
 */
import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { printTrials } from './print.ts';
import { save } from './results.ts';
import { type Asked, runTrial } from './trial.ts';
import type { Peer, Trial, Variant, Work } from './types.ts';
import { works } from './works.ts';

const { values } = parseArgs({
  options: {
    work: { type: 'string' },
    peer: { type: 'string' },
    variant: { type: 'string', default: 'defaults,tuned' },
    seed: { type: 'string', default: '1' },
    calls: { type: 'string' },
    limit: { type: 'string' },
    per: { type: 'string' },
    latency: { type: 'string' },
    jobs: { type: 'string', default: '1' },
    trace: { type: 'boolean', default: false },
    errors: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
});

const number = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Number(text);
const list = (text: string | undefined, all: readonly string[]): string[] => {
  const chosen = text?.split(',') ?? [...all];
  const unknown = chosen.filter((each) => !all.includes(each));
  if (unknown.length > 0) throw new Error(`Not known: ${unknown.join(', ')}. Known: ${all.join(', ')}`);
  return chosen;
};

const allWorks = works({
  calls: number(values.calls),
  limit: number(values.limit),
  per: number(values.per),
  latency: number(values.latency),
});
const workNames = allWorks.map(({ name }) => name);
const peerNames = readdirSync(new URL('clients/', import.meta.url)).map((file) => file.replace(/\.ts$/, ''));
if (values.list) {
  for (const { name, title } of allWorks) console.log(`${name.padEnd(14)} ${title}`);
  console.log(`\npeers: ${peerNames.join(', ')}`);
  process.exit();
}

const chosenWorks = list(values.work, workNames);
const chosenPeers = list(values.peer, peerNames);
const variants = list(values.variant, ['defaults', 'tuned']) as Variant[];
const seeds = values.seed.split(',').map(Number);

for (const work of allWorks.filter(({ name }) => chosenWorks.includes(name))) {
  const asked = (await Promise.all(chosenPeers.map((peer) => variantsOf(work, peer)))).flat();
  const trials: Trial[] = [];
  const worker = async (): Promise<void> => {
    for (let each = asked.shift(); each; each = asked.shift()) trials.push(await run(each));
  };
  await Promise.all(Array.from({ length: Number(values.jobs) }, worker));
  if (values.json) console.log(JSON.stringify(trials.map(({ hits: _, ...rest }) => rest)));
  else printTrials(work, trials);
  if (values.save) await save(work, trials);
}

async function variantsOf(work: Work, name: string): Promise<Asked[]> {
  const module = new URL(`clients/${name}.ts`, import.meta.url).href;
  const { default: peer } = (await import(module)) as { default: Peer };
  return variants
    .filter((variant) => variant === 'defaults' || peer.tuned || variants.length === 1)
    .flatMap((variant) => seeds.map((seed) => ({ work, peer: name, variant, seed, trace: values.trace })));
}

async function run(asked: Asked): Promise<Trial> {
  const what = `${asked.work.name}: ${asked.peer}, ${asked.variant}, seed ${asked.seed}`;
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what}`);
  const trial = await runTrial(asked);
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  if (values.errors && trial.errors.length > 0) console.log(`${what}:`, trial.errors.slice(0, 5));
  return trial;
}
