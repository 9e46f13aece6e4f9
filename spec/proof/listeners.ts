/** Clients x events x what a listener may do: no listener can break a call, its own or another's. */
import { type EventName, type Headgate, headgate } from 'headgate';
import { EVENT_NAMES } from '../../lib/events/emitter.ts';
import { Watch } from './breaches.ts';
import type { Client, ProofClient } from './clients.ts';
import type { Answer } from './faults.ts';
import { ProofServer } from './server.ts';
import type { Cell } from './table.ts';

const CALLS = 5;

/** Maximum number of events of a kind at which a listener acts: what it does may bring about another. */
const ACTS = 3;

const QUOTAS = [{ name: 'q', concurrency: 2, windows: [{ limit: 1000, per: '1m' }] }];

/** What a listener can reach. */
interface Stage {
  readonly gate: Headgate;
  readonly controllers: readonly AbortController[];
  send(): void;
}

const acts: Readonly<Record<string, (stage: Stage) => unknown>> = {
  'aborts all calls': ({ controllers }) => {
    for (const controller of controllers) controller.abort();
  },
  'aborts all calls after one await': async ({ controllers }) => {
    await undefined;
    for (const controller of controllers) controller.abort();
  },
  'aborts the last call': ({ controllers }) => controllers.at(-1)?.abort(),
  'sends another': ({ send }) => send(),
  'closes the gate': ({ gate }) => gate.close(),
  'removes the quota, and brings it back': ({ gate }) => {
    gate.update({ quotas: [] });
    gate.update({ quotas: QUOTAS });
  },
  'asks for the quotas': ({ gate }) => gate.quotas(),
  throws: () => {
    throw new Error('of the listener');
  },
  rejects: () => Promise.reject(new Error('of the listener')),
};

/** Events that a call may tell of while it is being made, and what aborts it then. */
const FIRST: ReadonlySet<EventName> = new Set<EventName>(['call', 'queued', 'attempt']);
const AT_ONCE: ReadonlySet<string> = new Set(['aborts all calls', 'aborts the last call']);

/** Every kind of event comes about: a refusal, a fault, an end for good. */
function script(): Answer {
  let n = 0;
  return (_request, response) => {
    n += 1;
    if (n === 1) response.writeHead(429, { 'retry-after-ms': '10' }).end();
    else if (n === 3) response.writeHead(503).end();
    else if (n === 6) response.writeHead(404).end();
    else setTimeout(() => response.end('{}'), 2);
  };
}

export function listeners(client: ProofClient): Cell[] {
  return EVENT_NAMES.flatMap((event) =>
    Object.entries(acts)
      .filter(([act]) => !(client.deafAtFirst && FIRST.has(event) && AT_ONCE.has(act)))
      .map(([act, does]) => ({
        name: `a listener to ${event} that ${act}`,
        run: () => run(client, event, does),
      })),
  );
}

async function run(
  client: ProofClient,
  event: EventName,
  does: (stage: Stage) => unknown,
): Promise<string[]> {
  await using server = await ProofServer.start();
  server.answer = script();
  const gate = headgate({
    quotas: QUOTAS,
    retry: { attempts: 3, deadline: '3s', budget: 1, backoff: { base: 1, max: 3 } },
  });
  const api: Client = client.open(gate);
  const controllers = Array.from({ length: CALLS }, () => new AbortController());
  const sent: Promise<unknown>[] = [];
  const send = (controller = new AbortController()): void => {
    const promise = api.send({ url: server.url, method: 'GET', signal: controller.signal });
    promise.catch(() => undefined);
    sent.push(promise);
  };
  let acted = 0;
  gate.on(event, () => {
    acted += 1;
    return acted <= ACTS ? does({ gate, controllers, send: () => send() }) : undefined;
  });
  // After the one that acts: it must see all in the same order.
  const watch = new Watch(gate);
  for (const controller of controllers) send(controller);
  const breaches = await watch.breaches(
    sent,
    client.keepsListeners ? [] : controllers.map(({ signal }) => signal),
  );
  await api.close();
  const unread = await server.unread();
  if (unread > 0) breaches.push(`${unread} sockets are still in use`);
  await gate.close();
  return breaches;
}
