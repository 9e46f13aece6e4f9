import { expect } from 'chai';
import type { Gate } from '../../lib/gate/gate.ts';
import type { Permit } from '../../lib/gate/permit.ts';
import { DEFAULT_POLICY } from '../../lib/policy/policy.ts';
import { ask, makeGate, permitOf } from '../support/gates.ts';
import { settled, VirtualClock } from '../support/virtual-clock.ts';

const { backoff } = DEFAULT_POLICY;
const to = (path: string) => ({ method: 'GET', url: new URL(path, 'http://api.test') });

describe('A gate that learns', () => {
  let clock: VirtualClock;
  let gate: Gate;
  let calls: number;

  beforeEach(() => {
    clock = new VirtualClock();
    gate = makeGate(clock, {}, { adaptive: true });
    calls = 0;
  });

  const send = (path = '/'): Promise<Permit> => permitOf(gate.acquire(ask({ request: to(path) })));
  const serve = (permit: Permit, path = '/'): void => {
    permit.answer(clock.now());
    gate.served(permit.takenAt, to(path));
    permit.settle(clock.now());
  };
  const fail = (permit: Permit, path = '/', overload = true): void => {
    permit.answer(clock.now());
    calls += 1;
    gate.failed({ sentAt: permit.takenAt, call: String(calls), route: `GET ${path}`, overload });
    permit.settle(clock.now());
  };
  /** So many wait and are noted when they go. */
  const queue = (count: number, path = '/', passed: Permit[] = []): Permit[] => {
    for (let each = 0; each < count; each += 1) void send(path).then((permit) => passed.push(permit));
    return passed;
  };
  const breakDown = async (path = '/'): Promise<void> => {
    const permits = await Promise.all([1, 2, 3, 4, 5].map(() => send(path)));
    for (const permit of permits) fail(permit, path, false);
  };

  it('sends another probe when the one for which a silent quota reopens hangs', async () => {
    const refused = await send();
    refused.answer(clock.now());
    gate.throttled(refused.takenAt, undefined, 'backoff', backoff);
    refused.settle(clock.now());
    const passed = queue(3);
    await clock.advance(900);
    expect(passed).to.have.lengthOf(1);
    await clock.advance(1000);
    expect(passed).to.have.lengthOf(2);
    serve(passed[1] as Permit);
    await clock.advance(100);
    expect(passed).to.have.lengthOf(3);
  });

  it('waits no longer because it had nothing to send for hours', async () => {
    const refuse = (permit: Permit): number | undefined => {
      permit.answer(clock.now());
      const closing = gate.throttled(permit.takenAt, undefined, 'backoff', backoff);
      permit.settle(clock.now());
      return closing?.until;
    };
    refuse(await send());
    await clock.advance(4 * 3_600_000);
    const again = refuse(await send());
    expect((again as number) - clock.now()).to.be.lessThan(2000);
  });

  it('sends another probe when one hangs, and lets hung probes hold up nothing afterwards', async () => {
    await breakDown();
    const passed = queue(20);
    await clock.advance(3500);
    expect(passed.length).to.be.within(3, 5);
    serve(passed.at(-1) as Permit);
    const hung = passed.length;
    for (let turn = 0; turn < 200; turn += 1) {
      await clock.advance(10);
      for (const permit of passed.slice(hung)) serve(permit);
    }
    expect(passed).to.have.lengthOf(20);
  });

  it('treats a fault right after an outage as its return, and a later one as chance', async () => {
    const recover = async (count: number): Promise<void> => {
      await breakDown();
      const passed = queue(1);
      await clock.advance(200);
      serve(passed[0] as Permit);
      for (let each = 1; each < count; each += 1) serve(await send());
    };
    const out = (): boolean | undefined => gate.snapshot().learned?.outage;
    await recover(1);
    expect(out()).to.not.equal(true);
    fail(await send(), '/', false);
    expect(out()).to.equal(true);

    gate = makeGate(clock, {}, { adaptive: true });
    await recover(5);
    for (let each = 0; each < 4; each += 1) fail(await send(), '/', false);
    expect(out()).to.not.equal(true);
    fail(await send(), '/', false);
    expect(out()).to.equal(true);
  });

  it('lets attempts for healthy routes pass while another route is broken', async () => {
    await breakDown('/broken');
    const broken = queue(100, '/broken');
    const healthy = queue(20, '/healthy');
    let [failed, served] = [0, 0];
    for (let turn = 0; turn < 200; turn += 1) {
      await clock.advance(10);
      for (; failed < broken.length; failed += 1) fail(broken[failed] as Permit, '/broken');
      for (; served < healthy.length; served += 1) serve(healthy[served] as Permit, '/healthy');
    }
    expect(served).to.equal(20);
    expect(gate.snapshot().learned?.outage ?? false).to.equal(false);
  });

  it('does not treat a route that fails alone as a sign of overload', async () => {
    for (let turn = 0; turn < 100; turn += 1) {
      serve(await send('/healthy'), '/healthy');
      fail(await send('/broken'), '/broken');
    }
    const limited = gate.snapshot().learned?.concurrency ?? Infinity;
    for (let turn = 0; turn < 100; turn += 1) fail(await send('/broken'), '/broken');
    expect(gate.snapshot().learned?.concurrency ?? Infinity).to.equal(limited);
  });

  it('is not held for ever to what a moment of overload taught it', async () => {
    const flight = await Promise.all(Array.from({ length: 10 }, () => send()));
    for (const permit of flight) serve(permit);
    const passed = await Promise.all(Array.from({ length: 10 }, () => send()));
    for (const permit of passed.slice(0, 4)) fail(permit);
    for (const permit of passed.slice(4)) serve(permit);
    const limit = gate.snapshot().learned?.concurrency ?? Infinity;
    expect(limit).to.be.below(10);
    for (let turn = 0; turn < 100; turn += 1) {
      const crowd = queue(10);
      for (let served = 0; served < 10; ) {
        await clock.advance(100);
        for (; served < crowd.length; served += 1) serve(crowd[served] as Permit);
      }
    }
    expect(gate.snapshot().learned?.concurrency ?? Infinity).to.be.at.least(10);
  });

  it('counts attempts in flight when windows are declared, and when they are removed', async () => {
    const flight = await Promise.all([1, 2, 3].map(() => send()));
    gate.relimit({ key: 'quota', windows: [{ limit: 4, per: 1000 }] });
    await settled();
    expect(gate.snapshot().windows[0]?.used).to.equal(3);
    for (const permit of flight) serve(permit);
    expect(gate.snapshot().windows[0]?.used).to.equal(3);
    const passed = queue(3);
    await clock.advance(500);
    expect(passed).to.have.lengthOf(1);
    gate.relimit({ key: 'quota', windows: [] });
    await settled();
    expect(passed).to.have.lengthOf(3);
  });

  it('obeys the narrowest of several stated policies of one length, and reports it once', async () => {
    const learned: number[] = [];
    gate = makeGate(clock, {}, { adaptive: true, learned: (_quota, { limit }) => learned.push(limit) });
    const stated = { requests: true, remaining: 90, resetMs: 60_000, windowMs: 60_000 };
    for (let turn = 0; turn < 5; turn += 1) {
      const permit = await send();
      gate.heard(permit.number, [
        { ...stated, name: 'burst', limit: 100 },
        { ...stated, name: 'user', limit: 500 },
      ]);
      serve(permit);
    }
    expect(learned).to.deep.equal([100]);
  });

  it('keeps what it learned when it is given the same limits again', async () => {
    const permits = await Promise.all(Array.from({ length: 10 }, () => send()));
    for (const permit of permits.slice(0, 4)) fail(permit);
    const { learned } = gate.snapshot();
    expect(learned).not.to.equal(undefined);
    gate.relimit({ key: 'quota', windows: [] });
    expect(gate.snapshot().learned).to.deep.equal(learned);
  });
});
