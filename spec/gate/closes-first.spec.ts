import { expect } from 'chai';
import fc from 'fast-check';
import { type HeadgateOptions, headgate } from 'headgate';
import { VirtualClock } from '../support/virtual-clock.ts';

/** What the server says to one request. */
type Answer =
  | { readonly kind: 'good' | 'fault' }
  | { readonly kind: 'refused' | 'emptied'; readonly ms: number };

const wait = fc.integer({ min: 20, max: 3000 });
const answer: fc.Arbitrary<Answer> = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ kind: 'good' } as const) },
  { weight: 1, arbitrary: fc.constant({ kind: 'fault' } as const) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('refused' as const), ms: wait }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('emptied' as const), ms: wait }) },
);
const options: fc.Arbitrary<HeadgateOptions> = fc.record({
  adaptive: fc.boolean(),
  quotas: fc.oneof(
    fc.constant([]),
    fc.record({ limit: fc.integer({ min: 1, max: 8 }), per: wait }).map((window) => [{ windows: [window] }]),
    fc.integer({ min: 1, max: 4 }).map((concurrency) => [{ concurrency }]),
    fc.constant([{ windows: [{ limit: 5, per: 500 }], concurrency: 2 }]),
  ),
});

function headersOf(told: Answer): Record<string, string> {
  if (told.kind === 'refused') return { 'retry-after-ms': String(told.ms) };
  if (told.kind !== 'emptied') return {};
  return {
    'x-ratelimit-limit': '100',
    'x-ratelimit-remaining': '0',
    'x-ratelimit-reset': String(Math.ceil(told.ms / 1000)),
  };
}

const STATUS = { good: 200, fault: 503, refused: 429, emptied: 200 } as const;

/** Makes `calls` calls; returns the moments at which attempts were sent, and those between which none may be. */
async function run(
  calls: number,
  answers: readonly Answer[],
  given: HeadgateOptions,
  seed: number,
): Promise<{ sent: number[]; closed: { from: number; until: number }[] }> {
  const clock = new VirtualClock();
  const sent: number[] = [];
  const closed: { from: number; until: number }[] = [];
  let state = seed;
  // Fractions of a ms, so that two things at one moment are cause and effect.
  const random = (): number => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
  const gate = headgate(
    { ...given, retry: { attempts: 3, deadline: Infinity, budget: false } },
    { clock, random },
  );
  const call = gate.wrap(
    async () => {
      sent.push(clock.now());
      const told = answers[(sent.length - 1) % answers.length] as Answer;
      await new Promise<void>((resolve) => clock.setTimer(resolve, 10 + 50 * random(), false));
      const closes = told.kind === 'refused' || (told.kind === 'emptied' && given.adaptive);
      if (closes) closed.push({ from: clock.now(), until: clock.now() + told.ms });
      return { status: STATUS[told.kind], headers: headersOf(told) };
    },
    { request: { method: 'GET', url: 'https://api.example/x' } },
  );
  const all = Promise.allSettled(Array.from({ length: calls }, () => call()));
  await clock.advance(600_000);
  await gate.close();
  await all;
  return { sent, closed };
}

describe('A refusal', () => {
  it('admits no attempt of its quota in the moment of its arrival, nor before the quota reopens', async function () {
    this.timeout(60_000);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 40 }),
        fc.array(answer, { minLength: 1, maxLength: 12 }),
        options,
        fc.integer({ min: 1, max: 2 ** 30 }),
        async (calls, answers, given, seed) => {
          const { sent, closed } = await run(calls, answers, given, seed);
          for (const { from, until } of closed) {
            const early = sent.filter((at) => at >= from && at < until);
            expect(early, `closed from ${from} until ${until}`).to.deep.equal([]);
          }
        },
      ),
      { numRuns: 150, seed: 11 },
    );
  });
});
