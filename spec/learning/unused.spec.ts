import { expect } from 'chai';
import { headgate, type PauseEvent } from 'headgate';
import type { Gate } from '../../lib/gate/gate.ts';
import { Permit } from '../../lib/gate/permit.ts';
import { WiderProbe } from '../../lib/learning/windows/wider-probe.ts';
import { ask, makeGate } from '../support/gates.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const LIMIT = 10;
const PER_MS = 60_000;

/** What a server states of its quota, with `remaining` left. */
const stated = (remaining: number) => ({
  name: 'default',
  requests: true,
  limit: LIMIT,
  remaining,
  resetMs: PER_MS,
  windowMs: PER_MS,
});

describe('A learned window', () => {
  let clock: VirtualClock;
  let gate: Gate;

  /** Permits that are given without a wait. */
  const taken = (most: number): Permit[] => {
    const permits: Permit[] = [];
    for (let count = 0; count < most; count += 1) {
      const granted = gate.acquire(ask());
      if (!(granted instanceof Permit)) {
        granted.permit.catch(() => undefined);
        granted.leave(new Error('enough'));
        break;
      }
      permits.push(granted);
    }
    return permits;
  };

  beforeEach(() => {
    clock = new VirtualClock();
    gate = makeGate(clock, {}, { adaptive: true });
    const [first] = taken(1) as [Permit];
    first.answer(clock.now());
    gate.served(first.takenAt);
    gate.heard(first.number, [{ ...stated(LIMIT - 1), remaining: undefined }]);
    first.settle(clock.now());
  });

  it('counts no permit that was returned unused, however often', () => {
    for (let round = 0; round < 5; round += 1) {
      const permits = taken(2 * LIMIT);
      expect(permits).to.have.length(LIMIT - 1);
      for (const permit of permits) permit.refund();
    }
    expect(gate.snapshot().learned?.windows).to.deep.equal([{ limit: LIMIT, per: PER_MS, used: 1 }]);
  });
});

describe('A probe of a wider limit', () => {
  it('that was not sent may be repeated, and nothing is concluded from it', () => {
    const probe = new WiderProbe(0);
    probe.taken(10, 5, 0);
    expect([probe.out, probe.dueAt]).to.deep.equal([true, Infinity]);
    probe.refunded(10);
    expect([probe.out, probe.dueAt]).to.deep.equal([false, 0]);
    expect(probe.served(20, 10, 100)).to.equal(0);
  });

  it('is still out when a permit within the limit is returned', () => {
    const probe = new WiderProbe(0);
    probe.taken(10, 5, 0);
    probe.refunded(8);
    expect([probe.out, probe.dueAt]).to.deep.equal([true, Infinity]);
    expect(probe.served(20, 10, 100)).to.equal(1);
  });
});

describe('A header that says nothing is left', () => {
  it('closes its quota with one pause event that belongs to no call, and a resume event', async () => {
    const clock = new VirtualClock();
    const gate = headgate({ retry: { deadline: Infinity } }, { clock, random: () => 0 });
    const told: string[] = [];
    const pauses: PauseEvent[] = [];
    gate.on('pause', (event) => {
      told.push('pause');
      pauses.push(event);
    });
    gate.on('resume', () => told.push('resume'));
    gate.on('attempt', ({ at }) => told.push(`attempt at ${at - start}`));
    const start = clock.now();
    const headers = { 'x-ratelimit-limit': '5', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '3' };
    const call = gate.wrap(() => ({ status: 200, headers }), {
      request: { method: 'GET', url: 'https://api.example/x' },
    });
    await call();
    void call();
    await clock.advance(2999);
    expect(told).to.deep.equal(['attempt at 0', 'pause']);
    expect(pauses[0]).to.include({ cause: 'header', until: start + 3000, quota: 'https://api.example' });
    expect(pauses[0]).not.to.have.property('call');
    await clock.advance(2);
    expect(told.slice(2, 4)).to.deep.equal(['resume', 'attempt at 3000']);
    await gate.close();
  });
});
