/** Runs the cells of one client, a few at a time, and tells how it went. */
import { sleep } from '../support/server.ts';
import { handles } from './breaches.ts';

/** Cells at once: most of them wait. */
const AT_ONCE = 8;

/** Maximum number of breaches that are told of one row. */
const TOLD = 20;

/** One thing to try, and what it breaches. */
export interface Cell {
  readonly name: string;
  run(): Promise<readonly string[]>;
}

/** Runs the cells of one row of the table, and prints it. Returns the number of breaches. */
export async function row(part: string, name: string, cells: readonly Cell[]): Promise<number> {
  const before = handles().length;
  const began = performance.now();
  const breaches: string[] = [];
  const queue = [...cells];
  const work = async (): Promise<void> => {
    for (let cell = queue.shift(); cell; cell = queue.shift()) {
      const { name: title } = cell;
      breaches.push(...(await cell.run()).map((each) => `${title}: ${each}`));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  let left = handles().length;
  for (let tries = 0; left > before && tries < 300; tries += 1) {
    await sleep(20);
    left = handles().length;
  }
  if (left > before) breaches.push(`${left - before} handles are left: ${handles()}`);
  print(part, name, cells.length, performance.now() - began, breaches);
  return breaches.length;
}

export function print(
  part: string,
  name: string,
  count: number,
  ms: number,
  breaches: readonly string[],
): void {
  const columns = [
    part.padEnd(12),
    name.padEnd(18),
    String(count).padStart(8),
    `${(ms / 1000).toFixed(1).padStart(7)} s`,
    breaches.length === 0 ? 'ok' : `${breaches.length} breaches`,
  ];
  console.log(columns.join('  '));
  for (const breach of breaches.slice(0, TOLD)) console.log(`    ${breach}`);
}
