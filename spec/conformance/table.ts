/**
 * Tries every law on every client and prints what came of it as a table: `npm run conformance`; with `-- --write` it
 * goes into the README.
 * Ends with an error when a law did not hold where no difference is declared, or a difference did not show.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Difference, Driver } from './driver.ts';
import { drivers } from './drivers/index.ts';
import { laws } from './laws.ts';
import { tryLaw } from './trial.ts';

const failures: string[] = [];
/** The reasons of differences, in the order of their numbers. */
const reasons: string[] = [];

function numberOf({ because }: Difference): number {
  if (!reasons.includes(because)) reasons.push(because);
  return reasons.indexOf(because) + 1;
}

async function cell(driver: Driver, title: string, law: Parameters<typeof tryLaw>[2]): Promise<string> {
  try {
    await tryLaw(driver, title, law);
  } catch (error) {
    failures.push(`${driver.name}: ${title}: ${(error as Error).message}`);
    return '✘';
  }
  const difference = driver.differences?.[title];
  return difference ? `[${numberOf(difference)}]` : '✔';
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const lines: string[] = [
  row(['Law', ...drivers.map(({ name }) => name)]),
  row(['---', ...drivers.map(() => ':-:')]),
];
let tried = 0;
for (const [about, group] of Object.entries(laws)) {
  lines.push(row([`**${about}**`, ...drivers.map(() => '')]));
  for (const [title, law] of Object.entries(group)) {
    const cells: string[] = [];
    for (const driver of drivers) cells.push(await cell(driver, title, law));
    lines.push(row([title, ...cells]));
    tried += 1;
  }
}
const table = [
  `${tried} laws, tried on ${drivers.length} clients; ✔ holds, a number is a difference:\n`,
  ...lines,
  '',
  ...reasons.map((reason, index) => `${index + 1}. ${reason}`),
].join('\n');
console.log(table);
if (process.argv.includes('--write')) {
  const readme = new URL('../../README.md', import.meta.url);
  const text = readFileSync(readme, 'utf8');
  const fresh = text.replace(
    /(<!-- conformance -->\n)[\s\S]*?(<!-- \/conformance -->)/,
    (_all, begin, end) => `${begin}\n${table}\n\n${end}`,
  );
  writeFileSync(readme, fresh);
}
if (failures.length > 0) {
  console.error(failures.join('\n'));
  process.exitCode = 1;
}
