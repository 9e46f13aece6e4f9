import { expect } from 'chai';
import { seeded } from '../../lib/simulator/random.ts';
import { makeGate } from '../support/gates.ts';
import { type GeneratedWorld, generate } from '../support/generated-world.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { inhabit, slowness } from '../support/world.ts';

/**
 * Number of servers; `npm run proof -- --part survey` tries ten times as many. Of twelve learners, each with one constant made
 * worse, 150 servers reveal the three that 300 do.
 */
const WORLDS = Number(process.env.WORLDS ?? 150);
/** Number of servers from which on the shares of the laws hold as they are written. */
const WHOLE = 1500;

interface Result {
  readonly seed: number;
  readonly world: GeneratedWorld;
  /** Round trip, as a share of the shortest window. */
  readonly way: number;
  /** Time over ideal: from the first windows on until the change, and from some windows after it on. */
  readonly before: number;
  readonly after: number | undefined;
  /** Refusals per call served, after the first windows. */
  readonly waste: number;
  /** The longest time without a call served after the first windows, in windows. */
  readonly gap: number;
}

async function result(seed: number): Promise<Result> {
  const world = generate(seed);
  const clock = new VirtualClock();
  const random = seeded(seed);
  const history = await inhabit(world, makeGate(clock, {}, { adaptive: true, random }), clock, random);
  const { longest, span, settled, change, limits, latency } = world;
  const [from, to] = [settled * longest, span * longest];
  const within = history.admitted.filter((at) => at > from && at <= to);
  return {
    seed,
    world,
    way: (latency[0] + latency[1]) / Math.min(...limits.map(({ per }) => per)),
    before: slowness(world, history, from, to),
    after: change && slowness(world, history, change.at + from, change.at + to),
    waste: history.refusals.filter((at) => at > from && at <= to).length / within.length,
    gap: Math.max(...[...within, to].map((at, index) => at - (within[index - 1] ?? from))) / longest,
  };
}

/** A bound: time over ideal of the slowest, and the share of servers that stay within 1.3. */
type Bound = readonly [worst: number, within: number];

/** A kind of server, and what holds for it: at first, and after a change of its limits. */
interface Law {
  readonly name: string;
  readonly of: (result: Result) => boolean;
  readonly first: Bound;
  readonly changed: Bound;
}

const law = (name: string, of: Law['of'], first: Bound, changed: Bound): Law => ({
  name,
  of,
  first,
  changed,
});
const is =
  (waits: string, windows: number, [near, far]: readonly [number, number]) =>
  ({ world, way }: Result): boolean =>
    (world.retryAfter === 'seconds' && world.settled > 3 ? 'odd' : world.retryAfter) === waits &&
    world.limits.length === windows &&
    way >= near &&
    way < far;
const NEAR = [0, 0.05] as const;
const SOME_WAY = [0.05, 0.2] as const;
const FAR = 0.2;

// Where 1.3 does not hold for all: a server that names no wait, or a rounded one, leaves the length of its window to
// trial and error, of which each error costs up to a window or a second; windows of an odd length whose waits are told in
// whole seconds show themselves after twelve windows only, as whole seconds are what is expected; of two windows the
// longer is found when the shorter is known; and where a round trip is no small part of a window, its jitter is none either.
// The slowest are those of 5,000 servers: at first where jitter hides a window's length, after a change where a limit that was
// raised several times over is found in small steps.
const LAWS: readonly Law[] = [
  law('a wait to the millisecond', is('precise', 1, NEAR), [1.7, 0.98], [2.3, 0.95]),
  law('the same, some way off', is('precise', 1, SOME_WAY), [1.9, 0.97], [4.1, 0.91]),
  law('no wait', is('silent', 1, NEAR), [1.8, 0.98], [2.6, 0.94]),
  law('the same, some way off', is('silent', 1, SOME_WAY), [1.8, 0.95], [2.8, 0.84]),
  law('whole seconds', is('seconds', 1, NEAR), [1.4, 0.98], [2.3, 0.78]),
  law('the same, some way off', is('seconds', 1, SOME_WAY), [2.1, 0.88], [7, 0.55]),
  law('odd windows, whole seconds', is('odd', 1, NEAR), [3.2, 0.7], [3.5, 0.62]),
  law('two windows, to the millisecond', is('precise', 2, NEAR), [2.2, 0.92], [4.3, 0.7]),
  law('two windows, no wait', is('silent', 2, NEAR), [2.1, 0.83], [3, 0.7]),
  law('two windows, whole seconds', is('seconds', 2, NEAR), [1.6, 0.9], [2.3, 0.75]),
  law('a long way to the server', ({ way }) => way >= FAR, [4, 0.6], [4, 0.44]),
];

/** Slow ones that may be among `count` servers: a few of each kind tell its share to two standard deviations. */
function slowAmong(count: number, within: number): number {
  const chance = WORLDS < WHOLE ? 2 * Math.sqrt(count * within * (1 - within)) : 0;
  return count * (1 - within) + chance;
}

const share = (values: readonly number[]): number =>
  values.filter((value) => value <= 1.3).length / values.length;

describe('A gate that learns, before any server', function () {
  this.timeout(600_000);
  let results: Result[];

  before(async () => {
    results = [];
    for (let seed = 0; seed < WORLDS; seed += 1) results.push(await result(seed));
  });

  const show = (name: string, values: readonly number[]): void => {
    if (process.env.SHOW) {
      console.log(
        `      ${name}: ${values.length}, worst ${Math.max(...values).toFixed(2)}, within 1.3 ${share(values).toFixed(3)}`,
      );
    }
  };

  for (const { name, of, first, changed } of LAWS) {
    it(`is as fast as documented: ${name} (1.3 x ideal for ${Math.round(first[1] * 100)} %, ${first[0]} for all)`, () => {
      const mine = results.filter(of);
      for (const [when, [worst, within], values] of [
        ['first', first, mine.map(({ before }) => before)],
        ['changed', changed, mine.flatMap(({ after }) => after ?? [])],
      ] as const) {
        show(when, values);
        expect(Math.max(...values), when).to.be.at.most(worst);
        const slow = values.filter((value) => value > 1.3).length;
        expect(slow, `${when}: slow ones of ${values.length}`).to.be.at.most(
          slowAmong(values.length, within),
        );
      }
    });
  }

  it('wastes few attempts', () => {
    const wastes = results.map(({ waste }) => waste);
    const mean = wastes.reduce((sum, waste) => sum + waste, 0) / wastes.length;
    show('waste', wastes);
    if (process.env.SHOW) console.log({ mean });
    expect(mean).to.be.at.most(0.12);
    expect(Math.max(...wastes)).to.be.at.most(1.2);
  });

  it('starves no calls: some are served in every few windows', () => {
    const gaps = results.map(({ gap }) => gap);
    show('gap', gaps);
    expect(Math.max(...gaps)).to.be.at.most(4);
  });
});
