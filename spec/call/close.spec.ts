import { expect } from 'chai';
import { type AnyEvent, ClosedError, type Headgate, headgate, OptionsError } from 'headgate';
import { type VirtualClock, virtualClock } from 'headgate/testing';
import { record } from '../support/server.ts';
import { settled } from '../support/virtual-clock.ts';

const request = { method: 'GET', url: 'https://api.example.com/' };

interface Scene {
  readonly clock: VirtualClock;
  readonly gate: Headgate;
  readonly events: readonly AnyEvent[];
  /** Ends the nth attempt, from 0. */
  readonly ends: ((status: number) => void)[];
  send(): Promise<unknown>;
}

/** A gate that lets one attempt through at a time. */
function scene(): Scene {
  const clock = virtualClock();
  const options = {
    adaptive: false,
    quotas: [{ name: 'one', concurrency: 1 }],
    retry: { backoff: { base: '5s', max: '5s' } },
  };
  const gate = headgate(options, { clock, random: () => 0 });
  const ends: ((status: number) => void)[] = [];
  const send = gate.wrap(
    () => new Promise((resolve) => ends.push((status) => resolve({ status, headers: {} }))),
    { request },
  );
  return { clock, gate, events: record(gate), ends, send };
}

function closes(events: readonly AnyEvent[]): unknown[] {
  return events.flatMap((event) => (event.type === 'close' ? [[event.state, event.open]] : []));
}

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'done',
    ({ code }) => code,
  );

describe('close({ drain })', () => {
  it('lets calls continue that are queued, in flight or backing off, and admits no new ones', async () => {
    const { clock, gate, events, ends, send } = scene();
    const calls = [codeOf(send()), codeOf(send())];
    await settled();
    let closed = false;
    const closing = gate.close({ drain: '30s' }).then(() => {
      closed = true;
    });
    expect(await codeOf(send())).to.equal('ERR_HEADGATE_CLOSED');
    ends[0]?.(503);
    await clock.advance(1_000);
    // The one that waited went on, and the first backs off.
    expect(ends).to.have.length(2);
    ends[1]?.(200);
    await clock.advance(5_000);
    expect(ends).to.have.length(3);
    expect(closed).to.equal(false);
    ends[2]?.(200);
    await settled();
    await closing;
    expect(await Promise.all(calls)).to.deep.equal(['done', 'done']);
    expect(closes(events)).to.deep.equal([
      ['draining', 2],
      ['closed', 0],
    ]);
    expect(clock.pending).to.equal(0);
  });

  it('rejects what is left when its time is over, and lets attempts in flight end', async () => {
    const { clock, gate, events, ends, send } = scene();
    const calls = [codeOf(send()), codeOf(send())];
    await settled();
    const closing = gate.close({ drain: '30s' });
    await clock.advance(29_999);
    expect(events.some(({ type }) => type === 'failure')).to.equal(false);
    await clock.advance(1);
    expect(await calls[1]).to.equal('ERR_HEADGATE_CLOSED');
    ends[0]?.(200);
    await closing;
    expect(await calls[0]).to.equal('done');
    expect(closes(events)).to.deep.equal([
      ['draining', 2],
      ['closed', 2],
    ]);
  });

  it('ends at once if no call is open, or by a close() without drain', async () => {
    const idle = scene();
    await idle.gate.close({ drain: '1h' });
    const busy = scene();
    const calls = [codeOf(busy.send()), codeOf(busy.send())];
    await settled();
    const closing = busy.gate.close({ drain: Infinity });
    await busy.gate.close();
    await closing;
    expect(await calls[1]).to.equal('ERR_HEADGATE_CLOSED');
    busy.ends[0]?.(200);
    await calls[0];
  });

  it('emits no events without drain, and rejects an invalid duration', async () => {
    const { gate, events } = scene();
    const refused: unknown = await gate.close({ drain: 'soon' }).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(OptionsError).with.property('option', 'close.drain');
    await gate.close();
    expect(closes(events)).to.deep.equal([]);
    expect(await codeOf(Promise.reject(new ClosedError()))).to.equal('ERR_HEADGATE_CLOSED');
  });
});
