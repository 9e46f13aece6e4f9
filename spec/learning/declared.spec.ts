import { expect } from 'chai';
import { type HeadgateOptions, headgate } from 'headgate';
import { seeded } from '../../lib/simulator/random.ts';
import { settled, VirtualClock } from '../support/virtual-clock.ts';

/** A limit of the server's, by fixed windows. */
interface Limit {
  readonly limit: number;
  /** ms */
  readonly per: number;
  /** What call `n` costs; default 1. */
  readonly cost?: (n: number) => number;
  /** What others used of the first window. */
  readonly used?: number;
}

interface Server {
  readonly limits: readonly Limit[];
  /** Requests worked on at once; more get a 429 without Retry-After. */
  readonly concurrency?: number;
  /** 429s without Retry-After. */
  readonly silent?: boolean;
}

interface Outcome {
  readonly refused: number;
  readonly elapsed: number;
  /** When the server counted a request. */
  readonly counted: readonly number[];
}

const LATENCY_MS = 20;
const declaring = (...windows: { limit: number; per: number }[]): HeadgateOptions => ({
  quotas: [{ windows }],
});

async function live(
  { limits, concurrency = Infinity, silent = false }: Server,
  calls: number,
  options: HeadgateOptions,
): Promise<Outcome> {
  const clock = new VirtualClock();
  const random = seeded(1);
  const start = clock.now();
  const used = limits.map(({ used: before = 0 }) => ({ window: 0, amount: before }));
  const counted: number[] = [];
  let refused = 0;
  let busy = 0;
  const after = (ms: number): Promise<void> => new Promise((resolve) => clock.setTimer(resolve, ms, false));
  const judge = (n: number): number => {
    let wait = 0;
    const now = clock.now() - start;
    const costs = limits.map(({ limit, per, cost }, at) => {
      const state = used[at] as (typeof used)[number];
      const window = Math.floor(now / per);
      if (window > state.window) Object.assign(state, { window, amount: 0 });
      const amount = cost?.(n) ?? 1;
      if (state.amount + amount > limit) wait = Math.max(wait, (window + 1) * per - now);
      return amount;
    });
    if (wait === 0)
      costs.forEach((amount, at) => {
        (used[at] as (typeof used)[number]).amount += amount;
      });
    return wait;
  };
  const gate = headgate(
    { retry: { attempts: 1000, deadline: Infinity, budget: false }, ...options },
    { clock, random },
  );
  const fetch = gate.fetch(async (input) => {
    const n = Number(new URL((input as Request).url ?? String(input)).searchParams.get('n'));
    await after(LATENCY_MS * (0.25 + random() / 2));
    const crowded = busy >= concurrency;
    const wait = crowded ? 0 : judge(n);
    if (crowded || wait > 0) {
      refused += 1;
      await after(LATENCY_MS / 2);
      const headers = { 'retry-after': String(Math.ceil(wait / 1000)) };
      return new Response('', { status: 429, ...(!silent && !crowded && { headers }) });
    }
    busy += 1;
    counted.push(clock.now() - start);
    await after(LATENCY_MS * (0.25 + random() / 2));
    busy -= 1;
    return new Response('ok');
  });
  let left = calls;
  for (let n = 0; n < calls; n += 1) void fetch(`http://api.test/?n=${n}`).then(() => (left -= 1));
  await settled();
  for (let turn = 0; left > 0 && turn < 100_000; turn += 1) {
    await clock.advance(Math.max(1, Math.min(1000, clock.nextAt() - clock.now())));
  }
  expect(left).to.equal(0);
  const elapsed = clock.now() - start;
  await gate.close();
  return { refused, elapsed, counted };
}

const tokens = (n: number): number => 200 + ((n * 7919) % 1600);

interface Row {
  readonly name: string;
  readonly server: Server;
  readonly calls: number;
  readonly declared: { readonly limit: number; readonly per: number };
  /** Refusals that the two limits together cost beyond those of the one. */
  readonly spare?: number;
}

const ROWS: readonly Row[] = [
  {
    name: 'tokens',
    server: {
      limits: [
        { limit: 100, per: 60_000 },
        { limit: 20_000, per: 60_000, cost: tokens },
      ],
    },
    calls: 150,
    declared: { limit: 100, per: 60_000 },
  },
  {
    name: 'tokens in short windows',
    server: {
      limits: [
        { limit: 60, per: 2000 },
        { limit: 30_000, per: 2000, cost: tokens },
      ],
    },
    calls: 300,
    declared: { limit: 60, per: 2000 },
  },
  {
    name: 'tokens, refused without a wait',
    server: {
      silent: true,
      limits: [
        { limit: 100, per: 10_000 },
        { limit: 20_000, per: 10_000, cost: tokens },
      ],
    },
    calls: 150,
    declared: { limit: 100, per: 10_000 },
  },
  {
    name: 'attempts in flight',
    server: { concurrency: 6, limits: [{ limit: 100, per: 10_000 }] },
    calls: 300,
    declared: { limit: 100, per: 10_000 },
    spare: 40,
  },
  {
    name: 'a shorter window',
    server: {
      limits: [
        { limit: 100, per: 60_000 },
        { limit: 10, per: 2000 },
      ],
    },
    calls: 200,
    declared: { limit: 100, per: 60_000 },
    spare: 10,
  },
  {
    name: 'a longer window',
    server: {
      limits: [
        { limit: 10, per: 1000 },
        { limit: 100, per: 60_000 },
      ],
    },
    calls: 300,
    declared: { limit: 10, per: 1000 },
  },
  {
    name: 'a narrower limit than the declared one',
    server: { limits: [{ limit: 40, per: 10_000 }] },
    calls: 200,
    declared: { limit: 100, per: 10_000 },
  },
];

describe('Beside a declared window', function () {
  this.timeout(60_000);

  for (const { name, server, calls, declared, spare = 0 } of ROWS) {
    it(`what the server shows is learned: ${name}`, async () => {
      const nothing = await live(server, calls, {});
      const unlearned = await live(server, calls, { ...declaring(declared), adaptive: false });
      const { refused, elapsed, counted } = await live(server, calls, declaring(declared));
      expect(refused).to.be.at.most(nothing.refused + spare);
      expect(elapsed).to.be.at.most(unlearned.elapsed * 1.1);
      const { limit, per } = declared;
      for (const [at, moment] of counted.entries()) {
        const beyond = counted[at + limit];
        if (beyond !== undefined) expect(beyond - moment).to.be.at.least(per);
      }
    });
  }

  it('no limit is learned that is only what other processes left of it', async () => {
    for (const used of [70, 90, 100]) {
      const declared = { limit: 100, per: 10_000 };
      const server = { limits: [{ ...declared, used }] };
      const { elapsed, refused } = await live(server, 1000, declaring(declared));
      const unlearned = await live(server, 1000, { ...declaring(declared), adaptive: false });
      expect(elapsed).to.be.at.most(unlearned.elapsed * 1.2);
      expect(refused).to.be.at.most(unlearned.refused);
    }
  });

  it('the attempts of the first window go in a fraction of its length if nothing else is refused', async () => {
    const { counted, elapsed } = await live(
      { limits: [{ limit: 100, per: 10_000 }] },
      300,
      declaring({ limit: 100, per: 10_000 }),
    );
    expect(counted[99]).to.be.lessThan(500);
    expect(elapsed).to.be.lessThan(21_000);
  });
});
