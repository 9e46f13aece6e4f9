import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { headgate, memory } from 'headgate';
import type { CallContext } from '../../lib/call/context.ts';
import type { Gate } from '../../lib/gate/gate.ts';
import { Gates } from '../../lib/gate/gates.ts';
import { Permit } from '../../lib/gate/permit.ts';
import { ask, contextOf } from '../support/gates.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const MOST = 10_000;

/** One for all: an ask is its call's own, no part of what a quota costs. */
const ANY = ask();

/** A permit that was free. */
function take(gate: Gate): Permit {
  const permit = gate.acquire(ANY);
  if (!(permit instanceof Permit)) throw new Error('had to wait');
  return permit;
}

describe('Many quotas', () => {
  let clock: VirtualClock;
  let gates: Gates;
  const windows = [{ limit: 2, per: 60_000 }];
  const keys = (): Set<string> => new Set(gates.snapshot().map(({ key }) => key));
  /** Draws once on each of so many quotas that no one declared. */
  const visit = (name: string, count: number): void => {
    for (let index = 0; index < count; index += 1) {
      take(gates.of({ key: `${name}${index}`, windows: [] })).settle(clock.now());
    }
  };

  beforeEach(() => {
    clock = new VirtualClock();
    gates = new Gates(contextOf(clock, { adaptive: true, ledger: memory() }));
  });

  it('forget idle ones, the longest unused first', () => {
    visit('a', 100);
    visit('b', MOST - 100);
    take(gates.of({ key: 'a7', windows: [] })).settle(clock.now());
    visit('c', 99);
    const known = keys();
    expect(known.size).to.equal(MOST);
    expect(known.has('a7')).to.equal(true);
    expect([...known].filter((key) => key.startsWith('a'))).to.deep.equal(['a7']);
  });

  for (const paused of [1, 40, 2000]) {
    it(`forget idle ones whatever else is kept: ${paused} paused`, () => {
      for (let index = 0; index < paused; index += 1) {
        gates.of({ key: `paused${index}`, windows: [] }).pause(86_400_000, 'header');
      }
      visit('a', 1.2 * MOST);
      const known = [...keys()];
      expect(known.filter((key) => key.startsWith('paused'))).to.have.length(paused);
      expect(known.length).to.be.within(MOST, MOST + 64);
    });
  }

  it('forget none that is paused, in flight, waited for, or used in a window', async () => {
    gates.of({ key: 'paused', windows: [] }).pause(86_400_000, 'header');
    const flying = take(gates.of({ key: 'flying', windows: [] }));
    take(gates.of({ key: 'used', windows })).settle(clock.now());
    const crowded = gates.of({ key: 'crowded', windows: [], concurrency: 1 });
    const first = take(crowded);
    crowded.acquire(ask());
    visit('a', 1.2 * MOST);
    expect([...keys()]).to.include.members(['paused', 'flying', 'used', 'crowded']);

    flying.settle(clock.now());
    first.refund();
    await clock.advance(61_000);
    visit('b', 1.2 * MOST);
    expect([...keys()]).to.include('paused');
    expect([...keys()]).not.to.include('used');
    expect([...keys()]).not.to.include('flying');
  });

  it('forget the excess once it is idle, even if it was in use when others were added', async () => {
    const count = MOST + 1500;
    for (let index = 0; index < count; index += 1) {
      take(gates.of({ key: `used${index}`, windows })).settle(clock.now());
    }
    expect(gates.snapshot()).to.have.length(count);
    await clock.advance(70_000);
    expect(gates.snapshot()).to.have.length(MOST);
    expect(clock.holding).to.equal(0);
  });

  it('leave nothing in the ledger of a forgotten one, which can be used again', () => {
    const ledger = memory();
    let closed = 0;
    const counting = {
      open: (...args: Parameters<typeof ledger.open>) => {
        const account = ledger.open(...args);
        const close = account.close.bind(account);
        account.close = () => {
          closed += 1;
          return close();
        };
        return account;
      },
    };
    gates = new Gates(contextOf(clock, { ledger: counting }));
    take(gates.of({ key: 'first', windows })).refund();
    visit('a', MOST + 10);
    expect(closed).to.equal(1);
    const again = gates.of({ key: 'first', windows });
    expect([take(again), take(again)]).to.have.length(2);
  });

  it('ignore invalid limits of a profile, with a warning', async () => {
    for (const bad of [
      { limit: Number.NaN, per: 1000 },
      { limit: 5, per: Number.NaN },
      { limit: 5, per: Infinity },
      { limit: 0, per: 1000 },
      { limit: '5', per: 1000 },
    ]) {
      const gate = headgate({
        profile: {
          name: 'own',
          quota: () => ({
            key: 'k',
            windows: [bad as never, { limit: 3, per: 1000 }],
            concurrency: Number.NaN,
          }),
          classify: () => ({ verdict: 'success' }),
        },
      });
      const codes: string[] = [];
      gate.on('warning', ({ code }) => codes.push(code));
      await gate.wrap(async () => 'sent', { request: { method: 'GET', url: 'http://localhost/' } })();
      expect(gate.quotas()[0]?.windows.map(({ limit }) => limit)).to.deep.equal([3]);
      expect(gate.quotas()[0]?.concurrency).to.equal(undefined);
      expect(codes).to.deep.equal(['profile-failed']);
      await gate.close();
    }
  });

  it('take less than 2 kB each', () => {
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc') as () => void;
    const heap = (): number => {
      gc();
      return process.memoryUsage().heapUsed;
    };
    const count = 5000;
    for (const declared of [[], windows, [...windows, { limit: 100, per: 3_600_000 }]]) {
      const context = headgate({
        profile: {
          name: 'many',
          quota: ({ url }) => ({ key: url.host, windows: declared }),
          classify: () => ({ verdict: 'success' }),
        },
      }) as unknown as CallContext;
      const before = heap();
      const held: Permit[] = [];
      for (let index = 0; index < count; index += 1) {
        const url = new URL(`http://host${index}.example/`);
        const permit = take(context.passageOf({ method: 'GET', url }, undefined).gates[0]);
        permit.answer(context.clock.now());
        permit.gate.served(permit.takenAt);
        // An attempt in flight keeps a quota that has no window from being idle; it is no part of the quota's cost.
        if (declared.length === 0) held.push(permit);
        else permit.settle(context.clock.now());
      }
      expect((heap() - before) / count, `${declared.length} windows`).to.be.below(2048);
      expect(held.length).to.equal(declared.length === 0 ? count : 0);
    }
  });
});
