import { AsyncLocalStorage } from 'node:async_hooks';
import { tracingChannel } from 'node:diagnostics_channel';
import { expect } from 'chai';
import { headgate } from 'headgate';
import { stub } from 'sinon';
import { endings } from '../support/ending.ts';
import { CLIENTS, type ClientName } from './support/clients.ts';
import { Counter } from './support/counter.ts';

type Message = Record<string, unknown> & { headers: Record<string, string> };

const PARTS = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const;

/** Everything that a tracing channel tells until it is released. */
function heard(name: 'call' | 'attempt', onStart: (message: Message) => void = () => undefined) {
  const told: { readonly part: string; readonly message: Message }[] = [];
  const subscribers = Object.fromEntries(
    PARTS.map((part) => [
      part,
      (message: unknown) => {
        told.push({ part, message: message as Message });
        if (part === 'start') onStart(message as Message);
      },
    ]),
  ) as never;
  const channel = tracingChannel(`headgate:${name}`);
  channel.subscribe(subscribers);
  const release = async (): Promise<void> => channel.unsubscribe(subscribers) as unknown as undefined;
  return { told, channel, [Symbol.asyncDispose]: release };
}

describe('The tracing channels', () => {
  const own = endings();

  for (const client of Object.keys(CLIENTS) as ClientName[]) {
    describe(`by ${client}`, () => {
      let server: Counter;
      let n = 0;
      const send = (path: string, signal?: AbortSignal): Promise<unknown> => {
        const gate = own(headgate({ adaptive: false, retry: { backoff: { base: 5, max: 10 } } }));
        return CLIENTS[client](gate)(`${server.url}${path}`, signal);
      };
      beforeEach(async () => {
        server = own(await Counter.start());
      });

      it('tell of each call and each attempt once, from start to asyncEnd', async () => {
        const calls = own(heard('call'));
        const attempts = own(heard('attempt'));

        await send('/busy');

        expect(calls.told.map(({ part }) => part)).to.deep.equal(['start', 'end', 'asyncStart', 'asyncEnd']);
        const failed = ['start', 'end', 'error', 'asyncStart', 'asyncEnd'];
        const parts = attempts.told.map(({ part }) => part);
        expect(parts).to.deep.equal([...failed, ...failed, 'start', 'end', 'asyncStart', 'asyncEnd']);
        const [call] = calls.told;
        expect(call?.message).to.include({ method: 'GET', attempts: 3, status: 200 });
        const messages = [...new Set(attempts.told.map(({ message }) => message))];
        expect(messages.map(({ resends, status, verdict }) => [resends, status, verdict])).to.deep.equal([
          [0, 503, 'transient'],
          [1, 503, 'transient'],
          [2, 200, 'success'],
        ]);
        expect(messages.every((message) => message.call === call?.message.call)).to.equal(true);
        expect(messages[0]?.error).to.have.property('message', `GET ${server.url}/busy: 503, transient`);
      });

      it('send with an attempt the headers that a subscriber adds', async () => {
        own(
          heard('attempt', ({ headers }) => {
            n += 1;
            headers.traceparent = `00-${String(n).padStart(32, '0')}-${'1'.padStart(16, '0')}-01`;
          }),
        );
        const before = n;

        await send('/closed');

        const sent = server.seen.map(({ traceparent }) => Number(traceparent?.slice(3, 35)) - before);
        expect(sent).to.deep.equal([1, 2]);
      });

      it("run the gate's listeners and the sending in the stores bound to them", async () => {
        const store = new AsyncLocalStorage<string>();
        const calls = own(heard('call'));
        calls.channel.start.bindStore(store, (message) => `call ${(message as Message).call}`);
        const seen: unknown[] = [];
        const attempts = own(heard('attempt', () => seen.push(store.getStore())));

        await send('/busy');
        calls.channel.start.unbindStore(store);

        const [first] = calls.told;
        expect(seen).to.deep.equal(Array(3).fill(`call ${first?.message.call}`));
        expect(attempts.told.length).to.be.above(0);
      });

      it('tell of a call that its user aborts, with the reason', async () => {
        const attempts = own(heard('attempt'));
        const abort = new AbortController();
        const sent = send('/hang', abort.signal).catch(() => undefined);
        await server.hanging;

        abort.abort();
        await sent;

        const last = attempts.told.at(-1);
        expect(last?.part).to.equal('asyncEnd');
        expect(last?.message).to.include({ reason: 'aborted' });
      });
    });
  }

  it('are published nothing to, and cost a call nothing, while nobody listens', async () => {
    const gate = own(headgate());
    const send = gate.fetch(async () => new Response(''));
    const listening = heard('attempt');
    await listening[Symbol.asyncDispose]();

    await send('http://localhost/');

    expect(listening.told).to.deep.equal([]);
  });

  it('survive tracers that throw, which become process warnings', async () => {
    const gate = own(headgate());
    const send = gate.fetch(async () => new Response('good'));
    const fail = (): never => {
      throw new Error('a tracer');
    };
    const tracers = [
      { call: fail, attempt: fail },
      { call: () => ({ run: fail, end: fail }), attempt: () => ({ run: fail, end: fail, answered: fail }) },
      { attempt: () => ({ run: () => undefined as never }) },
      {
        attempt: () => ({
          run: (begin: () => unknown) => {
            begin();
            return fail();
          },
        }),
      },
    ];
    const emitted = stub(process, 'emitWarning');
    let sent = 0;
    const counted = gate.fetch(async () => {
      sent += 1;
      return new Response('good');
    });
    for (const tracer of tracers) {
      const stop = gate.trace(tracer as never);
      expect(await (await counted('http://localhost/')).text()).to.equal('good');
      stop();
    }
    await new Promise((resolve) => setImmediate(resolve));
    const warnings = emitted.args.map(([text]) => text);
    emitted.restore();

    expect(sent).to.equal(tracers.length);
    expect(await (await send('http://localhost/')).text()).to.equal('good');
    expect(warnings.length).to.be.above(4);
    expect(new Set(warnings)).to.deep.equal(new Set(['A tracer of a headgate failed: Error: a tracer']));
  });
});
