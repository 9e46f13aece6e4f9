import { expect } from 'chai';
import { type Headgate, headgate, type Learned, OptionsError } from 'headgate';
import type { Gate } from '../../lib/gate/gate.ts';
import { seeded } from '../../lib/simulator/random.ts';
import type { LearnedQuota } from '../../lib/words/learned.ts';
import { makeGate } from '../support/gates.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { type History, idealMs, inhabit, type World } from '../support/world.ts';

const DAY_MS = 24 * 3_600_000;

const knownOf = (known: LearnedQuota | undefined): ReadonlyMap<string, LearnedQuota> =>
  new Map(known && [['quota', known]]);

/** One run of a job: what became of its calls, and what it knew at the end. */
async function run(
  world: World,
  known?: LearnedQuota,
): Promise<{ history: History; gate: Gate; end: number }> {
  const clock = new VirtualClock();
  const random = seeded(1);
  const gate = makeGate(clock, {}, { adaptive: true, random, known: knownOf(known) });
  const history = await inhabit(world, gate, clock, random);
  return { history, gate, end: clock.now() };
}

const WORLDS: Readonly<Record<string, World>> = {
  'a rolling window': {
    ...{ calls: 600, latency: [5, 10] },
    ...{ limits: [{ kind: 'rolling', limit: 100, per: 2000, phase: 0 }], retryAfter: 'precise' },
  },
  'a silent window': {
    ...{ calls: 400, latency: [5, 10] },
    ...{ limits: [{ kind: 'rolling', limit: 40, per: 1000, phase: 0 }], retryAfter: 'silent' },
  },
};

describe('What an earlier run learned', () => {
  for (const [title, world] of Object.entries(WORLDS)) {
    it(`need not be learned again: ${title}`, async () => {
      const first = await run(world);
      const text = JSON.stringify(first.gate.known(first.end));
      const known = { ...(JSON.parse(text) as LearnedQuota), at: -3_600_000 };
      const second = await run(world, known);
      expect(first.history.refused).to.be.above(4);
      expect(second.history.refused).to.be.at.most(4);
      expect(second.history.elapsed / idealMs(world)).to.be.below(1.08);
    });
  }

  it('is corrected if the server has changed since: narrower, or wider', async () => {
    const world = WORLDS['a rolling window'] as World;
    const known = { at: -3_600_000, windows: [{ limit: 200, per: 2000 }] };
    const narrower = await run(world, known);
    expect(narrower.gate.snapshot().learned?.windows[0]?.limit).to.be.within(95, 105);
    const wider = await run(
      { ...world, calls: 3000 },
      { at: -3_600_000, windows: [{ limit: 60, per: 2000 }] },
    );
    expect(wider.gate.snapshot().learned?.windows[0]?.limit).to.be.above(90);
  });

  it('counts what that run had used, if it ended just before', async () => {
    const world = WORLDS['a rolling window'] as World;
    const clock = new VirtualClock();
    const windows = [{ limit: 100, per: 2000, used: 100 }];
    const known = { at: clock.now() - 500, windows };
    const gate = makeGate(clock, {}, { adaptive: true, random: seeded(1), known: knownOf(known) });
    const { admitted } = await inhabit({ ...world, calls: 100 }, gate, clock, seeded(1));
    expect(Math.min(...admitted)).to.be.within(1500, 1600);
  });

  it('about attempts in flight, from overload or refusals, applies at once', () => {
    for (const known of [{ concurrency: 7 }, { inFlight: 7 }]) {
      const gate = makeGate(new VirtualClock(), {}, { adaptive: true, known: knownOf({ at: 0, ...known }) });
      expect(gate.snapshot().learned?.concurrency).to.equal(7);
      expect(gate.known(0)).to.deep.include(known);
    }
  });
});

describe('gate.learned() and headgate({ learned })', () => {
  let gate: Headgate | undefined;
  afterEach(() => gate?.close());

  const open = (learned: Learned, adaptive = true, now = 10 * DAY_MS): Headgate => {
    gate = headgate({ learned, adaptive }, { clock: new VirtualClock(now) });
    return gate;
  };
  const known = { at: 9 * DAY_MS, windows: [{ limit: 100, per: 2000 }] };

  it('begin with what was known, and keep what this run did not use, with its age', async () => {
    const opened = open({ 'http://a.test': known, 'http://b.test': known });
    await opened.fetch(async () => new Response())('http://a.test/');
    expect(opened.quotas()[0]?.learned?.windows).to.deep.equal([{ limit: 100, per: 2000, used: 1 }]);
    const learned = opened.learned();
    expect(learned['http://b.test']).to.deep.equal(known);
    expect(learned['http://a.test']).to.deep.equal({
      at: 10 * DAY_MS,
      windows: [{ limit: 100, per: 2000, least: 2000, used: 1 }],
    });
    expect(JSON.parse(JSON.stringify(learned))).to.deep.equal(learned);
  });

  it('forget what is older than a week, and learn nothing if learning is turned off', async () => {
    const old = open({ 'http://a.test': known }, true, 17 * DAY_MS);
    expect(old.learned()).to.deep.equal({});
    await old.close();
    const off = open({ 'http://a.test': known }, false);
    await off.fetch(async () => new Response())('http://a.test/');
    expect(off.quotas()[0]?.learned).to.equal(undefined);
  });

  it('reject invalid records, and name them', () => {
    for (const [learned, path] of [
      ['text', /learned/],
      [{ q: 1 }, /learned\.q/],
      [{ q: { at: 'now' } }, /learned\.q\.at/],
      [{ q: { at: 1, windows: [{ limit: 0, per: 1 }] } }, /learned\.q\.windows\.0\.limit/],
      [{ q: { at: 1, windows: [{ limit: 1, per: Infinity }] } }, /learned\.q\.windows\.0\.per/],
      [{ q: { at: 1, concurrency: 0.5 } }, /learned\.q\.concurrency/],
    ] as const) {
      expect(() => headgate({ learned: learned as never })).to.throw(OptionsError, path);
    }
  });
});
