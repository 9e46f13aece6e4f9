import { expect } from 'chai';
import type { AnyEvent } from 'headgate';
import { drivers } from '../conformance/drivers/index.ts';
import { Scene, soon, until } from '../conformance/scene.ts';
import { endings } from '../support/ending.ts';

/** Maximum number of microtasks that any client lets pass between a grant and the sending, and a few more. */
const MICROTASKS = 16;

/** One call at a time, and two in all for as long as a spec runs. */
const QUOTAS = [{ name: 'one', concurrency: 1, windows: [{ limit: 2 * MICROTASKS, per: '1m' }] }];

async function microtasks(count: number): Promise<void> {
  for (let passed = 0; passed < count; passed += 1) await undefined;
}

/** Names of the events of each call, in order. */
function eventsByCall(events: readonly AnyEvent[]): string[][] {
  const calls = new Map<string, string[]>();
  for (const event of events) {
    const { type, call } = event as { type: string; call?: string };
    if (call !== undefined) calls.set(call, [...(calls.get(call) ?? []), type]);
  }
  return [...calls.values()];
}

for (const driver of drivers) {
  describe(`An abort between the grant and the sending, ${driver.name}`, () => {
    const own = endings();
    it('returns the permit, in whichever microtask it comes', async () => {
      const scene = own(await Scene.open(driver));
      for (let count = 0; count <= MICROTASKS; count += 1) {
        const stage = scene.stage({ adaptive: false, quotas: QUOTAS });
        const { gate, client, events } = stage;
        // given a call that waits for another one's end, which is not answered before
        let answer: (() => void) | undefined;
        scene.server.handler = (_n, _request, response) => {
          answer = () => response.end('{}');
        };
        const first = client.send({ url: scene.url });
        await until('the first is in flight', () => gate.quotas()[0]?.inFlight === 1);
        const controller = new AbortController();
        const second = client.send({ url: scene.url, signal: controller.signal });
        await until('the second waits', () => gate.quotas()[0]?.queued === 1);
        // when it is aborted a few microtasks after its grant
        gate.once('success', async () => {
          await microtasks(count);
          controller.abort();
        });
        await until('the first has arrived', () => answer !== undefined);
        scene.server.handler = (_n, _request, response) => void response.end('{}');
        answer?.();
        await first;
        await soon(second.catch(() => undefined));
        // then its permit is free, and nothing was told of it after its end
        await until('the permit is back', () => gate.quotas()[0]?.inFlight === 0);
        for (const told of eventsByCall(events)) {
          expect(told.filter((name) => name === 'success' || name === 'failure')).to.have.length(1);
          expect(told.at(-1), `${count}: ${told}`).to.be.oneOf(['success', 'failure']);
        }
        await soon(client.send({ url: scene.url }));
      }
    });

    it('caused by a listener to `attempt` sends nothing, and leaves the window as it was', async () => {
      const scene = own(await Scene.open(driver));
      const stage = scene.stage({ adaptive: false, quotas: QUOTAS });
      const { gate, client, events } = stage;
      const controller = new AbortController();
      // given a listener that comes before the one that records
      const order: string[] = [];
      gate.on('attempt', () => controller.abort());
      gate.on('attempt', () => order.push('attempt'));
      gate.on('failure', () => order.push('failure'));
      // when a call is made
      await soon(client.send({ url: scene.url, signal: controller.signal }).catch(() => undefined));
      // then it fails, unsent, and both listeners hear of it in order
      await until('the failure is told', () => order.includes('failure'));
      expect(order).to.deep.equal(['attempt', 'failure']);
      expect(eventsByCall(events)).to.deep.equal([['attempt', 'failure']]);
      expect(scene.server.seen).to.have.length(0);
      expect(gate.quotas()[0]).to.deep.include({ inFlight: 0, queued: 0 });
      expect(gate.quotas()[0]?.windows[0]?.used).to.equal(0);
    });

    for (const name of ['pause', 'retry'] as const) {
      it(`caused by a listener to \`${name}\` is the last event of the call`, async () => {
        const scene = own(await Scene.open(driver));
        scene.server.replies({ status: 429, headers: { 'retry-after-ms': '20' } });
        const { gate, client, events } = scene.stage({ adaptive: false, quotas: QUOTAS });
        // given a listener that gives the call up
        const controller = new AbortController();
        gate.on(name, () => controller.abort());
        // when the call is refused
        const sent = client.send({ url: scene.url, signal: controller.signal });
        const outcome = await soon(
          sent.then(
            ({ status }) => status,
            () => 'an error',
          ),
        );
        await until('the failure is told', () => eventsByCall(events).flat().includes('failure'));
        // then it ends in an error, nothing follows its failure, and nothing is sent again
        expect(outcome).to.equal('an error');
        const [told = []] = eventsByCall(events);
        expect(told.at(-1), String(told)).to.equal('failure');
        expect(scene.server.seen).to.have.length(1);
        expect(gate.quotas()[0]).to.include({ inFlight: 0, queued: 0 });
      });
    }
  });
}
