import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import type { Hit, Trial, Work } from './types.ts';

/** Where the results lie. */
export const RESULTS: URL = new URL('../results/peers/', import.meta.url);
/** Requests are counted over steps of this many ms. */
export const STEP_MS = 100;

/** A trial as it is kept: its requests as counts per step. */
export interface SavedTrial extends Omit<Trial, 'hits'> {
  readonly admitted: readonly number[];
  readonly refused: readonly number[];
}

/** One work's results. */
export interface Results {
  readonly work: Work;
  readonly trials: readonly SavedTrial[];
}

/** Writes one work's results, in place of older ones of the same peer, variant and seed, and its chart. */
export async function save(work: Work, trials: readonly Trial[]): Promise<void> {
  await mkdir(RESULTS, { recursive: true });
  const file = new URL(`${work.name}.json`, RESULTS);
  const fresh = trials.map(({ hits, ...rest }) => ({ ...rest, ...timeline(hits) }));
  const old = await readResults(file);
  const kept = (old?.trials ?? []).filter(
    (each) => !fresh.some((trial) => identity(trial) === identity(each)),
  );
  const all = [...kept, ...fresh].sort((a, b) => identity(a).localeCompare(identity(b)));
  await writeFile(file, `${JSON.stringify({ work, trials: all })}\n`);
  await draw(new URL(`${work.name}.svg`, RESULTS), { work, trials: all });
}

/** All works' results that there are, by name. */
export async function allResults(): Promise<Results[]> {
  const files = (await readdir(RESULTS)).filter((name) => name.endsWith('.json'));
  const all = await Promise.all(files.map((name) => readResults(new URL(name, RESULTS))));
  return all.filter((each) => each !== undefined);
}

async function readResults(file: URL): Promise<Results | undefined> {
  return JSON.parse(await readFile(file, 'utf8').catch(() => 'null')) ?? undefined;
}

/** The chart's library is a dependency of the bench alone, and may not be installed. */
export async function draw(file: URL, results: Results): Promise<void> {
  const module = new URL('chart.ts', import.meta.url).href;
  const { chart } = (await import(module).catch(() => ({}))) as { chart?: (results: Results) => string };
  if (chart) await writeFile(file, chart(results));
  else console.error('No chart: npm install --prefix bench');
}

function identity({ peer, variant, seed }: Pick<Trial, 'peer' | 'variant' | 'seed'>): string {
  return `${peer} ${variant} ${seed}`;
}

function timeline(hits: readonly Hit[]): { admitted: number[]; refused: number[] } {
  const steps = Math.floor((hits.at(-1)?.at ?? 0) / STEP_MS) + 1;
  const admitted = new Array<number>(steps).fill(0);
  const refused = new Array<number>(steps).fill(0);
  for (const { at, status } of hits) {
    const counts = status === 200 ? admitted : refused;
    const step = Math.floor(at / STEP_MS);
    counts[step] = (counts[step] as number) + 1;
  }
  return { admitted, refused };
}
