import { expect } from 'chai';
import { seeded } from '../../lib/simulator/random.ts';
import { makeGate } from '../support/gates.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { type History, idealMs, inhabit, type ServerLimit, type World } from '../support/world.ts';

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

describe('A gate that knows nothing about its quota', function () {
  this.timeout(60_000);

  for (const [retryAfter, ratio, waste] of [
    ['precise', 1.04, 60],
    // In fixed windows: a wait that is rounded up ends in the next window.
    ['seconds', 1.08, 60],
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

  it('wastes few attempts at first: two dozen, in rolling windows with a named wait', async () => {
    const world: World = { ...standard, limits: [limit('rolling', 100, 2000)], retryAfter: 'seconds' };
    for (const seed of [1, 2, 3]) expect((await live(world, seed)).refused).to.be.at.most(24);
  });

  it('wastes few attempts on a token bucket that names no wait', async () => {
    const world: World = {
      ...standard,
      calls: 600,
      limits: [limit('bucket', 100, 2000)],
      retryAfter: 'silent',
    };
    let refused = 0;
    for (let seed = 1; seed <= 20; seed += 1) refused += (await live(world, seed)).refused;
    // 357 if each of its reopenings, one attempt apart, marked the start of a window.
    expect(refused / 20).to.be.lessThan(280);
  });

  it('finds two windows at once', async () => {
    const limits = [limit('rolling', 60, 1000), limit('rolling', 200, 5000)];
    const world: World = { calls: 800, latency: [5, 15], limits, retryAfter: 'seconds' };
    const history = await live(world);
    expect(history.elapsed / idealMs(world)).to.be.lessThan(1.3);
    expect(history.refused).to.be.lessThan(80);
  });

  it('follows a limit that is raised or lowered', async () => {
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

  it('finds how many attempts a server carries at once, and keeps to it', async () => {
    const world: World = { limits: [], capacity: 20, retryAfter: 'silent', calls: 2000, latency: [12, 37] };
    const history = await live(world);
    expect(history.elapsed / idealMs(world)).to.be.lessThan(1.15);
    expect(history.faults).to.be.lessThan(100);
  });

  for (const [capacity, latency, ratio, waste] of [
    [1, [20, 40], 1.4, 40],
    [5, [50, 50], 1.1, 40],
    [20, [12, 37], 1.25, 60],
    [10, [200, 300], 1.25, 60],
    [5, [1500, 1500], 1.1, 400],
    [5, [8000, 12_000], 1.2, 400],
  ] as const) {
    it(`finds the concurrency of a server that refuses more with a 429 without Retry-After: ${capacity}, ${latency[0]} ms`, async () => {
      const calls = capacity * 60;
      const world: World = { limits: [], capacity, crowded: true, retryAfter: 'silent', calls, latency };
      for (const seed of [1, 2, 3]) {
        const history = await live(world, seed);
        expect(history.elapsed / idealMs(world)).to.be.lessThan(ratio);
        expect(history.refused).to.be.lessThan(waste);
      }
    });
  }

  const around =
    (ms: number): NonNullable<World['service']> =>
    (_, random) =>
      -ms * Math.log(1 - random());

  for (const [workers, ms] of [
    [20, 50],
    [5, 20],
  ] as const) {
    it(`sends a busy server no more than it can speed up for: ${workers} workers`, async () => {
      const world: World = {
        limits: [],
        workers,
        service: around(ms),
        retryAfter: 'silent',
        calls: 4000,
        latency: [1, 3],
      };
      for (const seed of [1, 2]) {
        const history = await live(world, seed);
        expect(history.elapsed / ((4000 / workers) * ms)).to.be.lessThan(1.1);
        const sorted = [...history.crowds].sort((a, b) => a - b);
        expect(sorted[Math.floor(sorted.length * 0.9)]).to.be.lessThan(workers * 12);
      }
    });
  }

  for (const [name, service] of [
    ['vary', around(50)],
    ['are of two kinds', (_: number, random: () => number) => (random() < 0.9 ? 20 : 500)],
    ['grow slower', (now: number, random: () => number) => Math.min(400, 20 + now / 20) * (0.5 + random())],
  ] as const) {
    it(`does not treat a server as busy whose answers ${name}`, async () => {
      const world: World = { limits: [], service, retryAfter: 'silent', calls: 4000, latency: [1, 3] };
      for (const seed of [1, 2, 3, 4]) {
        const history = await live(world, seed);
        expect(history.elapsed).to.be.lessThan(2400);
        expect(history.crowds.at(2000)).to.be.greaterThan(300);
      }
    });
  }

  it('sends little during an outage, and recovers soon after it', async () => {
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

  it('holds up nothing for long if there is no limit and answers are slow', async () => {
    const world: World = { limits: [], retryAfter: 'silent', calls: 200, latency: [2500, 2500] };
    expect((await live(world)).elapsed).to.be.lessThan(6500);
  });

  it('tolerates a few failures unrelated to what is in flight', async () => {
    const chance = seeded(7);
    const world: World = {
      limits: [],
      retryAfter: 'silent',
      calls: 3000,
      latency: [20, 60],
      faulty: () => chance() < 0.01,
    };
    expect((await live(world)).elapsed).to.be.lessThan(15_000);
  });
});
