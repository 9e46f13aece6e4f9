import { expect } from 'chai';
import fc from 'fast-check';
import { Gates } from '../../lib/gate/gates.ts';
import type { Passage } from '../../lib/gate/passage.ts';
import { Permit } from '../../lib/gate/permit.ts';
import { type Ask, Place } from '../../lib/gate/place.ts';
import type { QuotaRef } from '../../lib/words/types.ts';
import { ask, contextOf, makeGate, permitOf } from '../support/gates.ts';
import { settled, VirtualClock } from '../support/virtual-clock.ts';

/** A gate, or the passage through several. */
interface Door {
  acquire(ask: Ask, now: number): Permit | Place;
}

/** Sends attempts that are answered at once, and keeps whose went when. */
class Traffic {
  readonly clock: VirtualClock;
  readonly went: { readonly flow: string | undefined; readonly name: string; readonly at: number }[] = [];

  constructor(clock: VirtualClock) {
    this.clock = clock;
  }

  send(door: Door, name: string, of: Partial<Ask> = {}): Permit | Place {
    const granted = door.acquire(ask(of), this.clock.now());
    permitOf(granted).then(
      (permit) => {
        this.went.push({ flow: of.flow, name, at: permit.takenAt });
        permit.settle(permit.takenAt);
      },
      () => undefined,
    );
    return granted;
  }

  count(flow: string | undefined): number {
    return this.went.filter((each) => each.flow === flow).length;
  }
}

describe('Flows that wait for one quota', () => {
  let clock: VirtualClock;
  let traffic: Traffic;
  beforeEach(() => {
    clock = new VirtualClock();
    traffic = new Traffic(clock);
  });

  it('let a call of another flow go after one permit, not after the thousand calls queued before it', async () => {
    const gate = makeGate(clock, { windows: [{ limit: 1, per: 10 }] });
    for (let number = 0; number < 1001; number += 1) traffic.send(gate, `a${number}`, { flow: 'a' });
    await clock.advance(15);
    const asked = clock.now();
    traffic.send(gate, 'b', { flow: 'b' });
    await clock.advance(100);
    const b = traffic.went.find(({ name }) => name === 'b');
    expect((b?.at as number) - asked).to.be.at.most(2 * 10);
  });

  it('without names form one line, in order of arrival', async () => {
    const gate = makeGate(clock, { windows: [{ limit: 1, per: 10 }] });
    for (let number = 0; number < 50; number += 1) traffic.send(gate, String(number));
    await clock.advance(1000);
    expect(traffic.went.map(({ name }) => Number(name))).to.deep.equal([...Array(50).keys()]);
  });

  it('have equal shares, and so do calls without a flow', async () => {
    const gate = makeGate(clock, { windows: [{ limit: 1, per: 10 }] });
    traffic.send(gate, 'first', { flow: 'first' });
    for (let number = 0; number < 90; number += 1) traffic.send(gate, 'a', { flow: 'a' });
    for (let number = 0; number < 60; number += 1) traffic.send(gate, 'none');
    for (let number = 0; number < 30; number += 1) traffic.send(gate, 'b', { flow: 'b' });
    await clock.advance(600);
    const had = traffic.count('a');
    expect(had).to.be.within(17, 20);
    expect(traffic.count(undefined)).to.be.within(had - 1, had + 1);
    expect(traffic.count('b')).to.be.within(had - 1, had + 1);
    await clock.advance(1600);
    expect([traffic.count('a'), traffic.count(undefined), traffic.count('b')]).to.deep.equal([90, 60, 30]);
  });

  it('have equal shares by cost: expensive calls go less often', async () => {
    const gate = makeGate(clock, { windows: [{ limit: 100, per: 10, of: 'tokens' }] });
    for (let number = 0; number < 400; number += 1) {
      traffic.send(gate, 'dear', { flow: 'dear', cost: { tokens: 90 } });
      traffic.send(gate, 'cheap', { flow: 'cheap', cost: { tokens: 30 } });
    }
    await clock.advance(2000);
    expect(traffic.count('cheap') / traffic.count('dear')).to.be.within(2.7, 3.3);
  });

  it('gain nothing from queueing one call at a time', async () => {
    // given one flow with a backlog, and one that asks anew whenever it was served, for calls nine times as dear
    const gate = makeGate(clock, { windows: [{ limit: 90, per: 10, of: 'tokens' }] });
    for (let number = 0; number < 2000; number += 1)
      traffic.send(gate, 'many', { flow: 'many', cost: { tokens: 10 } });
    let one = 0;
    const again = (): void => {
      const granted = gate.acquire(ask({ flow: 'one', cost: { tokens: 90 } }), clock.now());
      void permitOf(granted).then((permit) => {
        one += 1;
        permit.settle(permit.takenAt);
        again();
      });
    };
    again();
    await clock.advance(1000);
    expect((one * 90) / (traffic.count('many') * 10)).to.be.within(0.85, 1.15);
  });

  it('do not change the shares of priorities', async () => {
    // given ten flows of a low priority, and one call after another of the next
    const gate = makeGate(clock, { windows: [{ limit: 1, per: 10 }] });
    for (let number = 0; number < 200; number += 1) {
      for (let flow = 0; flow < 5; flow += 1) traffic.send(gate, 'low', { flow: `low ${flow}` });
      traffic.send(gate, 'high', { flow: 'high', priority: 1 });
    }
    await clock.advance(1500);
    const high = traffic.count('high');
    expect(high / (traffic.went.length - high)).to.be.within(1.8, 2.2);
  });

  it('put resends ahead only within their own flow', async () => {
    const gate = makeGate(clock, { windows: [{ limit: 1, per: 10 }] });
    traffic.send(gate, 'first');
    for (let number = 0; number < 20; number += 1) traffic.send(gate, 'new', { flow: 'a' });
    for (let number = 0; number < 20; number += 1) traffic.send(gate, 'again', { flow: 'a', resend: true });
    traffic.send(gate, 'b', { flow: 'b' });
    await clock.advance(600);
    const names = traffic.went.map(({ name }) => name).slice(1);
    expect(names.indexOf('b')).to.be.at.most(1);
    expect(names.filter((name) => name !== 'b')).to.deep.equal([
      ...Array(20).fill('again'),
      ...Array(20).fill('new'),
    ]);
  });

  it('are forgotten once none of their calls wait', async () => {
    const gate = makeGate(clock, { windows: [{ limit: 100, per: 1 }] });
    for (let flow = 0; flow < 3000; flow += 1) traffic.send(gate, 'one', { flow: `flow ${flow}` });
    await clock.advance(100);
    expect(traffic.went).to.have.length(3000);
    expect(gate.lanes.size).to.equal(0);
    expect(gate.snapshot().queued).to.equal(0);
  });

  it('are each limited to their share of the queue', async () => {
    const gate = makeGate(clock, { concurrency: 1 }, { maxQueue: 5, maxQueuePerFlow: 2 });
    const held = gate.acquire(ask()) as Permit;
    const places = [0, 1].map(() => gate.acquire(ask({ flow: 'a' })) as Place);
    for (const place of places) place.permit.catch(() => undefined);
    expect(() => gate.acquire(ask({ flow: 'a' }))).to.throw(/2 attempts of its flow.*maxQueuePerFlow/);
    gate.acquire(ask({ flow: 'b' }));
    // when one of them leaves, there is room for one
    places[0]?.leave(new Error('gone'));
    gate.acquire(ask({ flow: 'a' }));
    expect(() => gate.acquire(ask({ flow: 'a' }))).to.throw(/maxQueuePerFlow/);
    // then who names none is bounded by the whole alone
    for (let number = 0; number < 2; number += 1) gate.acquire(ask());
    expect(() => gate.acquire(ask({ flow: 'b' }))).to.throw(/5 attempts are waiting \(option 'maxQueue'\)/);
    held.settle(clock.now());
  });
});

describe('Flows that wait for several quotas', () => {
  const quota = fc.record({
    limit: fc.integer({ min: 1, max: 4 }),
    per: fc.integer({ min: 5, max: 60 }),
    of: fc.constantFrom('requests', 'tokens'),
  });
  const call = fc.record({
    at: fc.integer({ min: 0, max: 200 }),
    draws: fc.integer({ min: 1, max: 15 }),
    flow: fc.constantFrom(undefined, 'a', 'b', 'c', 'd'),
    priority: fc.constantFrom(0, 0, 1),
    tokens: fc.constantFrom(0, 1, 1, 3),
    abortMs: fc.option(fc.integer({ min: 0, max: 300 }), { nil: undefined, freq: 4 }),
  });

  it('all go, in order within each flow, and none holds permits that it does not use', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(quota, { minLength: 1, maxLength: 4 }),
        fc.array(call, { minLength: 1, maxLength: 80 }),
        async (quotas, calls) => {
          const clock = new VirtualClock();
          const gates = new Gates(contextOf(clock));
          const refs: QuotaRef[] = quotas.map((window, index) => ({ key: `q${index}`, windows: [window] }));
          const wayOf = ({ draws }: { draws: number }): Passage => {
            const own = refs.filter((_, index) => draws & (1 << index));
            const [first, ...others] = own.length > 0 ? own : refs;
            let { passage } = gates.of(first as QuotaRef);
            for (const ref of others) passage = passage.and(gates.of(ref));
            return passage;
          };
          const waiting = new Set<number>();
          const inversions: string[] = [];
          const lastOf = new Map<string, number>();
          const begin = (of: (typeof calls)[number], number: number): void => {
            const cost = { tokens: of.tokens };
            let granted: Permit | Place;
            try {
              granted = wayOf(of).acquire(ask({ ...of, cost }), clock.now());
            } catch (error) {
              expect((error as Error).name).to.equal('CostError');
              return;
            }
            waiting.add(number);
            const go = (permit: Permit): void => {
              waiting.delete(number);
              const lane = `${of.draws} ${of.flow} ${of.priority}`;
              if (granted instanceof Place) {
                if ((lastOf.get(lane) ?? -1) > number) inversions.push(lane);
                lastOf.set(lane, number);
              }
              permit.settle(clock.now());
            };
            if (granted instanceof Permit) go(granted);
            else {
              const place = granted;
              place.permit.then(go, () => waiting.delete(number));
              if (of.abortMs !== undefined)
                clock.setTimer(() => place.leave(new Error('aborted')), of.abortMs, true);
            }
          };
          calls
            .toSorted((a, b) => a.at - b.at)
            .forEach((of, number) => void clock.setTimer(() => begin(of, number), of.at, true));
          await clock.advance(400 + 80 * 60 * 2);
          await settled();
          expect(waiting.size, 'calls that still wait').to.equal(0);
          expect(inversions).to.deep.equal([]);
          await clock.advance(100);
          for (const shown of gates.snapshot()) {
            expect([shown.inFlight, shown.queued]).to.deep.equal([0, 0]);
            for (const { used } of shown.windows) expect(used).to.equal(0);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('share the account fairly, whatever routes they use', async () => {
    // given two routes and an account in front of them; one flow has a thousand calls on both
    const clock = new VirtualClock();
    const traffic = new Traffic(clock);
    const gates = new Gates(contextOf(clock));
    const account = gates.of({ key: 'account', windows: [{ limit: 1, per: 10 }] });
    const routes = [0, 1].map((index) =>
      gates.of({ key: `route${index}`, windows: [{ limit: 3, per: 40 }] }).passage.and(account),
    );
    for (let number = 0; number < 1000; number += 1)
      traffic.send(routes[number % 2] as Passage, 'a', { flow: 'a' });
    await clock.advance(95);
    // when another flow has ten on one of them
    const before = traffic.went.length;
    for (let number = 0; number < 10; number += 1) traffic.send(routes[0] as Passage, 'b', { flow: 'b' });
    await clock.advance(300);
    const since = traffic.went.slice(before);
    // then it has half of what there was
    const tenth = since.flatMap(({ flow }, index) => (flow === 'b' ? [index] : []));
    expect(tenth).to.have.length(10);
    expect(tenth[0]).to.be.at.most(2);
    expect(tenth[9]).to.be.at.most(24);
  });

  it('share a common quota when each of them also waits for its own', async () => {
    // given a quota for each tenant, and one of all
    const clock = new VirtualClock();
    const traffic = new Traffic(clock);
    const gates = new Gates(contextOf(clock));
    const all = gates.of({ key: 'all', windows: [{ limit: 2, per: 10 }] });
    for (let number = 0; number < 100; number += 1) {
      for (const flow of ['a', 'b', 'c', 'd']) {
        const own = gates.of({ key: flow, windows: [{ limit: flow === 'd' ? 1 : 50, per: 100 }] });
        traffic.send(own.passage.and(all), flow, { flow });
      }
    }
    await clock.advance(995);
    // then the one that its own quota holds has that, and the others share the rest
    expect(traffic.count('d')).to.be.within(9, 11);
    const had = traffic.count('a');
    expect(had).to.be.within(55, 64);
    for (const flow of ['b', 'c']) expect(traffic.count(flow)).to.be.within(had - 1, had + 1);
  });
});
