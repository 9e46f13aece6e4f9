import { AsyncLocalStorage } from 'node:async_hooks';
import { expect } from 'chai';
import { EVENT_NAMES } from '../../lib/events/emitter.ts';
import { drivers } from '../conformance/drivers/index.ts';
import { Scene, soon } from '../conformance/scene.ts';
import { endings } from '../support/ending.ts';

const CALLS = 6;

for (const driver of drivers) {
  describe(`The async context, ${driver.name}`, () => {
    const own = endings();
    it('of every event of a call is the one in which the call began', async () => {
      const scene = own(await Scene.open(driver));
      const { gate, client } = scene.stage({
        adaptive: false,
        quotas: [{ name: 'two', concurrency: 2 }],
        retry: { attempts: 3 },
      });
      // given calls that wait for one another, are throttled, fail and are resent, over shared connections
      scene.server.handler = (n, _request, response) => {
        if (n === 2) response.writeHead(429, { 'retry-after-ms': '30' }).end();
        else if (n % 5 === 0) response.writeHead(503).end();
        else if (n === 8) response.writeHead(404).end();
        else setTimeout(() => response.end('{}'), 5);
      };
      const storage = new AsyncLocalStorage<number>();
      const contexts = new Map<string, Set<number | undefined>>();
      const told = new Set<string>();
      for (const name of EVENT_NAMES) {
        gate.on(name, (event) => {
          const { call } = event as { call?: string };
          if (call === undefined) return;
          told.add(name);
          contexts.set(call, (contexts.get(call) ?? new Set()).add(storage.getStore()));
        });
      }
      // when each is made in a context of its own
      await soon(
        Promise.allSettled(
          Array.from({ length: CALLS }, (_, n) => storage.run(n, () => client.send({ url: scene.url }))),
        ),
      );
      // then each call's events were told in that context alone
      expect([...told]).to.include.members(['queued', 'attempt', 'retry', 'pause', 'success', 'failure']);
      const seen = [...contexts.values()].map((each) => [...each]);
      expect(seen.every((each) => each.length === 1)).to.equal(true);
      expect(seen.flat().toSorted()).to.deep.equal(Array.from({ length: CALLS }, (_, n) => n));
    });
  });
}
