/** Clients x microtasks: a call that is aborted between its grant and its sending gives the permit back. */
import { headgate } from 'headgate';
import { Watch } from './breaches.ts';
import type { ProofClient } from './clients.ts';
import { ProofServer } from './server.ts';
import type { Cell } from './table.ts';

/** Number of microtasks after which a call is aborted: more than any client lets pass before it sends. */
const MICROTASKS = 40;

/** Told just before a waiting call is granted, or just after. */
const MOMENTS = ['success', 'attempt', 'resume'] as const;

export function microtasks(client: ProofClient): Cell[] {
  return MOMENTS.flatMap((moment) =>
    Array.from({ length: MICROTASKS }, (_, count) => ({
      name: `an abort ${count} microtasks after ${moment}`,
      run: () => run(client, moment, count),
    })),
  );
}

async function run(client: ProofClient, moment: (typeof MOMENTS)[number], count: number): Promise<string[]> {
  await using server = await ProofServer.start();
  let n = 0;
  server.answer = (_request, response) => {
    n += 1;
    if (moment === 'resume' && n === 1) response.writeHead(429, { 'retry-after-ms': '5' }).end();
    else setTimeout(() => response.end('{}'), 3);
  };
  const gate = headgate({
    adaptive: false,
    quotas: [{ name: 'one', concurrency: 1 }],
    retry: { deadline: '5s' },
  });
  const watch = new Watch(gate);
  const api = client.open(gate);
  const [stays, goes] = [new AbortController(), new AbortController()];
  const first = api.send({ url: server.url, method: 'GET', signal: stays.signal });
  const second = api.send({ url: server.url, method: 'POST', signal: goes.signal });
  for (const promise of [first, second]) promise.catch(() => undefined);
  gate.once(moment, async () => {
    // The first attempt is the first call's own.
    if (moment === 'attempt') await new Promise((resolve) => gate.once('attempt', resolve));
    for (let passed = 0; passed < count; passed += 1) await undefined;
    goes.abort();
  });
  const signals = client.keepsListeners ? [] : [stays.signal, goes.signal];
  const breaches = await watch.breaches([first, second], signals);
  const again = api.send({ url: server.url, method: 'GET', signal: stays.signal });
  breaches.push(...(await watch.breaches([again])));
  if (gate.quotas()[0]?.inFlight !== 0) breaches.push('a permit is lost');
  await api.close();
  await gate.close();
  return breaches;
}
