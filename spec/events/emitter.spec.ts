import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { headgate } from 'headgate';
import { stub } from 'sinon';
import { Emitter } from '../../lib/events/emitter.ts';

describe('A listener', () => {
  const event = { at: 0, gate: 'g', code: 'c', message: 'm' };

  for (const [what, listener] of [
    [
      'throws what has no text',
      () => {
        throw Object.create(null);
      },
    ],
    [
      'throws an error whose stack cannot be read',
      () => {
        throw Object.defineProperty(new Error('x'), 'stack', {
          get: () => {
            throw new Error('no');
          },
        });
      },
    ],
    ['rejects with what has no text', () => Promise.reject(Object.create(null))],
    [
      'gives a promise of another make that rejects',
      () => ({
        // biome-ignore lint/suspicious/noThenProperty: it is what such a promise is
        then: (_resolve: unknown, reject: (error: unknown) => void) => reject(new Error('x')),
      }),
    ],
  ] as const) {
    it(`that ${what} breaks nothing, and is told of`, async () => {
      const emitter = new Emitter();
      const heard: unknown[] = [];
      emitter.on('warning', listener);
      emitter.on('warning', (each) => heard.push(each));
      const warn = stub(process, 'emitWarning');
      try {
        emitter.emit('warning', event);
        expect(heard).to.have.length(1);
        await turn();
        expect(warn.firstCall.args[1]).to.deep.equal({ code: 'HEADGATE_LISTENER' });
      } finally {
        warn.restore();
      }
    });
  }

  it('that is none is refused at once', () => {
    const gate = headgate();
    expect(() => gate.on('retry', 3 as never)).to.throw(TypeError, /listener/);
    expect(() => gate.once('retry', undefined as never)).to.throw(TypeError, /listener/);
  });
});
