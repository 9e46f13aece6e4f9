import { expect } from 'chai';
import type { Gate } from '../../lib/gate/gate.ts';
import { Permit } from '../../lib/gate/permit.ts';
import type { Place } from '../../lib/gate/place.ts';
import { DEFAULT_POLICY } from '../../lib/policy/policy.ts';
import { QueueFullError } from '../../lib/words/errors.ts';
import { ask, LATE, makeGate, permitOf } from '../support/gates.ts';
import { settled, VirtualClock } from '../support/virtual-clock.ts';

const { backoff } = DEFAULT_POLICY;

/** Takes a permit or waits in line, noting its name when it is let through. */
function enter(gate: Gate, name: string, passed: string[], of: Parameters<typeof ask>[0] = {}): Place {
  const granted = gate.acquire(ask(of));
  permitOf(granted).then(
    () => passed.push(name),
    (error: Error) => passed.push(`${name}: ${error.message}`),
  );
  return granted instanceof Permit ? ({ permit: permitOf(granted) } as Place) : granted;
}

describe('Gate', () => {
  let clock: VirtualClock;
  let passed: string[];

  beforeEach(() => {
    clock = new VirtualClock();
    passed = [];
  });

  it('grants an uncontended permit synchronously and sets no timer', () => {
    const gate = makeGate(clock, {});
    expect(gate.acquire(ask())).to.be.instanceOf(Permit);
    expect(clock.pending).to.equal(0);
  });

  it('admits no more than the limit until `per` after the responses', async () => {
    const gate = makeGate(clock, { windows: [{ limit: 2, per: 1000 }] });
    for (const name of ['a', 'b', 'c']) enter(gate, name, passed);
    await settled();
    expect(passed).to.deep.equal(['a', 'b']);

    await clock.advance(5000);
    expect(passed).to.deep.equal(['a', 'b']); // in flight: a server may count them only now
  });

  it('counts from the response, not from sending', async () => {
    const gate = makeGate(clock, { windows: [{ limit: 1, per: 1000 }] });
    const place = enter(gate, 'a', passed);
    await settled();
    enter(gate, 'b', passed);
    await clock.advance(700);
    (await place.permit).settle(clock.now());

    await clock.advance(999);
    expect(passed).to.deep.equal(['a']);
    await clock.advance(2);
    expect(passed).to.deep.equal(['a', 'b']);
  });

  it('respects every one of several windows', async () => {
    const gate = makeGate(clock, {
      windows: [
        { limit: 2, per: 100 },
        { limit: 3, per: 1000 },
      ],
    });
    for (const name of ['a', 'b', 'c', 'd']) {
      enter(gate, name, passed).permit.then((permit) => permit.settle(clock.now()));
    }
    await settled();
    expect(passed).to.deep.equal(['a', 'b']);
    await clock.advance(150);
    expect(passed).to.deep.equal(['a', 'b', 'c']);
    await clock.advance(800);
    expect(passed).to.deep.equal(['a', 'b', 'c']);
    await clock.advance(100);
    expect(passed).to.deep.equal(['a', 'b', 'c', 'd']);
  });

  it('limits concurrency until an attempt ends, not until it is answered', async () => {
    const gate = makeGate(clock, { concurrency: 1 });
    const first = gate.acquire(ask()) as Permit;
    enter(gate, 'b', passed);
    first.answer(clock.now());
    await settled();
    expect(passed).to.deep.equal([]);
    first.settle(clock.now());
    await settled();
    expect(passed).to.deep.equal(['b']);
  });

  it('settles a permit once, however often it is asked to', () => {
    const gate = makeGate(clock, { concurrency: 2 });
    const permit = gate.acquire(ask()) as Permit;
    permit.settle(clock.now());
    permit.settle(clock.now());
    permit.refund();
    expect(gate.snapshot().inFlight).to.equal(0);
  });

  it('returns an unused permit at once', async () => {
    const gate = makeGate(clock, { windows: [{ limit: 1, per: 60_000 }] });
    const place = enter(gate, 'a', passed);
    (await place.permit).refund();
    enter(gate, 'b', passed);
    await settled();
    expect(passed).to.deep.equal(['a', 'b']);
  });

  it('after a lowered limit, accepts the calls that it lets go in time, and no others', async () => {
    const gate = makeGate(clock, { windows: [{ limit: 10, per: 1000 }] });
    const places = Array.from({ length: 10 }, () => gate.acquire(ask()));
    for (const place of places) (await permitOf(place)).settle(clock.now());
    await settled();
    gate.relimit({ key: 'quota', windows: [{ limit: 5, per: 1000 }] });
    await clock.advance(1);
    expect(() => gate.acquire(ask({ deadlineAt: clock.now() + 900 }))).to.throw(LATE.message);
    const start = clock.now();
    for (let call = 0; call < 6; call += 1) {
      const last = call === 5;
      const place = enter(gate, String(call), passed, { deadlineAt: start + (last ? 2010 : 1010) });
      void place.permit.then((permit) => permit.settle(clock.now()));
    }
    await clock.advance(1010);
    expect(passed).to.have.length(5);
    await clock.advance(1000);
    expect(passed).to.have.length(6);
  });

  it('admits in order of arrival, resends before new calls', async () => {
    const gate = makeGate(clock, { concurrency: 1 });
    const first = gate.acquire(ask()) as Permit;
    const places = ['a', 'b'].map((name) => enter(gate, name, passed));
    places.push(enter(gate, 'again', passed, { resend: true }));
    for (const place of places) place.permit.then((permit) => permit.settle(clock.now()));
    first.settle(clock.now());
    await settled();
    expect(passed).to.deep.equal(['again', 'a', 'b']);
  });

  it('weights priorities, two to one for each step, and starves none', async () => {
    const gate = makeGate(clock, { concurrency: 1 });
    const first = gate.acquire(ask()) as Permit;
    for (let index = 0; index < 30; index += 1) {
      for (const priority of [1, 0]) {
        const place = enter(gate, String(priority), passed, { priority });
        place.permit.then((permit) => permit.settle(clock.now()));
      }
    }
    first.settle(clock.now());
    for (let turn = 0; turn < 20; turn += 1) await settled();
    const early = passed.slice(0, 30);
    expect(early.filter((name) => name === '1')).to.have.length(20);
    expect(passed).to.have.length(60);
  });

  it('frees the place of a call that leaves, at any position', async () => {
    const gate = makeGate(clock, { concurrency: 1 });
    const first = gate.acquire(ask()) as Permit;
    enter(gate, 'a', passed);
    const leaver = enter(gate, 'b', passed);
    enter(gate, 'c', passed);
    leaver.leave(new Error('gone'));
    leaver.leave(new Error('twice'));
    await settled();
    expect(passed).to.deep.equal(['b: gone']);
    expect(gate.snapshot().queued).to.equal(2);
    first.settle(clock.now());
    await settled();
    expect(passed).to.deep.equal(['b: gone', 'a']);
  });

  it('rejects calls for which the queue has no room', () => {
    const gate = makeGate(clock, { concurrency: 1 }, { maxQueue: 1 });
    gate.acquire(ask());
    gate.acquire(ask());
    expect(() => gate.acquire(ask())).to.throw(QueueFullError, '1');
  });

  describe('paused', () => {
    it('admits nothing before the end, then the waiting attempts in order', async () => {
      const gate = makeGate(clock, {});
      gate.throttled(clock.now(), 1000, 'header', backoff);
      for (const name of ['a', 'b', 'c']) enter(gate, name, passed);
      await clock.advance(999);
      expect(passed).to.deep.equal([]);
      await clock.advance(1);
      expect(passed).to.deep.equal(['a']);
      await clock.advance(200);
      expect(passed).to.deep.equal(['a', 'b', 'c']);
    });

    it('releases a backlog one by one over a tenth of the pause, not all at once', async () => {
      const gate = makeGate(clock, {});
      gate.throttled(clock.now(), 1000, 'header', backoff);
      for (let index = 0; index < 100; index += 1) enter(gate, String(index), passed);
      await clock.advance(1000);
      expect(passed.length).to.equal(1);
      await clock.advance(50);
      expect(passed.length).to.be.within(45, 55);
      await clock.advance(50);
      expect(passed.length).to.equal(100);
    });

    it('lets a later moment win over an earlier one', async () => {
      const gate = makeGate(clock, {});
      gate.throttled(clock.now(), 1000, 'header', backoff);
      expect(gate.throttled(clock.now(), 500, 'header', backoff)).to.equal(undefined);
      expect(gate.throttled(clock.now(), 2000, 'header', backoff)?.until).to.equal(clock.now() + 2000);
      enter(gate, 'a', passed);
      await clock.advance(1999);
      expect(passed).to.deep.equal([]);
      await clock.advance(1);
      expect(passed).to.deep.equal(['a']);
    });

    it('only ever adds jitter', () => {
      const gate = makeGate(clock, {}, { random: () => 0.999 });
      gate.throttled(clock.now(), 1000, 'header', backoff);
      expect(gate.reopensIn(clock.now())).to.be.within(1000, 1100);
    });

    it('is kept in steps when it is longer than a timer can hold', async () => {
      const gate = makeGate(clock, {});
      gate.throttled(clock.now(), 2_200_000_000, 'header', backoff);
      enter(gate, 'a', passed);
      await clock.advance(2_199_999_999);
      expect(passed).to.deep.equal([]);
      await clock.advance(1);
      expect(passed).to.deep.equal(['a']);
    });

    it('rejects at once those whose deadline comes first, and keeps the others', async () => {
      const gate = makeGate(clock, { concurrency: 1 });
      gate.acquire(ask());
      enter(gate, 'hasty', passed, { deadlineAt: clock.now() + 500 });
      enter(gate, 'patient', passed, { deadlineAt: clock.now() + 5000 });
      gate.throttled(clock.now(), 3000, 'header', backoff);
      await settled();
      expect(passed).to.deep.equal([`hasty: ${LATE.message}`]);
      expect(gate.snapshot().queued).to.equal(1);
    });

    it('rejects on arrival those that would wait in vain', () => {
      const gate = makeGate(clock, {});
      gate.throttled(clock.now(), 3000, 'header', backoff);
      expect(() => gate.acquire(ask({ deadlineAt: clock.now() + 500 }))).to.throw(LATE.message);
    });

    it('grows while the server names no wait and keeps refusing', async () => {
      const gate = makeGate(clock, {});
      const waits: number[] = [];
      for (let strike = 0; strike < 4; strike += 1) {
        gate.throttled(clock.now(), undefined, 'backoff', backoff);
        waits.push(gate.reopensIn(clock.now()));
        await clock.advance(gate.reopensIn(clock.now()));
      }
      expect(waits).to.deep.equal([500, 1000, 2000, 4000]);
      gate.served(clock.now());
      gate.throttled(clock.now(), undefined, 'backoff', backoff);
      expect(gate.reopensIn(clock.now())).to.equal(500);
    });

    it('counts refusals of attempts sent before it as one', () => {
      const gate = makeGate(clock, {});
      const sentAt = clock.now();
      for (let refusal = 0; refusal < 20; refusal += 1) gate.throttled(sentAt, undefined, 'backoff', backoff);
      expect(gate.reopensIn(clock.now())).to.equal(500);
    });

    it('keeps the process alive while attempts wait, and only then', async () => {
      const gate = makeGate(clock, {});
      gate.throttled(clock.now(), 1000, 'header', backoff);
      expect(clock.holding).to.equal(0);
      const place = enter(gate, 'a', passed);
      expect(clock.holding).to.equal(1);
      place.leave(new Error('gone'));
      expect(clock.holding).to.equal(0);
    });
  });

  it('rejects all waiting attempts when it closes, and grants none of them a permit', async () => {
    const gate = makeGate(clock, { concurrency: 1 });
    gate.acquire(ask());
    for (const name of ['a', 'b']) enter(gate, name, passed);
    await gate.close(new Error('closed'));
    await settled();
    expect(passed).to.deep.equal(['a: closed', 'b: closed']);
  });
});
