import { expect } from 'chai';
import fc from 'fast-check';
import type { Gate } from '../../lib/gate/gate.ts';
import { Gates } from '../../lib/gate/gates.ts';
import type { Passage } from '../../lib/gate/passage.ts';
import { Permit } from '../../lib/gate/permit.ts';
import { Place } from '../../lib/gate/place.ts';
import type { QuotaRef } from '../../lib/words/types.ts';
import { ask, contextOf, LATE } from '../support/gates.ts';
import { settled, VirtualClock } from '../support/virtual-clock.ts';

const window = fc.record({
  limit: fc.integer({ min: 1, max: 6 }),
  per: fc.integer({ min: 5, max: 400 }),
  of: fc.constantFrom('requests', 'tokens'),
});
const quota = fc.record({
  windows: fc.array(window, { maxLength: 2 }),
  concurrency: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
});
const call = fc.record({
  at: fc.integer({ min: 0, max: 600 }),
  /** Bits: quotas that it draws on. */
  draws: fc.integer({ min: 1, max: 15 }),
  tokens: fc.constantFrom(0, 0.5, 1, 2, 3, 9),
  /** Share of it that is spent. */
  spends: fc.constantFrom(0, 0.5, 1),
  priority: fc.constantFrom(0, 0, 0, 2),
  flow: fc.constantFrom(undefined, undefined, 'a', 'b'),
  headMs: fc.integer({ min: 0, max: 40 }),
  bodyMs: fc.integer({ min: 0, max: 40 }),
  fate: fc.constantFrom('served', 'served', 'served', 'refunded', 'late report'),
  abortMs: fc.option(fc.integer({ min: 0, max: 900 }), { nil: undefined, freq: 6 }),
  deadlineMs: fc.option(fc.integer({ min: 0, max: 3000 }), { nil: undefined, freq: 6 }),
});
const pause = fc.record({
  at: fc.integer({ min: 0, max: 800 }),
  quota: fc.integer({ min: 0, max: 3 }),
  ms: fc.integer({ min: 1, max: 300 }),
});
const update = fc.record({
  at: fc.integer({ min: 0, max: 800 }),
  quota: fc.integer({ min: 0, max: 3 }),
  by: quota,
});
type Call = typeof call extends fc.Arbitrary<infer T> ? T : never;

/** What a server may have counted of one attempt. */
interface Sent {
  readonly call: Call;
  readonly number: number;
  readonly at: number;
  answeredAt: number;
  endedAt: number;
  tokens: number;
  requests: number;
}

/** The most that any window of a server, fixed or rolling, can have counted at `now`. */
function counted(sent: readonly Sent[], unit: string, per: number, now: number): number {
  let sum = 0;
  for (const each of sent) {
    const until = unit === 'requests' ? each.answeredAt : each.endedAt;
    if (until + per > now) sum += unit === 'requests' ? each.requests : each.tokens;
  }
  return sum;
}

describe('An attempt that draws on several quotas', () => {
  it('obeys every law, whatever the quotas and its outcome', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(quota, { minLength: 1, maxLength: 4 }),
        fc.array(call, { minLength: 1, maxLength: 40 }),
        fc.array(pause, { maxLength: 3 }),
        fc.array(update, { maxLength: 2 }),
        async (quotas, calls, pauses, updates) => {
          const clock = new VirtualClock();
          const gates = new Gates(contextOf(clock));
          const start = clock.now();
          const refs: QuotaRef[] = quotas.map((each, index) => ({ key: `q${index}`, ...each }));
          const sent: Sent[][] = refs.map(() => []);
          const closed: number[] = refs.map(() => -Infinity);
          /** Since when the limits are the present ones. */
          const lowered: boolean[] = refs.map(() => false);
          const drawn = ({ draws }: Call): number[] => {
            const own = refs.map((_, index) => index).filter((index) => draws & (1 << index));
            return own.length > 0 ? own : [0];
          };
          const wayOf = (of: Call): Passage<Gate> => {
            const [first = 0, ...others] = drawn(of);
            let { passage } = gates.of(refs[first] as QuotaRef);
            for (const index of others) passage = passage.and(gates.of(refs[index] as QuotaRef));
            return passage;
          };
          let open = 0;
          /** The last sent of each lane, and whether it went in the moment of its asking. */
          const order = new Map<
            string,
            { readonly number: number; readonly at: number; readonly atOnce: boolean }
          >();
          /** What a law says that was broken where nobody waits for it. */
          let broken: unknown;
          const begin = (of: Call, number: number): void => {
            const now = clock.now();
            let granted: Permit | Place;
            const deadlineAt = of.deadlineMs === undefined ? Infinity : now + of.deadlineMs;
            const mine = ask({
              priority: of.priority,
              flow: of.flow,
              deadlineAt,
              cost: { tokens: of.tokens },
            });
            try {
              granted = wayOf(of).acquire(mine, now);
            } catch (error) {
              expect(error === LATE || (error as Error).name === 'CostError').to.equal(true);
              return;
            }
            open += 1;
            let aborted: Error | undefined;
            if (of.abortMs !== undefined && granted instanceof Place) {
              const place = granted;
              clock.setTimer(
                () => {
                  aborted = new Error('aborted');
                  place.leave(aborted);
                },
                of.abortMs,
                true,
              );
            }
            const go = (permit: Permit): void => {
              open -= 1;
              const at = permit.takenAt;
              const lane = `${drawn(of)} ${of.priority} ${of.flow}`;
              const last = order.get(lane);
              // A place is told of its grant a microtask later than one that comes in the same moment and goes at once.
              if (!(last?.atOnce && last.at === at && granted instanceof Place))
                expect(number, 'order within a lane').to.be.above(last?.number ?? -1);
              order.set(lane, { number, at, atOnce: granted instanceof Permit });
              const each: Sent = {
                call: of,
                number,
                at,
                answeredAt: Infinity,
                endedAt: Infinity,
                tokens: of.tokens,
                requests: 1,
              };
              for (const index of drawn(of)) {
                expect(at, 'law 3').to.be.at.least(closed[index] as number);
                const all = sent[index] as Sent[];
                all.push(each);
                const { windows, concurrency = Infinity } = refs[index] as QuotaRef;
                if (lowered[index]) continue;
                expect(all.filter(({ endedAt }) => endedAt > at).length, 'concurrency').to.be.at.most(
                  concurrency,
                );
                for (const { limit, per, of: unit = 'requests' } of windows) {
                  if (unit === 'tokens' && of.tokens === 0) continue;
                  expect(counted(all, unit, per, at), `law 1, ${unit}`).to.be.at.most(limit + 1e-9);
                }
              }
              if (of.fate === 'refunded') {
                permit.refund();
                Object.assign(each, { tokens: 0, requests: 0, endedAt: at, answeredAt: at });
                return;
              }
              clock.setTimer(
                () => {
                  each.answeredAt = clock.now();
                  permit.answer(clock.now());
                },
                of.headMs,
                true,
              );
              const spend = (): void => {
                permit.spend({ tokens: of.tokens * of.spends });
                each.tokens = of.tokens * of.spends;
              };
              clock.setTimer(
                () => {
                  if (of.fate === 'served') spend();
                  each.answeredAt = Math.min(each.answeredAt, clock.now());
                  each.endedAt = clock.now();
                  permit.settle(clock.now());
                  permit.settle(clock.now());
                  if (of.fate === 'late report') clock.setTimer(spend, 30, true);
                },
                of.headMs + of.bodyMs,
                true,
              );
            };
            if (granted instanceof Permit) go(granted);
            else
              granted.permit
                .then(go, (error: Error) => {
                  open -= 1;
                  expect(error === LATE || error === aborted || error.name === 'CostError').to.equal(true);
                })
                .catch((error: unknown) => {
                  broken ??= error;
                });
          };
          calls
            .toSorted((a, b) => a.at - b.at)
            .forEach((of, number) => void clock.setTimer(() => begin(of, number), of.at, true));
          for (const { at, quota: index, ms } of pauses) {
            if (index >= refs.length) continue;
            clock.setTimer(
              () => {
                gates.of(refs[index] as QuotaRef).pause(ms, 'header');
                closed[index] = Math.max(closed[index] as number, clock.now() + ms);
              },
              at,
              true,
            );
          }
          for (const { at, quota: index, by } of updates) {
            if (index >= refs.length) continue;
            clock.setTimer(
              () => {
                refs[index] = { key: `q${index}`, ...by };
                lowered[index] = true;
                gates.relimit(refs[index] as QuotaRef);
              },
              at,
              true,
            );
          }
          // 40 calls, each of which may need a window of its own, and the pauses: none starves.
          await clock.advance(2000 + calls.length * 500);
          await settled();
          if (broken) throw broken;
          expect(open, 'calls that still wait').to.equal(0);
          await clock.advance(1000);
          for (const shown of gates.snapshot()) {
            expect([shown.inFlight, shown.queued]).to.deep.equal([0, 0]);
            for (const { used } of shown.windows) expect(used).to.equal(0);
          }
          expect(clock.now() - start).to.be.above(0);
        },
      ),
      { numRuns: 250 },
    );
  });
});
