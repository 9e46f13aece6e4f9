import { expect } from 'chai';
import fc from 'fast-check';
import { seeded } from '../../../lib/simulator/random.ts';
import { makeGate } from '../../support/gates.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { type History, idealMs, inhabit, type ServerLimit, type World } from '../../support/world.ts';

async function live(world: World, seed = 1): Promise<History> {
  const clock = new VirtualClock();
  const random = seeded(seed);
  return inhabit(world, makeGate(clock, {}, { adaptive: true, random }), clock, random);
}

const limit = (kind: ServerLimit['kind'], most: number, per: number, phase = 0.4): ServerLimit => ({
  kind,
  limit: most,
  per,
  phase,
});

/** Admitted calls of each span of `ms`. */
function rates({ admitted, elapsed }: History, ms: number): number[] {
  return Array.from(
    { length: Math.ceil(elapsed / ms) },
    (_, index) => admitted.filter((at) => Math.floor(at / ms) === index).length,
  );
}

const standard = { calls: 600, latency: [1, 3] } as const;

describe('A gate that knows nothing of its quota', function () {
  this.timeout(60_000);

  for (const [retryAfter, ratio, waste] of [
    ['precise', 1.04, 60],
    ['seconds', 1.06, 60],
    ['silent', 1.1, 75],
  ] as const) {
    for (const kind of ['rolling', 'fixed'] as const) {
      it(`finds ${kind} windows: ${retryAfter}`, async () => {
        const world: World = { ...standard, limits: [limit(kind, 100, 2000)], retryAfter };
        for (const seed of [1, 2, 3]) {
          const history = await live(world, seed);
          expect(history.elapsed / idealMs(world)).to.be.lessThan(ratio);
          expect(history.refused).to.be.at.most(waste);
        }
      });
    }
  }

  it('wastes few attempts at the first: in rolling windows whose wait is named, twenty', async () => {
    const world: World = { ...standard, limits: [limit('rolling', 100, 2000)], retryAfter: 'seconds' };
    for (const seed of [1, 2, 3]) expect((await live(world, seed)).refused).to.be.at.most(20);
  });

  it('finds two windows at once', async () => {
    const limits = [limit('rolling', 60, 1000), limit('rolling', 200, 5000)];
    const world: World = { calls: 800, latency: [5, 15], limits, retryAfter: 'seconds' };
    const history = await live(world);
    expect(history.elapsed / idealMs(world)).to.be.lessThan(1.3);
    expect(history.refused).to.be.lessThan(80);
  });

  it('follows a limit that is raised, and one that is lowered', async () => {
    const of = (from: number, to: number, calls: number): World => ({
      ...standard,
      calls,
      limits: [limit('rolling', from, 1000)],
      retryAfter: 'precise',
      change: { at: 5000, limits: [limit('rolling', to, 1000)] },
    });
    // Of twenty seconds, fifteen by the new limit.
    const raised = await live(of(50, 200, 2400));
    expect(
      rates(raised, 1000)
        .slice(10, 14)
        .every((rate) => rate > 150),
    ).to.equal(true);
    const lowered = await live(of(200, 50, 1500));
    const after = rates(lowered, 1000).slice(8, 12);
    expect(Math.min(...after)).to.be.greaterThan(30);
    expect(lowered.refused).to.be.lessThan(150);
  });

  it('finds how many a server carries at once, and holds it', async () => {
    const world: World = { limits: [], capacity: 20, retryAfter: 'silent', calls: 2000, latency: [12, 37] };
    const history = await live(world);
    expect(history.elapsed / idealMs(world)).to.be.lessThan(1.15);
    expect(history.faults).to.be.lessThan(100);
  });

  it('sends little into an outage, and is back soon after it', async () => {
    const out = (now: number): boolean => now > 200 && now < 5200;
    const world: World = {
      limits: [limit('bucket', 100, 1000)],
      retryAfter: 'precise',
      calls: 1000,
      latency: [2, 8],
      faulty: out,
    };
    const history = await live(world);
    expect(history.faults).to.be.lessThan(60);
    const next = history.admitted.find((at) => at > 5200) as number;
    expect(next).to.be.lessThan(5200 * 1.15);
  });

  it('comes to terms with any server: no call is lost, no time and few attempts are', async () => {
    const server = fc.record({
      kind: fc.constantFrom('fixed', 'rolling', 'bucket') as fc.Arbitrary<ServerLimit['kind']>,
      most: fc.integer({ min: 5, max: 120 }),
      per: fc.integer({ min: 300, max: 5000 }),
      phase: fc.double({ min: 0, max: 0.99, noNaN: true }),
      latency: fc.integer({ min: 1, max: 25 }),
      retryAfter: fc.constantFrom('precise', 'silent') as fc.Arbitrary<World['retryAfter']>,
      seed: fc.nat(),
    });
    let [worst, sum, count, waste] = [0, 0, 0, 0];
    await fc.assert(
      fc.asyncProperty(server, async ({ kind, most, per, phase, latency, retryAfter, seed }) => {
        const world: World = {
          limits: [limit(kind, most, per, phase)],
          retryAfter,
          calls: most * 8,
          latency: [latency / 2, latency],
        };
        const history = await live(world, seed);
        // An attempt takes a window no shorter than its own time; below that, time goes with it.
        const ratio = history.elapsed / (idealMs(world) + 8 * 2 * latency);
        worst = Math.max(worst, ratio);
        sum += ratio;
        count += 1;
        waste += history.refused / world.calls;
      }),
      { numRuns: 300, seed: 4, endOnFailure: true },
    );
    if (process.env.SHOW) console.log({ worst, mean: sum / count, waste: waste / count });
    expect(worst).to.be.lessThan(2.5);
    expect(sum / count).to.be.lessThan(1.15);
    expect(waste / count).to.be.lessThan(0.4);
  });
});
