/** Clients x faults x stages: each call ends once, and leaves nothing behind. */
import { headgate } from 'headgate';
import { sleep } from '../support/server.ts';
import { Watch } from './breaches.ts';
import type { ProofClient } from './clients.ts';
import { type Answer, allFaults, type Fault } from './faults.ts';
import { ProofServer } from './server.ts';
import type { Cell } from './table.ts';

/** When the fault strikes. */
const STAGES = ['first', 'resend', 'queued', 'redirected', 'aborted'] as const;
type Stage = (typeof STAGES)[number];

const good: Answer = (_request, response) => response.end('{}');
const busy: Answer = (_request, response) => response.writeHead(503).end();
const elsewhere: Answer = (_request, response) => response.writeHead(307, { location: '/elsewhere' }).end();

export function matrix(client: ProofClient, only: string | undefined): Cell[] {
  const faults = allFaults.filter(({ name }) => only === undefined || name.includes(only));
  return faults.flatMap((fault, row) =>
    STAGES.map((stage, column) => ({
      name: `${fault.name}, ${stage}`,
      run: () => run(client, fault, stage, (row + column) % 2 === 1),
    })),
  );
}

/** Two calls, one a POST. In odd cells it is the first, and the gate learns. */
async function run(client: ProofClient, fault: Fault, stage: Stage, odd: boolean): Promise<string[]> {
  await using server = await ProofServer.start();
  server.answer = script(stage, fault);
  const gate = headgate({
    adaptive: odd,
    maxQueue: 10,
    quotas: [{ name: 'q', concurrency: stage === 'queued' ? 1 : 2, windows: [{ limit: 1000, per: '1m' }] }],
    retry: {
      attempts: 3,
      deadline: '400ms',
      bodyTimeout: '300ms',
      budget: 1,
      backoff: { base: 1, max: 3 },
    },
  });
  const watch = new Watch(gate);
  const api = client.open(gate);
  const controllers = [new AbortController(), new AbortController()];
  const sent = controllers.map(({ signal }, index) =>
    api.send({
      url: (stage === 'first' && fault.url) || server.url,
      method: odd === (index === 0) ? 'POST' : 'GET',
      signal,
    }),
  );
  for (const promise of sent) promise.catch(() => undefined);
  for (const [index, ms] of aborts(stage, fault).entries()) {
    void sleep(ms + (odd ? 1 : 0)).then(() => controllers[index]?.abort());
  }
  const signals = controllers.map(({ signal }) => signal);
  const breaches = await watch.breaches(sent, client.keepsListeners ? [] : signals);
  await api.close();
  const unread = await server.unread();
  if (unread > 0) breaches.push(`${unread} sockets are still in use`);
  await gate.close();
  return breaches;
}

/** When its user gives each call up, in ms. A body that drips is never idle: nothing else ends it. */
function aborts(stage: Stage, { name }: Fault): readonly number[] {
  if (stage === 'aborted') return [0, 3];
  return name.includes('without an end') ? [700, 700] : [];
}

/** What the server does with its nth request, from 1. */
function script(stage: Stage, { answer }: Fault): Answer {
  let n = 0;
  return (request, response) => {
    n += 1;
    if (stage === 'resend' && n === 1) busy(request, response);
    else if (stage === 'redirected' && request.url === '/') elsewhere(request, response);
    else if (stage === 'queued' && n === 1) setTimeout(good, 10, request, response);
    else answer(request, response);
  };
}
