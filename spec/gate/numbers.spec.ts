import { expect } from 'chai';
import fc from 'fast-check';
import { type Classification, headgate, type Profile } from 'headgate';
import { Pause } from '../../lib/gate/pause.ts';
import { Demand } from '../../lib/ledger/demand.ts';
import { backoffMs } from '../../lib/policy/backoff.ts';
import { Schedule } from '../../lib/time/schedule.ts';
import { LONGEST_WAIT_MS } from '../../lib/words/types.ts';
import { record } from '../support/server.ts';
import { settled, VirtualClock } from '../support/virtual-clock.ts';

const request = { method: 'GET', url: 'http://localhost/' };

/** Whatever a profile without types may put where ms belong. */
const junk: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(Number.NaN, Infinity, -Infinity, -0, '5', '', null, true, 5n, Symbol('5')),
  fc.constantFrom(new Date(), new Date(Number.NaN), {}, [], [5], () => 5),
  fc.double(),
  fc.bigInt(),
  fc.string(),
  fc.object(),
);

const refused = async (): Promise<never> => {
  throw new Error('refused');
};

const profileOf = (read: Classification): Profile => ({
  name: 'own',
  quota: () => ({ key: 'quota', windows: [] }),
  classify: ({ error }) => (error ? read : { verdict: 'success' }),
});

describe('Numbers', () => {
  it('given as waits by a profile or a classify function never stop the timers of the gate', async () => {
    const sources = fc.constantFrom<'profile' | 'classify'>('profile', 'classify');
    const verdicts = fc.constantFrom<'throttled' | 'transient'>('throttled', 'transient');
    await fc.assert(
      fc.asyncProperty(junk, sources, verdicts, async (wait, source, verdict) => {
        const clock = new VirtualClock();
        const bad = { verdict, retryAfterMs: wait, retryAfterSource: 'header' } as Classification;
        const gate = headgate(
          {
            profile: profileOf(source === 'profile' ? bad : { verdict }),
            retry: { deadline: '1s', backoff: { base: 100, max: 100 } },
            adaptive: false,
          },
          { clock, random: () => 0.5 },
        );
        gate.on('warning', () => undefined);
        const classify = source === 'classify' ? () => bad : undefined;
        const run = gate.wrap(refused, { request, classify });
        let ended = false;
        run().catch(() => {
          ended = true;
        });
        await settled();
        const [quota] = gate.quotas();
        expect(quota?.pausedUntil ?? 0).to.satisfy(Number.isFinite);
        // No more than its deadline may pass, whose timer stands behind all others.
        await clock.advance(1001);
        expect(ended).to.equal(true);
        await gate.close();
      }),
      { numRuns: 300 },
    );
  });

  it('that are not valid waits are ignored, with one warning', async () => {
    const clock = new VirtualClock();
    const gate = headgate(
      { profile: profileOf({ verdict: 'throttled', retryAfterMs: '5' as never }), adaptive: false },
      { clock, random: () => 0 },
    );
    const events = record(gate);
    const run = gate.wrap(refused, { request });
    for (let call = 0; call < 3; call += 1) run().catch(() => undefined);
    await settled();
    const codes = events.flatMap((event) => (event.type === 'warning' ? event.code : []));
    expect(codes).to.deep.equal(['profile-failed']);
    expect(events.flatMap((event) => (event.type === 'pause' ? event.cause : []))).to.deep.equal(['backoff']);
    await gate.close();
  });

  it('beyond all bounds are cut to the longest wait, and negative ones to none', async () => {
    for (const [wait, ms] of [
      [Infinity, LONGEST_WAIT_MS],
      [1e300, LONGEST_WAIT_MS],
      [-5, undefined],
    ] as const) {
      const clock = new VirtualClock();
      const profile = profileOf({ verdict: 'throttled', retryAfterMs: wait, retryAfterSource: 'header' });
      const gate = headgate({ profile, adaptive: false }, { clock, random: () => 0 });
      const run = gate.wrap(refused, { request });
      run().catch(() => undefined);
      await settled();
      expect(gate.quotas()[0]?.pausedUntil, String(wait)).to.equal(ms && clock.now() + ms);
      await gate.close();
    }
  });

  it('of every backoff are finite, between 0 and max', () => {
    const ms = fc.oneof(fc.constantFrom(0, 1, 500, Number.MAX_VALUE), fc.double({ min: 0, noNaN: true }));
    fc.assert(
      fc.property(
        fc.record({
          baseMs: ms.filter((base) => base < Infinity),
          maxMs: ms,
          jitter: fc.constantFrom('decorrelated', 'full', 'equal', 'none'),
        }),
        fc.oneof(fc.integer({ min: 1, max: 5000 }), fc.constant(Number.MAX_SAFE_INTEGER)),
        fc.option(fc.double({ min: 0, max: LONGEST_WAIT_MS, noNaN: true }), { nil: undefined }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (backoff, resend, previousMs, random) => {
          const wait = backoffMs(backoff, resend, previousMs, () => random);
          expect(Number.isFinite(wait)).to.equal(true);
          expect(wait).to.be.within(0, Math.min(backoff.maxMs, LONGEST_WAIT_MS));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('of any kind leave no pause without an end', () => {
    fc.assert(
      fc.property(fc.double(), fc.double({ min: 0, max: 1e13, noNaN: true }), (ms, now) => {
        const pause = new Pause(() => 0.5);
        const closed = pause.close(now, ms, 'peer');
        expect(pause.until === -Infinity || Number.isFinite(pause.opensAt)).to.equal(true);
        if (Number.isNaN(ms) || ms <= 0) expect(closed).to.equal(false);
      }),
    );
  });

  it('that are not moments are due at once, and disturb no other entry', async () => {
    const clock = new VirtualClock();
    const schedule = new Schedule(clock);
    const fired: number[] = [];
    for (const ms of [30, 10, Number.NaN, 20, -Infinity, 40, Number.NaN]) {
      schedule.at(clock.now() + ms, true, () => fired.push(ms));
    }
    await clock.advance(1);
    expect(fired).to.have.length(3);
    await clock.advance(100);
    expect(fired.slice(3)).to.deep.equal([10, 20, 30, 40]);
  });

  it('as large as any limit give a block without counting up to it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (limit) => {
        const { block } = new Demand(limit, 1000, 0);
        expect(Number.isSafeInteger(block)).to.equal(true);
        expect(block).to.be.within(1, Math.max(1, limit / 20));
        const divisors = Array.from({ length: 31 }, (_, index) => 20 + index).filter((n) => limit % n === 0);
        if (divisors[0]) expect(block).to.equal(limit / divisors[0]);
      }),
    );
  });

  it('as large as possible, as limits, admit at once', async () => {
    const gate = headgate({
      quotas: [
        { match: {}, windows: [{ limit: Number.MAX_SAFE_INTEGER, per: '1h' }], concurrency: 2 ** 53 - 1 },
      ],
    });
    const run = gate.wrap(async () => 'done', { request });
    expect(await Promise.all([run(), run(), run()])).to.deep.equal(['done', 'done', 'done']);
    await gate.close();
  });
});
