import { EventEmitter } from 'node:events';
import { expect } from 'chai';
import { subscribable } from '../../lib/redis/clients.ts';

describe('A connection to Redis that is being set up', () => {
  for (const event of ['ready', 'close', 'end']) {
    it(`has one listener for all that wait for it, and none after its ${event}`, async () => {
      const client = Object.assign(new EventEmitter(), { status: 'connecting' });
      const waits = Array.from({ length: 20 }, () => subscribable(client as never));
      expect(client.listenerCount(event)).to.equal(1);
      client.emit(event);
      await Promise.all(waits);
      expect(client.eventNames()).to.deep.equal([]);
      const again = subscribable(client as never);
      client.emit('ready');
      await again;
    });
  }
});
