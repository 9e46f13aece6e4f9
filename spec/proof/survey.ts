import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { print } from './table.ts';

/** What `npm test` tries on a few generated servers. */
const SPECS = ['spec/learning/any-server.spec.ts', 'spec/learning/chance.spec.ts'];

/** Tries the laws of the learners on more servers and seeds, and their shares as they are written. */
export function survey(): number {
  const began = performance.now();
  const mocha = createRequire(import.meta.url).resolve('mocha/bin/mocha.js');
  const env = { ...process.env, WORLDS: process.env.WORLDS ?? '1500', SEEDS: process.env.SEEDS ?? '5' };
  const { status, stdout } = spawnSync(process.execPath, [mocha, ...SPECS, '--reporter', 'dot'], {
    cwd: new URL('../..', import.meta.url),
    encoding: 'utf8',
    env,
  });
  print('survey', 'learners', SPECS.length, performance.now() - began, status === 0 ? [] : [stdout]);
  return Number(status !== 0);
}
