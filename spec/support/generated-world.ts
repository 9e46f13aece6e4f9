import { seeded } from '../../lib/simulator/random.ts';
import type { ServerLimit, World } from './world.ts';

/** A server made up from a number, and calls without end to it. */
export interface GeneratedWorld extends World {
  /** Length of its longest window, in ms. */
  readonly longest: number;
  readonly until: number;
  /** Windows that it may take to find out. */
  readonly settled: number;
  /** Windows before a change, and after it. */
  readonly span: number;
}

const KINDS = ['fixed', 'rolling', 'bucket'] as const;
const WAITS = ['precise', 'seconds', 'silent'] as const;

/** Every value follows from the seed. */
export function generate(seed: number): GeneratedWorld {
  const random = seeded(seed);
  for (let skip = 0; skip < 3; skip += 1) random();
  const between = (from: number, to: number): number => from + random() * (to - from);
  const spread = (from: number, to: number): number => from * (to / from) ** random();
  const chance = (share: number): boolean => random() < share;
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T;

  const kind = pick(KINDS);
  const retryAfter = pick(WAITS);
  const odd = chance(0.5);
  const length = spread(300, 5000);
  const per = retryAfter === 'seconds' && !odd ? Math.ceil(length / 1000) * 1000 : Math.round(length);
  const limit = Math.round(spread(5, 120));
  const phase = random();
  const settled = retryAfter === 'seconds' && odd ? 12 : 3;
  const span = settled + 12;
  const limits: ServerLimit[] = [{ kind, limit, per, phase }];
  if (chance(0.2)) {
    const times = between(3, 6);
    limits.push({
      kind,
      limit: Math.round(limit * between(1.5, times - 0.5)),
      per:
        retryAfter === 'seconds' && !odd ? Math.round((per * times) / 1000) * 1000 : Math.round(per * times),
      phase: random(),
    });
  }
  const oneWay = spread(0.5, 250);
  const jitter = between(0, 0.5);
  const faults = pick([0, 0, 0.01, 0.02]);
  const factor = pick([1, 1, between(0.3, 0.7), between(1.5, 3)]);
  const longest = Math.max(retryAfter === 'seconds' ? 1000 : 0, ...limits.map((each) => each.per));
  const chances = seeded(seed + 1);
  return {
    limits,
    longest,
    settled,
    span,
    retryAfter,
    latency: [oneWay * (1 - jitter), oneWay * (1 + jitter)],
    plain: true,
    faulty: faults > 0 ? () => chances() < faults : undefined,
    ...(factor !== 1 && {
      change: {
        at: span * longest,
        limits: limits.map((each) => ({ ...each, limit: Math.max(2, Math.round(each.limit * factor)) })),
      },
    }),
    until: ((factor === 1 ? 1 : 2) * span + 2) * longest,
    calls:
      Math.ceil(
        Math.min(...limits.map((each) => (each.limit / each.per) * longest)) * span * (2 + factor * 1.5),
      ) + 500,
  } as GeneratedWorld;
}
