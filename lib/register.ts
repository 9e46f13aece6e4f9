/**
 * `node --import headgate/register app.js`: gates every fetch and undici request of an unmodified program.
 * `HEADGATE_POLICY` names the policy file, which is watched; without it, the other `HEADGATE_…` variables
 * are the whole policy. An invalid policy ends the process with a one-line message and exit code 2.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { UndiciInterceptor } from './clients/undici/index.ts';
import { headgate } from './headgate.ts';
import { loadPolicy, optionsIn } from './policy-file/load.ts';

/** Exit code for an invalid policy. */
const WRONG_POLICY = 2;

/** Keys of undici's global dispatcher: the first in undici 5 to 7 and in Node.js, the second in undici 8. */
const GLOBAL_DISPATCHERS = ['undici.globalDispatcher.1', 'undici.globalDispatcher.2'].map((key) =>
  Symbol.for(key),
);

interface Composable {
  compose(interceptor: UndiciInterceptor): unknown;
}

function gate(): ReturnType<typeof headgate> {
  const file = process.env.HEADGATE_POLICY;
  try {
    return headgate(file ? { policy: loadPolicy(file, { watch: true }) } : optionsIn(process.env));
  } catch (error) {
    process.stderr.write(`headgate/register: ${(error as Error).message}\n`);
    process.exit(WRONG_POLICY);
  }
}

/** Loads the program's own undici, if any, now: loaded later, it would replace the gated dispatcher. */
async function loadUndici(): Promise<void> {
  try {
    const { resolve } = createRequire(path.join(process.cwd(), 'package.json'));
    await import(pathToFileURL(resolve('undici')).href);
  } catch {
    // The program has none; the one inside Node.js is enough.
  }
}

const interceptor = gate().undici();
await loadUndici();
new Headers(); // the undici inside Node.js creates its dispatcher on first use
const composed = new Map<unknown, unknown>();
const slots = globalThis as unknown as Record<symbol, Composable | undefined>;
for (const key of GLOBAL_DISPATCHERS) {
  const dispatcher = slots[key];
  if (typeof dispatcher?.compose !== 'function') continue;
  const gated = composed.get(dispatcher) ?? dispatcher.compose(interceptor);
  composed.set(dispatcher, gated);
  slots[key] = gated as Composable;
}
