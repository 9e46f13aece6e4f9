import { expect } from 'chai';
import fc from 'fast-check';
import { type Clock, type HeadgateOptions, headgate } from 'headgate';
import { VirtualClock } from '../support/virtual-clock.ts';

/** What the server does for a while, before it is well. */
const phase = fc.record({
  kind: fc.constantFrom('good', 'down', 'refusing', 'silent', 'emptied', 'late', 'cut off'),
  answers: fc.integer({ min: 1, max: 20 }),
  waitMs: fc.integer({ min: 1, max: 5000 }),
});
const options: fc.Arbitrary<HeadgateOptions> = fc
  .record({
    adaptive: fc.boolean(),
    limit: fc.option(
      fc.record({ limit: fc.integer({ min: 1, max: 8 }), per: fc.integer({ min: 20, max: 3000 }) }),
    ),
    transit: fc.option(fc.integer({ min: 1, max: 100 })),
    concurrency: fc.option(fc.integer({ min: 1, max: 4 })),
  })
  .map(({ adaptive, limit, transit, concurrency }) => ({
    adaptive,
    quotas: [
      {
        ...(limit && { windows: [{ ...limit, ...(transit && { transit }) }] }),
        ...(concurrency && { concurrency }),
      },
    ],
  }));
/** The machine sleeps: at a moment, for a time in which no timer runs. */
const sleeps = fc.array(
  fc.record({ at: fc.integer({ min: 1, max: 10_000 }), ms: fc.integer({ min: 1, max: 7_200_000 }) }),
  { maxLength: 3 },
);

describe('Whatever a server does, and however long the machine sleeps', () => {
  it('each call ends soon after the server has recovered, within the limits, and every permit is returned', async function () {
    this.timeout(120_000);
    await fc.assert(
      fc.asyncProperty(
        fc.array(phase, { maxLength: 6 }),
        options,
        sleeps,
        fc.integer({ min: 1, max: 40 }),
        async (phases, given, naps, calls) => {
          const base = new VirtualClock();
          let slept = 0;
          const clock: Clock = {
            now: () => base.now() + slept,
            setTimer: (fire, ms, hold) => base.setTimer(fire, ms, hold),
          };
          // A learner takes a sleep for latency: its waits end, but as late as that.
          for (const { at, ms } of given.adaptive ? [] : naps) base.setTimer(() => (slept += ms), at, false);
          const gate = headgate(
            {
              ...given,
              retry: { attempts: 1000, deadline: Infinity, budget: false, backoff: { max: 1000 } },
            },
            { clock, random: () => 0.5 },
          );
          gate.on('warning', () => undefined);
          const concurrency = given.quotas?.[0]?.concurrency ?? Infinity;
          const script = phases.flatMap(({ answers, ...rest }) =>
            Array.from({ length: answers }, () => rest),
          );
          let [inFlight, most, next] = [0, 0, 0];
          const call = gate.wrap(
            async () => {
              inFlight += 1;
              most = Math.max(most, inFlight);
              const { kind, waitMs } = script[next] ?? { kind: 'good', waitMs: 0 };
              next += 1;
              await new Promise<void>((resolve) =>
                base.setTimer(resolve, kind === 'late' ? waitMs : 1 + (next % 30), false),
              );
              inFlight -= 1;
              if (kind === 'cut off') throw Object.assign(new Error('reset'), { code: 'ECONNRESET' });
              if (kind === 'down') return { status: 503, headers: {} };
              if (kind === 'refusing') return { status: 429, headers: { 'retry-after-ms': `${waitMs}` } };
              if (kind === 'silent') return { status: 429, headers: {} };
              const left = {
                'x-ratelimit-limit': '9',
                'x-ratelimit-remaining': '0',
                'x-ratelimit-reset': '2',
              };
              return { status: 200, headers: kind === 'emptied' ? left : {} };
            },
            { request: { method: 'GET', url: 'https://api.example/x' } },
          );
          let ended = 0;
          const all = Array.from({ length: calls }, () =>
            call().finally(() => {
              ended += 1;
            }),
          );
          // Generous: all waits that the script can name, and each window in turn.
          const windows = given.quotas?.[0]?.windows?.[0];
          const turns = windows
            ? Math.ceil((calls + script.length) / windows.limit) * (Number(windows.per) + 200)
            : 0;
          await base.advance(600_000 + 10_000 * script.length + turns);
          expect(ended, JSON.stringify(gate.quotas())).to.equal(calls);
          await Promise.allSettled(all);
          expect(most).to.be.at.most(concurrency);
          expect(gate.quotas().map((quota) => quota.inFlight + quota.queued)).to.deep.equal([0]);
          await gate.close();
        },
      ),
      { numRuns: Number(process.env.RUNS ?? 100), seed: 4 },
    );
  });
});
