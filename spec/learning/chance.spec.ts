import { expect } from 'chai';
import { Chance } from '../../lib/learning/in-flight/chance.ts';
import { seeded } from '../../lib/simulator/random.ts';
import { makeGate } from '../support/gates.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { type History, idealMs, inhabit, type World } from '../support/world.ts';

/** Seeds of the random numbers; `npm run proof -- --part survey` takes five. */
const SEEDS = Array.from({ length: Number(process.env.SEEDS ?? 1) }, (_, index) => index + 1);
const none = { limits: [], retryAfter: 'silent' } as const;

async function live(world: World, seed: number): Promise<History> {
  const clock = new VirtualClock();
  const random = seeded(seed);
  return inhabit(world, makeGate(clock, {}, { adaptive: true, random }), clock, random);
}

/** Faults of that share, whatever the load. */
function byChance(share: number, seed: number): NonNullable<World['faulty']> {
  const random = seeded(seed + 999);
  return () => random() < share;
}

const around = (ms: number): World['latency'] => [ms / 4, (ms * 3) / 4];
const mean = (all: readonly number[]): number => all.reduce((sum, each) => sum + each, 0) / all.length;

describe('Faults unrelated to load', function () {
  this.timeout(120_000);

  for (const [name, world, most, onAverage] of [
    ['1,000 a second, 20 ms', { latency: around(20), every: 1, calls: 4000 }, 1.2, 1.06],
    ['at once, 20 ms', { latency: around(20), calls: 4000 }, 1.5, 1.1],
    ['4,000 a second, 5 ms', { latency: around(5), every: 0.25, calls: 4000 }, 1.2, 1.06],
    ['250 a second, 5 ms', { latency: around(5), every: 4, calls: 2000 }, 1.1, 1.03],
    ['at once, 50 ms', { latency: around(50), calls: 2000 }, 1.3, 1.12],
    ['1,000 a second, 200 ms', { latency: around(200), every: 1, calls: 4000 }, 1.4, 1.12],
    ['200 a second, 200 ms', { latency: around(200), every: 5, calls: 2000 }, 1.1, 1.03],
    ['1,000 a second, 500 ms', { latency: around(500), every: 1, calls: 4000 }, 1.4, 1.15],
    ['40 a second, 500 ms', { latency: around(500), every: 25, calls: 1500 }, 1.3, 1.05],
  ] as const) {
    it(`cost little beyond their retries, from 0.5 to 10 %: ${name}`, async () => {
      const ratios: number[] = [];
      for (const share of [0.005, 0.01, 0.02, 0.03, 0.05, 0.1]) {
        for (const seed of SEEDS) {
          const of = (plain: boolean): World => ({ ...none, ...world, plain, faulty: byChance(share, seed) });
          ratios.push((await live(of(false), seed)).elapsed / (await live(of(true), seed)).elapsed);
        }
      }
      expect(Math.max(...ratios)).to.be.at.most(most);
      expect(mean(ratios)).to.be.at.most(onAverage);
    });
  }
});

describe('Overload is found', function () {
  this.timeout(120_000);

  const latency = [12, 37] as const;
  for (const [name, world, ratio, faults] of [
    ['where 20 are carried at once', { capacity: 20, calls: 2000, latency }, 1.15, 100],
    [
      'where 20 are carried at once, 2 % by chance',
      { capacity: 20, calls: 2000, latency, share: 0.02 },
      1.3,
      300,
    ],
    [
      'where 20 are carried at once, 5 % by chance',
      { capacity: 20, calls: 2000, latency, share: 0.05 },
      1.5,
      400,
    ],
    ['where 100 are carried at once', { capacity: 100, calls: 8000, latency }, 1.25, 250],
    ['by a slow server', { capacity: 5, calls: 500, latency: [150, 450] }, 1, 180],
    ['at twice the rate it bears', { capacity: 10, calls: 2000, latency: [10, 30], every: 1 }, 1.05, 180],
    ['by timeouts', { capacity: 20, calls: 2000, latency, faultMs: 1000 }, 1.9, 450],
    [
      'where the capacity falls to a quarter',
      { capacity: (now: number) => (now < 1000 ? 60 : 15), calls: 3000, latency },
      0.95,
      400,
    ],
    [
      'where the capacity falls bit by bit',
      { capacity: (now: number) => Math.max(15, 60 - now / 100), calls: 6000, latency },
      0.7,
      400,
    ],
  ] as const) {
    it(`${name}`, async () => {
      for (const seed of SEEDS) {
        const share = 'share' in world ? world.share : 0;
        const faulty = share > 0 ? byChance(share, seed) : undefined;
        const history = await live({ ...none, ...world, ...(faulty && { faulty }) }, seed);
        const capacity = typeof world.capacity === 'function' ? 15 : world.capacity;
        expect(history.elapsed / idealMs({ ...none, ...world, capacity }), `seed ${seed}`).to.be.at.most(
          ratio,
        );
        expect(history.faults, `seed ${seed}`).to.be.at.most(faults);
      }
    });
  }
});

describe('A trial', () => {
  let chance: Chance;
  beforeEach(() => {
    chance = new Chance();
  });

  /** One fault in every `each`. */
  const suspected = (each: number, count: number): boolean => {
    for (let number = 1; number <= count; number += 1) if (chance.seen(number % each === 0)) return true;
    return false;
  };
  const verdict = (each: number, count: number): boolean | undefined => {
    for (let number = 1; number <= count; number += 1) {
      const overload = chance.tried(number % each === 0, true, 1);
      if (overload === undefined) continue;
      chance.conclude(overload);
      return overload;
    }
    return undefined;
  };

  it('is worthwhile if more attempts fail than chance explains', () => {
    expect(suspected(100, 2000)).to.equal(false);
    expect(suspected(8, 100)).to.equal(true);
  });

  it('finds overload if fewer in flight fail less often, and chance if they fail as often', () => {
    suspected(8, 100);
    expect(verdict(1000, 200)).to.equal(true);
    suspected(8, 100);
    expect(verdict(8, 200)).to.equal(false);
  });

  it('is not repeated for the share of faults that it attributed to chance, but for a higher one', () => {
    suspected(8, 100);
    expect(verdict(8, 200)).to.equal(false);
    expect(suspected(8, 2000)).to.equal(false);
    expect(suspected(3, 200)).to.equal(true);
  });

  it('never attributes more than 30 % faults to chance', () => {
    suspected(2, 100);
    expect(verdict(2, 100)).to.equal(true);
  });
});
