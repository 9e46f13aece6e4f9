import { expect } from 'chai';
import fc from 'fast-check';
import type { Gate } from '../../lib/gate/gate.ts';
import { Permit } from '../../lib/gate/permit.ts';
import { DEFAULT_POLICY } from '../../lib/policy/policy.ts';
import { ask, makeGate, permitOf } from '../support/gates.ts';
import { settled, VirtualClock } from '../support/virtual-clock.ts';

/** One call of a generated program. */
interface Plan {
  /** ms after the call before it. */
  readonly gap: number;
  /** ms from sending to the server's counting it, and from there to its response. */
  readonly out: number;
  readonly back: number;
  readonly fate: 'answered' | 'failed' | 'unsent' | 'abandoned' | 'throttled';
}

const plan: fc.Arbitrary<Plan> = fc.record({
  gap: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 300 })),
  out: fc.integer({ min: 0, max: 120 }),
  back: fc.integer({ min: 0, max: 120 }),
  fate: fc.constantFrom('answered', 'answered', 'answered', 'failed', 'unsent', 'abandoned', 'throttled'),
});

const windows = fc.uniqueArray(
  fc.record({ limit: fc.integer({ min: 1, max: 8 }), per: fc.integer({ min: 20, max: 700 }) }),
  {
    minLength: 1,
    maxLength: 3,
    selector: ({ per }) => per,
  },
);

/** When the server counted each request. */
async function run(clock: VirtualClock, gate: Gate, plans: readonly Plan[]): Promise<number[]> {
  const counted: number[] = [];
  const jobs: Promise<void>[] = [];
  const after = (ms: number): Promise<void> => new Promise((resolve) => clock.setTimer(resolve, ms, true));
  const attempt = async (permit: Permit, { out, back, fate }: Plan): Promise<void> => {
    if (fate === 'unsent') return permit.refund();
    await after(out);
    counted.push(clock.now());
    await after(back);
    if (fate === 'answered') permit.answer(clock.now());
    if (fate === 'throttled') gate.throttled(permit.takenAt, 50, 'header', DEFAULT_POLICY.backoff);
    permit.settle(clock.now());
  };
  for (const each of plans) {
    await clock.advance(each.gap);
    const granted = gate.acquire(ask());
    if (each.fate === 'abandoned' && !(granted instanceof Permit)) granted.leave(new Error('abandoned'));
    jobs.push(
      permitOf(granted)
        .then((permit) => attempt(permit, each))
        .catch(() => undefined),
    );
  }
  let over = false;
  void Promise.all(jobs).then(() => {
    over = true;
  });
  for (let turn = 0; !over; turn += 1) {
    if (turn > 100_000) throw new Error('deadlock');
    await clock.advance(Math.min(10_000, Math.max(0, clock.nextAt() - clock.now())));
  }
  return counted.sort((a, b) => a - b);
}

/** The most that any window of that length, open at one end, can have counted. */
function worst(counted: readonly number[], per: number): number {
  let most = 0;
  for (let first = 0, last = 0; last < counted.length; last += 1) {
    while ((counted[last] as number) - (counted[first] as number) >= per) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

describe('Any program, with any windows, at any latency', () => {
  it('never exceeds a window as the server counts, loses no permit, and comes to an end', async () => {
    await fc.assert(
      fc.asyncProperty(windows, fc.array(plan, { minLength: 1, maxLength: 60 }), async (limits, plans) => {
        const clock = new VirtualClock();
        const gate = makeGate(clock, { windows: limits });
        const counted = await run(clock, gate, plans);
        for (const { limit, per } of limits) expect(worst(counted, per)).to.be.at.most(limit);
        await clock.advance(1000);
        const { inFlight, queued, windows: after } = gate.snapshot();
        expect([inFlight, queued, ...after.map(({ used }) => used)]).to.deep.equal([
          0,
          0,
          ...limits.map(() => 0),
        ]);
        expect(clock.holding).to.equal(0);
      }),
      { numRuns: 400 },
    );
  });

  it('admits in order of arrival', async () => {
    await fc.assert(
      fc.asyncProperty(windows, fc.integer({ min: 2, max: 40 }), async (limits, calls) => {
        const clock = new VirtualClock();
        const gate = makeGate(clock, { windows: limits });
        const order: number[] = [];
        for (let call = 0; call < calls; call += 1) {
          permitOf(gate.acquire(ask())).then((permit) => {
            order.push(call);
            permit.settle(clock.now());
          });
        }
        await clock.advance(calls * 800);
        expect(order).to.deep.equal(Array.from({ length: calls }, (_, index) => index));
      }),
      { numRuns: 100 },
    );
  });

  it('uses at least 98 % of a window while there is demand', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 500, max: 5000 }),
        async (limit, per) => {
          const clock = new VirtualClock();
          const gate = makeGate(clock, { windows: [{ limit, per }] });
          const start = clock.now();
          const rounds = 20;
          let end = start;
          for (let call = 0; call < limit * rounds; call += 1) {
            permitOf(gate.acquire(ask())).then((permit) => {
              end = clock.now();
              permit.settle(end);
            });
          }
          await clock.advance(per * (rounds + 1));
          await settled();
          expect(gate.snapshot().queued).to.equal(0);
          // A server that counts at the response could take the last round after so many windows.
          expect((per * (rounds - 1)) / (end - start)).to.be.at.least(0.98);
        },
      ),
      { numRuns: 60 },
    );
  });
});
