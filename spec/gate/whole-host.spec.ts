import { expect } from 'chai';
import {
  type Classification,
  type Headgate,
  headgate,
  memory,
  type Outcome,
  type QuotaOptions,
} from 'headgate';
import { VirtualClock } from '../support/virtual-clock.ts';

/** A refusal; `waitMs` is what the server names, if it does, and `quota` what it refers to. */
class Refused extends Error {
  readonly waitMs: number | undefined;
  readonly quota: string | undefined;

  constructor(waitMs: number | undefined, quota: string | undefined) {
    super('refused');
    this.waitMs = waitMs;
    this.quota = quota;
  }
}

const profile = {
  name: 'api',
  quota: ({ url }: { url: URL }) => ({ key: url.pathname, windows: [] }),
  classify: ({ error }: Outcome): Classification => {
    if (!(error instanceof Refused))
      return error ? { verdict: 'transient', code: 'ECONNREFUSED' } : { verdict: 'success', status: 200 };
    const { waitMs: retryAfterMs, quota } = error;
    const named = retryAfterMs === undefined ? {} : { retryAfterMs, retryAfterSource: 'header' as const };
    return { verdict: 'throttled', status: 429, ...named, ...(quota !== undefined && { quota }) };
  },
};

/** What a server says to a request to a path, at a moment: for how long it refuses; `undefined` to serve; `null` without a wait. */
type Rule = (path: string, now: number) => number | null | undefined;

/** At most `limit` requests in each fixed window of `per` ms, whatever their path. */
function fixed(limit: number, per: number, wait: (leftMs: number) => number | null): Rule {
  let window = -1;
  let used = 0;
  return (_path, now) => {
    if (Math.floor(now / per) !== window) [window, used] = [Math.floor(now / per), 0];
    used += 1;
    return used <= limit ? undefined : wait(per - (now % per));
  };
}

const LATENCY_MS = 20;
const seconds = (ms: number): number => Math.ceil(ms / 1000) * 1000;

describe('A host that refuses', () => {
  let clock: VirtualClock;
  let gate: Headgate;
  let refused: string[];
  let served: { path: string; at: number }[];

  function open(quotas: readonly QuotaOptions[] = [], adaptive = true): void {
    clock = new VirtualClock();
    refused = [];
    served = [];
    let state = 1;
    const random = (): number => {
      state = (state * 48_271) % 2_147_483_647;
      return state / 2_147_483_647;
    };
    gate = headgate({ profile, quotas, adaptive, retry: { attempts: 100, budget: false, deadline: '2h' } }, {
      clock,
      random,
    } as never);
  }
  afterEach(() => gate.close());

  function call(path: string, rule: Rule, quota?: string): Promise<unknown> {
    const run = gate.wrap(
      async () => {
        await new Promise<void>((resolve) => clock.setTimer(resolve, LATENCY_MS / 2, true));
        const says = rule(path, clock.now());
        await new Promise<void>((resolve) => clock.setTimer(resolve, LATENCY_MS / 2, true));
        if (says !== undefined) {
          refused.push(path);
          throw new Refused(says ?? undefined, quota);
        }
        served.push({ path, at: clock.now() });
      },
      { request: { method: 'GET', url: `https://h.example${path}` } },
    );
    return run();
  }

  const closed = (): string[] =>
    gate
      .quotas()
      .filter(({ pausedUntil }) => pausedUntil !== undefined)
      .map(({ key }) => key.trim());

  const paths = Array.from({ length: 20 }, (_, index) => `/p${index}`);
  const each = paths.map((path) => ({ match: { path }, windows: [{ limit: 40, per: 2000 }] }));

  /** A call on each path, one after the answer to the other. */
  async function round(rule: Rule, of: readonly string[] = paths): Promise<Promise<unknown>[]> {
    const calls: Promise<unknown>[] = [];
    for (const path of of) {
      calls.push(call(path, rule));
      await clock.advance(LATENCY_MS + 1);
    }
    return calls;
  }

  it('as a whole refuses two of 20 quotas by path, not each of them', async () => {
    open(each);
    const opensAt = clock.now() + 5000;
    const rule: Rule = (_path, now) => (now < opensAt ? opensAt - now : undefined);
    const calls = await round(rule);
    await clock.advance(10_000);
    await Promise.all(calls);
    expect(refused).to.deep.equal(['/p0', '/p1']);
    expect(served).to.have.length(20);
  });

  it('does so whether it names the wait in ms or in whole seconds, window after window', async () => {
    for (const wait of [(ms: number) => ms, seconds]) {
      open(each);
      const rule = fixed(100, 2000, wait);
      const calls: Promise<unknown>[] = [];
      for (let index = 0; index < 600; index += 1) {
        calls.push(call(paths[index % 20] as string, rule));
        await clock.advance(10);
      }
      await clock.advance(60_000);
      await Promise.all(calls);
      // 6 windows, with 2 or 3 requests under way when one closes
      expect(refused.length).to.be.at.most(6 * 12);
      await gate.close();
    }
  });

  it('and names the account refuses no more for all of its quotas than if they were one', async () => {
    const refusals = async (of: readonly string[]): Promise<number> => {
      open();
      const rule = fixed(50, 1000, seconds);
      const calls: Promise<unknown>[] = [];
      for (let index = 0; index < 600; index += 1) {
        calls.push(call(of[index % of.length] as string, rule, 'account'));
        await clock.advance(10);
      }
      await clock.advance(60_000);
      await Promise.all(calls);
      await gate.close();
      return refused.length;
    };
    expect(await refusals(paths)).to.be.at.most((await refusals(['/p0'])) + 5);
  });

  describe('in two quotas that share a reset by chance', () => {
    const hour = 3_600_000;
    let opensAt: number;
    let chance: Rule;
    beforeEach(() => {
      open(each);
      opensAt = clock.now() + hour;
      chance = (path, now) => (now < opensAt && ['/p0', '/p1'].includes(path) ? opensAt - now : undefined);
    });

    it('closes no other quota while others are served', async () => {
      void call('/p0', chance);
      await clock.advance(30);
      await Promise.all(await round(chance, ['/p2', '/p3', '/p4']));
      void call('/p1', chance);
      await clock.advance(30);
      expect(refused).to.deep.equal(['/p0', '/p1']);
      await Promise.all(await round(chance, ['/p5', '/p6', '/p2']));
      expect(served).to.have.length(6);
    });

    it('closes others until the attempts under way are served', async () => {
      void call('/p0', chance);
      await clock.advance(LATENCY_MS);
      void call('/p1', chance);
      await clock.advance(1);
      const others = ['/p2', '/p3', '/p4'].map((path) => call(path, chance));
      await clock.advance(LATENCY_MS - 1);
      expect(closed()).to.deep.equal(['* /p0', '* /p1', 'h.example account']);
      const waiting = call('/p2', chance);
      await clock.advance(LATENCY_MS);
      expect(closed()).to.deep.equal(['* /p0', '* /p1']);
      await clock.advance(LATENCY_MS + 1000);
      await Promise.all([...others, waiting]);
    });

    it('closes others for at most a minute', async () => {
      for (const path of ['/p0', '/p1']) {
        void call(path, chance);
        await clock.advance(30);
      }
      const began = clock.now();
      const third = call('/p2', chance);
      await clock.advance(30_000);
      expect(served).to.deep.equal([]);
      await clock.advance(31_000);
      await third;
      expect((served[0] as { at: number }).at - began).to.be.at.most(60_500);
    });

    it('is told from a whole closed host by a third refusal, after which the others wait to the end', async () => {
      const all: Rule = (_path, now) => (now < opensAt ? opensAt - now : undefined);
      const calls = await round(all);
      await clock.advance(hour - 10_000);
      // after a minute the next are tried, as many as go before the first answer
      expect(refused.length).to.be.within(3, 10);
      expect(served).to.deep.equal([]);
      await clock.advance(20_000);
      await Promise.all(calls);
    });
  });

  it('or fails as a whole is not probed by each of its quotas if one quota covers all', async () => {
    const tried = async (quotas: readonly QuotaOptions[]): Promise<number> => {
      open(quotas);
      let attempts = 0;
      const backAt = clock.now() + 10_000;
      const runs = paths.flatMap((path) =>
        [1, 2, 3].map(() =>
          gate.wrap(
            async () => {
              attempts += 1;
              await new Promise<void>((resolve) => clock.setTimer(resolve, LATENCY_MS, true));
              if (clock.now() < backAt) throw Object.assign(new Error('down'), { code: 'ECONNREFUSED' });
            },
            { request: { method: 'GET', url: `https://h.example${path}` } },
          )(),
        ),
      );
      const results = Promise.allSettled(runs);
      await clock.advance(120_000);
      expect((await results).filter(({ status }) => status === 'rejected')).to.have.length(0);
      await gate.close();
      return attempts - runs.length;
    };
    const alone = await tried(each);
    const together = await tried([...each, { name: 'all', also: true, concurrency: 5 }]);
    expect(together).to.be.below(60);
    expect(together).to.be.below(alone);
  });
});

describe('A quota that another user of the ledger closed before its first use here', () => {
  for (const [what, key, options] of [
    ["a profile's, named account", 'api/api.example.com/- account', {}],
    [
      'one declared as an account',
      'my account',
      { quotas: [{ name: 'my account', match: {}, windows: [{ limit: 10, per: '1m' as const }] }] },
    ],
  ] as const) {
    it(`keeps its windows: ${what}`, async () => {
      const clock = new VirtualClock();
      const ledger = memory();
      const windows = [{ limit: 10, per: 60_000 }];
      const own = { ...profile, quota: () => ({ key, windows, bucket: 'account' }) };
      const [first, second] = [0, 1].map(() => headgate({ profile: own, ledger, ...options }, { clock }));
      const send = (
        gate: Headgate | undefined,
        answer: () => Promise<unknown>,
      ): Promise<unknown> | undefined =>
        gate?.wrap(answer, { request: { method: 'GET', url: 'https://api.example.com/' } })();
      let refusals = 1;
      const answer = async (): Promise<string> => {
        if (refusals-- > 0) throw new Refused(1000, 'quotas' in options ? undefined : 'account');
        return 'served';
      };
      const refused = send(first, answer);
      await clock.advance(10);
      const served = send(second, async () => 'served')?.catch(() => undefined);
      await clock.advance(30_000);
      expect(await refused).to.equal('served');
      const shown = second?.quotas().find((quota) => quota.key === key);
      expect(shown?.windows.map(({ limit }) => limit)).to.deep.equal([10]);
      await Promise.all([first?.close(), second?.close(), served]);
    });
  }
});
