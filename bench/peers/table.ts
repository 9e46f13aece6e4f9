/**
 * Makes the charts and tables of what `npm run bench:peers` measured: a table in full, `bench/results/peers/README.md`, and one in
 * short between `<!-- peers -->` and `<!-- /peers -->` of `docs/unknown-limits.md`, if these are there; and the README's picture.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { COLUMNS, type Row, rowsOf } from './print.ts';
import { allResults, draw, RESULTS, type Results } from './results.ts';
import { works } from './works.ts';

const PAGE = new URL('../../docs/unknown-limits.md', import.meta.url);
/** The README's picture: one work, with and without Headgate. */
const PICTURE = new URL('../../docs/with-and-without.svg', import.meta.url);
const PICTURED = 'unknown';
const PICTURED_PEERS = ['headgate', 'got', 'p-retry'];
const START = '<!-- peers -->';
const END = '<!-- /peers -->';

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Every figure of one work. */
function full({ work, trials }: Results): string {
  const rows = rowsOf(trials);
  const table = markdown(
    ['peer', 'variant', 'seeds', ...COLUMNS.map(({ title }) => title)],
    rows.map(({ peer, variant, seeds, figures }) => [
      peer,
      variant,
      String(seeds),
      ...COLUMNS.map(({ cell }) => cell(figures)),
    ]),
  );
  const ideal = ((rows[0]?.idealMs ?? 0) / 1000).toFixed(2);
  return `## ${work.name}\n\n${work.title}. Ideal: ${ideal} s.\n\n${table}\n\n![Requests over time](${work.name}.svg)\n`;
}

/** One work in one line: Headgate, the best of the others that loses no call, and the range of all others. */
function short({ work, trials }: Results): string[] {
  const rows = rowsOf(trials);
  const others = rows.filter(({ peer }) => peer !== 'headgate');
  const [best] = others
    .filter(({ figures }) => figures.lost === 0)
    .sort((a, b) => a.figures.timeOverIdeal - b.figures.timeOverIdeal);
  const ours = rows.find(({ peer }) => peer === 'headgate');
  return [
    work.title,
    ours ? cell(ours) : '',
    best ? `${best.peer}: ${cell(best)}` : 'none without lost calls',
    range(others, ({ figures }) => figures.throttled + figures.failed),
    range(others, ({ figures }) => figures.lost),
  ];
}

function cell({ figures }: Row): string {
  const lost = figures.lost > 0 ? `, ${figures.lost} lost` : '';
  return `${figures.timeOverIdeal.toFixed(2)}, ${figures.throttled + figures.failed} refused${lost}`;
}

function range(rows: readonly Row[], value: (row: Row) => number): string {
  if (rows.length === 0) return '';
  const values = rows.map(value);
  return `${Math.min(...values)} to ${Math.max(...values)}`;
}

const order = works().map(({ name }) => name);
const results = (await allResults()).sort((a, b) => order.indexOf(a.work.name) - order.indexOf(b.work.name));
for (const each of results) {
  await draw(new URL(`${each.work.name}.svg`, RESULTS), each);
  if (each.work.name === PICTURED) {
    await draw(PICTURE, { ...each, trials: each.trials.filter(({ peer }) => PICTURED_PEERS.includes(peer)) });
  }
}
const intro =
  '# Headgate and its peers\n\nMedians over the seeds. Made by `npm run bench:table` of what `npm run bench:peers` measured.\n';
await writeFile(new URL('README.md', RESULTS), [intro, ...results.map(full)].join('\n'));

const table = markdown(
  ['work', 'Headgate: time / ideal', 'best peer: time / ideal', 'refused, all peers', 'lost, all peers'],
  results.map(short),
);
const page = await readFile(PAGE, 'utf8').catch(() => '');
const [from, to] = [page.indexOf(START), page.indexOf(END)];
if (from >= 0 && to > from) {
  await writeFile(PAGE, `${page.slice(0, from + START.length)}\n\n${table}\n\n${page.slice(to)}`);
} else {
  console.log(table);
}
