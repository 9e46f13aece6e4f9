/**
 * Proves that each call ends once and leaves nothing behind, whatever happens to it: `npm run proof`.
 *
 *     npm run proof -- --client undici --fault 429 --part matrix --inputs 10000
 *     npm run proof:redis -- --fault FLUSHALL
 */
import { parseArgs } from 'node:util';
import { unhandled } from './breaches.ts';
import { clients, type ProofClient } from './clients.ts';
import { proveExpressions } from './expressions.ts';
import { fuzz } from './fuzz.ts';
import { listeners } from './listeners.ts';
import { matrix } from './matrix.ts';
import { microtasks } from './microtasks.ts';
import { disturbances } from './redis.ts';
import { survey } from './survey.ts';
import { type Cell, print, row } from './table.ts';

const { values } = parseArgs({
  options: {
    client: { type: 'string', default: '' },
    fault: { type: 'string' },
    part: { type: 'string', default: '' },
    inputs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
  },
});

const parts: Readonly<Record<string, (client: ProofClient) => Cell[]>> = {
  matrix: (client) => matrix(client, values.fault),
  listeners,
  microtasks,
};

// What a listener throws becomes a process warning, of which there are thousands here.
process.removeAllListeners('warning');
process.on('warning', () => undefined);

let breaches = 0;
for (const [part, cells] of Object.entries(parts)) {
  if (!part.includes(values.part)) continue;
  for (const client of clients) {
    if (client.name.includes(values.client)) breaches += await row(part, client.name, cells(client));
  }
}
if ('fuzz'.includes(values.part)) {
  const began = performance.now();
  const { inputs, found } = fuzz(Number(values.inputs), Number(values.seed));
  print('fuzz', 'pure readers', inputs, performance.now() - began, found);
  breaches += found.length;
}
if ('expressions'.includes(values.part)) breaches += await proveExpressions();
if ('survey'.includes(values.part)) breaches += survey();
if ('redis'.includes(values.part)) breaches += await disturbances(values.fault);
print('unhandled', '', unhandled.length, 0, [...new Set(unhandled)]);
breaches += unhandled.length;
process.exit(breaches === 0 ? 0 : 1);
