import { expect } from 'chai';
import { type AnyEvent, DeadlineError, type Headgate, type HeadgateOptions, headgate } from 'headgate';
import { promptLedger } from '../support/gates.ts';
import { failureOf, record } from '../support/server.ts';
import { settled, VirtualClock } from '../support/virtual-clock.ts';

const HOUR_MS = 3_600_000;
const NARROW = { name: 'narrow', match: { path: '/api/**' }, windows: [{ limit: 1, per: '1h' }] } as const;
const WIDE = { name: 'wide', match: {}, windows: [{ limit: 3, per: '1h' }] } as const;

describe('An attempt queued under a quota that an update removes', () => {
  let clock: VirtualClock;
  let gates: Headgate[];
  let events: AnyEvent[];
  /** Names of the calls that were sent, in order, and how to answer each. */
  let sent: string[];
  let answers: ((status?: number, headers?: Record<string, string>) => void)[];

  beforeEach(() => {
    clock = new VirtualClock();
    [gates, events, sent, answers] = [[], [], [], []];
  });
  afterEach(() => Promise.all(gates.map((gate) => gate.close())));

  function gateOf(options: HeadgateOptions): Headgate {
    const asked = { retry: { deadline: Infinity }, ledger: promptLedger, ...options };
    const gate = headgate(asked, { clock, random: () => 0 });
    gates.push(gate);
    events = record(gate);
    return gate;
  }

  /** Calls that stay in flight until they are answered. */
  function call(gate: Headgate, name: string, of: object = {}, signal?: AbortSignal): Promise<unknown> {
    const send = () =>
      new Promise((resolve) => {
        sent.push(name);
        answers.push((status = 200, headers = {}) => resolve(new Response('{}', { status, headers })));
      });
    const request = { method: 'GET', url: `http://host/api/${name}`, headgate: of, signal };
    const result = gate.wrap(send, { request })();
    result.catch(() => undefined);
    return result;
  }

  const shown = (gate: Headgate): string[] =>
    gate.quotas().map(({ key, inFlight, queued }) => `${key}: ${inFlight} in flight, ${queued} queued`);

  it('goes at once, in order, if nothing else holds it', async () => {
    const gate = gateOf({ quotas: [NARROW] });
    for (const name of ['a', 'b', 'c', 'd']) call(gate, name);
    await settled();
    expect(sent).to.deep.equal(['a']);
    gate.update({ quotas: [] });
    await settled();
    call(gate, 'late');
    expect(sent).to.deep.equal(['a', 'b', 'c', 'd', 'late']);
    expect(shown(gate)).to.deep.equal([
      'narrow: 1 in flight, 0 queued',
      'http://host: 4 in flight, 0 queued',
    ]);
    const told = events.flatMap((event) => (event.type === 'attempt' ? [event.quota] : []));
    expect(told).to.deep.equal(['narrow', ...Array(4).fill('http://host')]);
  });

  it('waits under another quota that matches, and no more go than that allows', async () => {
    const gate = gateOf({ quotas: [NARROW, WIDE] });
    for (const name of ['a', 'b', 'c', 'd', 'e']) call(gate, name);
    await settled();
    gate.update({ quotas: [WIDE] });
    await settled();
    expect(sent).to.deep.equal(['a', 'b', 'c', 'd']);
    expect(shown(gate)).to.deep.equal(['narrow: 1 in flight, 0 queued', 'wide: 3 in flight, 1 queued']);
    const queued = events.flatMap((event) =>
      event.type === 'queued' ? [`${event.quota} ${event.call}`] : [],
    );
    expect(queued.filter((each) => each.startsWith('wide'))).to.have.length(1);
    for (const answer of answers) answer();
    await clock.advance(HOUR_MS + 2);
    expect(sent).to.have.length(5);
  });

  it('keeps its deadline, which is checked again, and leaves at once when it is aborted', async () => {
    const gate = gateOf({ quotas: [NARROW, { ...WIDE, windows: [{ limit: 1, per: '10s' }] }] });
    call(gate, 'first');
    const other = { quota: 'wide' };
    call(gate, 'other', other);
    await settled();
    for (const answer of answers) answer();
    await settled();
    const controller = new AbortController();
    // Of what it would have to wait for in flight nobody knows how long it takes.
    call(gate, 'ahead', { deadline: HOUR_MS * 2 });
    const hasty = failureOf(call(gate, 'hasty', { deadline: HOUR_MS * 2 }));
    const aborted = failureOf(call(gate, 'aborted', { deadline: HOUR_MS * 4 }, controller.signal));
    await settled();
    gate.update({ quotas: [{ ...WIDE, windows: [{ limit: 1, per: '90m' }] }] });
    expect(await hasty).to.be.instanceOf(DeadlineError);
    expect((await hasty) as DeadlineError)
      .to.have.property('waitMs')
      .above(HOUR_MS * 2);
    controller.abort();
    expect(await aborted).to.equal(controller.signal.reason);
    expect(shown(gate)).to.deep.equal(['wide: 0 in flight, 1 queued']);
    await clock.advance(HOUR_MS * 2);
    expect(sent).to.deep.equal(['first', 'other', 'ahead']);
  });

  it('finds room in a full queue', async () => {
    const gate = gateOf({ quotas: [NARROW, { ...WIDE, windows: [{ limit: 1, per: '1h' }] }], maxQueue: 3 });
    call(gate, 'a');
    await settled();
    const rest = ['b', 'c', 'd'].map((name) => call(gate, name));
    await settled();
    gate.update({ quotas: [{ ...WIDE, windows: [{ limit: 1, per: '1h' }] }] });
    for (let number = 0; number < 4; number += 1) {
      await settled();
      for (const answer of answers) answer();
      await clock.advance(HOUR_MS + 2);
    }
    await Promise.all(rest);
    expect(sent).to.deep.equal(['a', 'b', 'c', 'd']);
  });

  it('stays with a quota that it named itself, which then has no limits', async () => {
    const gate = gateOf({ quotas: [NARROW] });
    for (const name of ['a', 'b', 'c']) call(gate, name, { quota: 'narrow' });
    call(gate, 'd');
    await settled();
    gate.update({ quotas: [] });
    await settled();
    expect(sent).to.deep.equal(['a', 'b', 'c', 'd']);
    expect(shown(gate)).to.deep.equal([
      'narrow: 3 in flight, 0 queued',
      'http://host: 1 in flight, 0 queued',
    ]);
  });

  it('waits for the end of a pause first, as do retries of attempts in flight', async () => {
    const gate = gateOf({ quotas: [{ ...NARROW, windows: [{ limit: 2, per: '1h' }] }] });
    for (const name of ['a', 'b', 'c']) call(gate, name);
    await settled();
    answers[0]?.(429, { 'retry-after': '60' });
    await settled();
    gate.update({ quotas: [] });
    await settled();
    expect(gate.quotas()[0]).to.include({ key: 'narrow', queued: 2 }).and.to.have.property('pausedUntil');
    answers[1]?.(429, { 'retry-after': '60' });
    await clock.advance(59_000);
    expect(sent).to.deep.equal(['a', 'b']);
    call(gate, 'new');
    await settled();
    expect(sent).to.deep.equal(['a', 'b', 'new']);
    await clock.advance(1100);
    expect(sent.slice(3).sort()).to.deep.equal(['a', 'b', 'c']);
    expect(shown(gate)).to.deep.equal(['http://host: 4 in flight, 0 queued']);
    const pauses = events.flatMap(({ type, ...event }) =>
      type === 'pause' || type === 'resume' ? [`${type} ${(event as { quota: string }).quota}`] : [],
    );
    expect(pauses).to.deep.equal(['pause narrow', 'resume narrow']);
  });

  it('finds earlier usage still counted when the quota comes back', async () => {
    const gate = gateOf({ quotas: [NARROW] });
    call(gate, 'a');
    await settled();
    answers[0]?.();
    await settled();
    gate.update({ quotas: [] });
    expect(shown(gate)).to.deep.equal([]);
    await clock.advance(HOUR_MS / 2);
    gate.update({ quotas: [NARROW] });
    call(gate, 'b');
    await clock.advance(HOUR_MS / 2 - 100);
    expect(sent).to.deep.equal(['a']);
    expect(gate.quotas()[0]?.windows).to.deep.equal([{ limit: 1, per: HOUR_MS, used: 1 }]);
    await clock.advance(200);
    expect(sent).to.deep.equal(['a', 'b']);
  });

  it('leaves nothing behind once attempts in flight have ended and the windows have passed', async () => {
    let open = 0;
    const gate = gateOf({
      quotas: [NARROW],
      ledger: {
        open: (...book) => {
          open += 1;
          const close = async () => {
            open -= 1;
          };
          return { ...promptLedger.open(...book), close };
        },
      },
    });
    for (const name of ['a', 'b']) call(gate, name);
    await settled();
    gate.update({ quotas: [] });
    await clock.advance(2 * HOUR_MS);
    expect(shown(gate)[0]).to.equal('narrow: 1 in flight, 0 queued');
    for (const answer of answers) answer();
    await settled();
    expect(shown(gate)).to.deep.equal(['http://host: 0 in flight, 0 queued']);
    expect(open).to.equal(1);
    await clock.advance(HOUR_MS + 2000);
    expect(open).to.equal(0);
    expect(clock.holding).to.equal(0);
  });
});
