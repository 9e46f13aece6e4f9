import { expect } from 'chai';
import fc from 'fast-check';
import { type AnyEvent, type Headgate, headgate, type WindowOptions } from 'headgate';
import { WindowCount } from '../../lib/ledger/window-count.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

/** A server that is far away: requests arrive after `inMs`, answers take `latencyMs` in all. */
interface Server {
  readonly inMs: number;
  readonly latencyMs: number;
}

interface Run {
  readonly tookMs: number;
  /** Moments of arrival. */
  readonly arrived: number[];
  readonly gate: Headgate;
  readonly events: AnyEvent[];
}

async function run(window: WindowOptions, calls: number, { inMs, latencyMs }: Server): Promise<Run> {
  const clock = new VirtualClock();
  const gate = headgate(
    { quotas: [{ name: 'q', windows: [window] }], retry: { deadline: Infinity } },
    { clock },
  );
  const events: AnyEvent[] = [];
  gate.on('warning', (event) => events.push(event));
  const arrived: number[] = [];
  const call = gate.wrap(
    async () => {
      clock.setTimer(() => arrived.push(clock.now()), inMs, false);
      await new Promise<void>((resolve) => clock.setTimer(resolve, latencyMs, false));
      return { status: 200, headers: {} };
    },
    { request: { method: 'GET', url: 'https://far.example/' } },
  );
  const from = clock.now();
  let endedAt = 0;
  const all = Promise.all(Array.from({ length: calls }, () => call())).then(() => {
    endedAt = clock.now();
  });
  await clock.advance(600_000);
  await all;
  return { tookMs: endedAt - from, arrived, gate, events };
}

/** The most that arrived in any `per`: what a rolling window would count, and a fixed one at any phase no more. */
function worst(arrived: readonly number[], per: number): number {
  const sorted = [...arrived].sort((a, b) => a - b);
  let most = 0;
  let from = 0;
  for (const [to, at] of sorted.entries()) {
    while (at - (sorted[from] as number) >= per) from += 1;
    most = Math.max(most, to - from + 1);
  }
  return most;
}

describe('A window with a transit', () => {
  for (const latencyMs of [2000, 10_000]) {
    it(`keeps its pace before a server whose answers take ${latencyMs} ms`, async () => {
      const window = { limit: 10, per: '1s', transit: '200ms' } as const;
      const { tookMs, arrived, gate } = await run(window, 100, { inMs: 150, latencyMs });
      // Nine windows have to pass after the first ten were sent; the last answer comes `latencyMs` later.
      expect(tookMs / (9 * 1000 + latencyMs)).to.be.below(1.25);
      expect(tookMs).to.be.at.most(9 * (1000 + 200 + 1) + latencyMs + 1);
      expect(worst(arrived, 1000)).to.be.at.most(10);
      await gate.close();
    });
  }

  it('lets no more through than its limit, whatever the way in takes up to the transit', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 100, max: 3000 }),
        fc.integer({ min: 0, max: 2000 }),
        fc.integer({ min: 0, max: 6000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (limit, per, transit, latencyMs, part) => {
          const inMs = Math.min(latencyMs, transit) * part;
          const { arrived, gate } = await run({ limit, per, transit }, 5 * limit, { inMs, latencyMs });
          expect(worst(arrived, per)).to.be.at.most(limit);
          expect(arrived).to.have.length(5 * limit);
          expect(gate.quotas()[0]?.inFlight).to.equal(0);
          await gate.close();
        },
      ),
      { numRuns: 120, seed: 3 },
    );
  });

  it('counts from the response where that comes first', async () => {
    const { tookMs, gate } = await run({ limit: 1, per: '1s', transit: '5s' }, 3, {
      inMs: 10,
      latencyMs: 20,
    });
    expect(tookMs).to.be.closeTo(2 * 1021 + 20, 5);
    await gate.close();
  });

  it('shows itself, and the latency of a window without one is told of once', async () => {
    const far = { inMs: 150, latencyMs: 2000 };
    const with_ = await run({ limit: 10, per: 1000, transit: 200 }, 40, far);
    expect(with_.gate.quotas()[0]?.windows[0]).to.include({ limit: 10, per: 1000, transit: 200 });
    expect(with_.gate.quotas()[0]?.windows[0]?.latencyCost).to.equal(undefined);
    expect(with_.events).to.deep.equal([]);
    const without = await run({ limit: 10, per: 1000 }, 40, far);
    expect(without.gate.quotas()[0]?.windows[0]?.latencyCost).to.be.closeTo(2 / 3, 0.01);
    expect(without.events).to.have.length(1);
    expect(without.events[0]).to.include({ code: 'latency-bound', quota: 'q' });
    expect((without.events[0] as { message: string }).message).to.match(
      /67 % of the limit of 10 per 1000 ms/,
    );
    const near = await run({ limit: 10, per: 1000 }, 40, { inMs: 5, latencyMs: 100 });
    expect(near.events).to.deep.equal([]);
    await Promise.all([with_, without, near].map(({ gate }) => gate.close()));
  });

  it('set or unset by an update forgets nothing that is in flight', async () => {
    const clock = new VirtualClock();
    const quota = (window: WindowOptions) => ({ name: 'q', windows: [window] });
    const gate = headgate(
      { quotas: [quota({ limit: 2, per: 1000 })], retry: { deadline: Infinity } },
      { clock },
    );
    const ends: (() => void)[] = [];
    const call = gate.wrap(
      async () => {
        await new Promise<void>((resolve) => ends.push(resolve));
        return { status: 200, headers: {} };
      },
      { request: { method: 'GET', url: 'https://far.example/' } },
    );
    const all = [call(), call(), call(), call()];
    await clock.advance(5000);
    expect(ends).to.have.length(2);
    gate.update({ quotas: [quota({ limit: 2, per: 1000, transit: 100 })] });
    await clock.advance(5000);
    expect(ends, 'sent before the transit was known: counted from the response').to.have.length(2);
    for (const end of ends) end();
    await clock.advance(1002);
    expect(ends).to.have.length(4);
    gate.update({ quotas: [quota({ limit: 2, per: 1000 })] });
    for (const end of ends) end();
    await Promise.all(all);
    await clock.advance(5000);
    expect(gate.quotas()[0]?.windows[0]?.used).to.equal(0);
    await gate.close();
  });
});

describe('WindowCount with a transit', () => {
  it('gives every permit back, in whatever order sendings, responses and refunds come', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            sent: fc.integer({ min: 0, max: 50 }),
            after: fc.integer({ min: 0, max: 40 }),
            refund: fc.boolean(),
          }),
          { maxLength: 30 },
        ),
        fc.integer({ min: 0, max: 30 }),
        (attempts, transit) => {
          const count = new WindowCount(10, 1000);
          count.limitTransit(transit);
          const steps = attempts.flatMap(({ sent, after, refund }) => [
            { at: sent, order: 0, run: () => count.take(sent) },
            {
              at: sent + after,
              order: 1,
              run: () => (refund ? count.refund(sent + after, sent) : count.give(sent + after, sent)),
            },
          ]);
          steps.sort((a, b) => a.at - b.at || a.order - b.order);
          for (const { at, run: step } of steps) {
            count.used(at);
            step();
            expect(count.used(at)).to.be.at.least(0);
            expect(count.unanswered).to.be.at.least(0);
          }
          expect(count.used(1000)).to.equal(0);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
