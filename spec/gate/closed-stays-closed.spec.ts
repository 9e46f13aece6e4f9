import { expect } from 'chai';
import fc from 'fast-check';
import { type HeadgateOptions, headgate, type Profile } from 'headgate';
import { VirtualClock } from '../support/virtual-clock.ts';

/** A server's answer: its status, how it tells a wait, and how long it takes, in ms. */
interface Answer {
  readonly kind: 'good' | 'fault' | 'missing' | 'refused' | 'refused in the body' | 'silent';
  readonly waitMs: number;
  readonly tookMs: number;
}

const STATUS = {
  good: 200,
  fault: 503,
  missing: 404,
  refused: 429,
  'refused in the body': 403,
  silent: 429,
} as const;

const REFUSAL = /again in (\d+) ms/;

/** An API some of whose refusals show in the body alone. */
const profile: Profile = {
  name: 'disguised',
  quota: () => ({ key: 'q', windows: [] }),
  classify: ({ status = 0, headers, body = '' }) => {
    const told = REFUSAL.exec(body)?.[1];
    if (told !== undefined) {
      return { verdict: 'throttled', status, retryAfterMs: Number(told), retryAfterSource: 'message' };
    }
    if (status === 429) {
      const named = headers?.['retry-after-ms'];
      return named === undefined
        ? { verdict: 'throttled', status }
        : { verdict: 'throttled', status, retryAfterMs: Number(named), retryAfterSource: 'header' };
    }
    return { verdict: status < 400 ? 'success' : status < 500 ? 'terminal' : 'transient', status };
  },
};

function responseOf({ kind, waitMs }: Answer): Response {
  const headers = kind === 'refused' ? { 'retry-after-ms': String(waitMs) } : {};
  const body = kind === 'refused in the body' ? `Too many: try again in ${waitMs} ms` : '{}';
  return new Response(body, { status: STATUS[kind], headers });
}

/** Waits; all waits that end in one moment end in one turn of the event loop, before any reaction to the first. */
function together(clock: VirtualClock, due: Map<number, (() => void)[]>, ms: number): Promise<void> {
  const at = clock.now() + ms;
  const known = due.get(at);
  const waits = known ?? [];
  if (!known) {
    due.set(at, waits);
    clock.setTimer(() => waits.map((end) => end()), ms, false);
  }
  return new Promise((resolve) => waits.push(resolve));
}

const answer: fc.Arbitrary<Answer> = fc.record({
  kind: fc.constantFrom<Answer['kind']>(
    'good',
    'good',
    'good',
    'good',
    'missing',
    'fault',
    'refused',
    'refused in the body',
    'silent',
  ),
  waitMs: fc.integer({ min: 20, max: 3000 }),
  // Few, whole values: many answers come in the same moment.
  tookMs: fc.constantFrom(10, 20, 30),
});

const options: fc.Arbitrary<HeadgateOptions> = fc.record({
  adaptive: fc.boolean(),
  quotas: fc
    .constantFrom<NonNullable<HeadgateOptions['quotas']>[number][]>(
      [],
      { name: 'q', windows: [{ limit: 3, per: 40 }] } as never,
      { name: 'q', concurrency: 3 } as never,
      { name: 'q', windows: [{ limit: 5, per: 30 }], concurrency: 2 } as never,
    )
    .map((given) => [given].flat()),
});

describe('A closed quota', () => {
  for (const client of ['fetch', 'wrap'] as const) {
    it(`stays closed for every attempt, even those admitted in that very moment: ${client}`, async function () {
      this.timeout(60_000);
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 2, max: 40 }),
          fc.array(answer, { minLength: 1, maxLength: 12 }),
          options,
          async (calls, answers, given) => {
            const clock = new VirtualClock();
            const gate = headgate(
              { ...given, profile, retry: { attempts: 3, deadline: Infinity, budget: false } },
              { clock, random: () => 0.5 },
            );
            gate.on('warning', () => undefined);
            const due = new Map<number, (() => void)[]>();
            let closedUntil = -Infinity;
            const early: string[] = [];
            let sent = 0;
            gate.on('pause', ({ until }) => {
              closedUntil = Math.max(closedUntil, until);
            });
            gate.on('attempt', ({ at }) => {
              if (at < closedUntil) early.push(`an attempt at ${at}, closed until ${closedUntil}`);
            });
            const send = async (): Promise<Response> => {
              const told = answers[sent % answers.length] as Answer;
              sent += 1;
              await together(clock, due, told.tookMs);
              return responseOf(told);
            };
            const call =
              client === 'fetch'
                ? (
                    (fetch) => async () =>
                      (await fetch('https://api.example/x')).text()
                  )(gate.fetch(send))
                : gate.wrap(send, { request: { method: 'GET', url: 'https://api.example/x' } });
            const all = Promise.allSettled(Array.from({ length: calls }, () => call()));
            await clock.advance(600_000);
            await gate.close();
            await all;
            expect(early).to.deep.equal([]);
          },
        ),
        { numRuns: 200, seed: 77 },
      );
    });
  }

  it('admits nothing while an error that may be a refusal is being read', async () => {
    const clock = new VirtualClock();
    const gate = headgate({ profile, retry: { deadline: Infinity } }, { clock, random: () => 0.5 });
    const sentAt: number[] = [];
    const fetch = gate.fetch(async () => {
      sentAt.push(clock.now());
      const first = sentAt.length === 1;
      await new Promise<void>((resolve) => clock.setTimer(resolve, first ? 4.5 : 500, false));
      return responseOf({ kind: first ? 'refused in the body' : 'good', waitMs: 5000, tookMs: 0 });
    });
    const start = clock.now();
    const all = Array.from({ length: 30 }, () => fetch('https://api.example/x'));
    await clock.advance(5000);
    const before = sentAt.filter((at) => at < start + 4.5).length;
    expect(sentAt).to.have.length(before);
    await clock.advance(60_000);
    await Promise.all(all);
    await gate.close();
  });
});
