import { writeFileSync } from 'node:fs';
import { complexity, expressions, LINEAR, PROVEN } from '../support/expressions.ts';
import { print } from './table.ts';

/** Proves that no text makes a regular expression of the library slow, and writes down those that are proven. */
export async function proveExpressions(): Promise<number> {
  const began = performance.now();
  const all = expressions();
  const proven: string[] = [];
  const slow: string[] = [];
  for (const each of all) {
    const found = await complexity(each);
    if (LINEAR.test(found)) proven.push(each.text);
    else slow.push(`${each.at} ${each.text}: ${found}`);
  }
  writeFileSync(PROVEN, `${proven.sort().join('\n')}\n`);
  print('expressions', 'recheck', all.length, performance.now() - began, slow);
  return slow.length;
}
