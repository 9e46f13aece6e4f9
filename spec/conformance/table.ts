/**
 * Tries every law on every client and prints what came of it as a table: `npm run conformance`. With `-- --write` the
 * whole of it goes into `spec/conformance/README.md`, and the laws that do not hold everywhere into `docs/clients.md`.
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
const head: string[] = [
  row(['Law', ...drivers.map(({ name }) => name)]),
  row(['---', ...drivers.map(() => ':-:')]),
];
const all: string[] = [];
const differing: string[] = [];
let tried = 0;
for (const [about, group] of Object.entries(laws)) {
  all.push(row([`**${about}**`, ...drivers.map(() => '')]));
  for (const [title, law] of Object.entries(group)) {
    const cells: string[] = [];
    for (const driver of drivers) cells.push(await cell(driver, title, law));
    all.push(row([title, ...cells]));
    if (cells.some((each) => each !== '✔')) differing.push(row([title, ...cells]));
    tried += 1;
  }
}
const notes = ['', ...reasons.map((reason, index) => `${index + 1}. ${reason}`)];
const table = [
  `${tried} laws, tried on ${drivers.length} clients; ✔ holds, a number is a difference:\n`,
  ...head,
  ...all,
  ...notes,
].join('\n');
console.log(table);

if (process.argv.includes('--write')) {
  writeFileSync(
    new URL('README.md', import.meta.url),
    `# One behaviour, whatever client is wrapped\n\nWritten by \`npm run conformance -- --write\`.\n\n${table}\n`,
  );
  const page = new URL('../../docs/clients.md', import.meta.url);
  const few = [
    `${tried} laws are tried on ${drivers.length} clients ([all of them](../spec/conformance/README.md)). ` +
      `All hold except ${differing.length}, where a number gives the reason:\n`,
    ...head,
    ...differing,
    ...notes,
  ].join('\n');
  const fresh = readFileSync(page, 'utf8').replace(
    /(<!-- conformance -->\n)[\s\S]*?(<!-- \/conformance -->)/,
    (_all, begin, end) => `${begin}\n${few}\n\n${end}`,
  );
  writeFileSync(page, fresh);
}
if (failures.length > 0) {
  console.error(failures.join('\n'));
  process.exitCode = 1;
}
