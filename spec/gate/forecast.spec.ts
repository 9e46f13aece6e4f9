import { expect } from 'chai';
import fc from 'fast-check';
import {
  CostError,
  type Headgate,
  headgate,
  OptionsError,
  type QuotaOptions,
  type WindowOptions,
} from 'headgate';
import { settled, VirtualClock } from '../support/virtual-clock.ts';

const URL = 'http://api.test/items';

/** A gate on a virtual clock before a server that answers each request after `latency` ms. */
class Bench {
  readonly clock = new VirtualClock(Date.parse('2026-03-28T23:59:50Z'));
  readonly gate: Headgate;
  readonly #latency: number;
  /** When each request was sent. */
  readonly sent: number[] = [];

  constructor(latency: number, ...quotas: QuotaOptions[]) {
    this.#latency = latency;
    const options = { adaptive: false, retry: { deadline: Infinity }, quotas };
    this.gate = headgate(options, { clock: this.clock, random: () => 0 });
  }

  /** Makes that many calls, each of that cost. */
  call(calls: number, tokens = 0): void {
    const run = this.gate.wrap(
      async () => {
        this.sent.push(this.clock.now());
        await new Promise<void>((resolve) => void this.clock.setTimer(resolve, this.#latency, true));
      },
      { request: { method: 'GET', url: URL, headgate: { cost: { tokens } } } },
    );
    for (let i = 0; i < calls; i += 1) void run();
  }

  /** Lets pass the time until that many were sent, and returns it. */
  async until(count: number): Promise<number> {
    const from = this.clock.now();
    for (await settled(); this.sent.length < count; await settled())
      await this.clock.advance(this.clock.nextAt() - this.clock.now());
    return (this.sent[count - 1] as number) - from;
  }
}

const window: fc.Arbitrary<WindowOptions> = fc.oneof(
  fc.record({ limit: fc.integer({ min: 1, max: 12 }), per: fc.integer({ min: 100, max: 5000 }) }),
  fc.record({
    limit: fc.integer({ min: 40, max: 200 }),
    per: fc.integer({ min: 100, max: 5000 }),
    of: fc.constant('tokens'),
  }),
  fc.record({
    limit: fc.integer({ min: 1, max: 12 }),
    per: fc.integer({ min: 200, max: 2000 }),
    transit: fc.integer({ min: 0, max: 100 }),
  }),
  fc.record({
    limit: fc.integer({ min: 1, max: 12 }),
    refill: fc.integer({ min: 1, max: 50 }).map((rate) => `${rate}/s` as const),
  }),
  fc.record({
    limit: fc.integer({ min: 5, max: 30 }),
    per: fc.constant('day' as const),
    zone: fc.constantFrom('UTC', 'Europe/Berlin', 'Asia/Kolkata'),
  }),
);

describe('A forecast', () => {
  it('matches what then happens, for windows of every kind, spacing, concurrency limits, costs and pauses', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(window, { maxLength: 3 }),
        fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined }),
        fc.option(fc.integer({ min: 1, max: 300 }), { nil: undefined }),
        fc.array(
          fc.record({
            calls: fc.integer({ min: 1, max: 8 }),
            tokens: fc.integer({ min: 0, max: 40 }),
            after: fc.integer({ min: 0, max: 700 }),
          }),
          { maxLength: 5 },
        ),
        fc.integer({ min: 0, max: 20 }),
        fc.integer({ min: 0, max: 40 }),
        fc.integer({ min: 1, max: 400 }),
        fc.boolean(),
        async (windows, concurrency, spacing, before, calls, tokens, latency, paused) => {
          const quota = {
            name: 'q',
            match: {},
            windows,
            ...(concurrency && { concurrency }),
            ...(spacing && { spacing }),
          };
          const bench = new Bench(latency, quota);
          // What a first answer takes is known from then on.
          bench.call(1, 1);
          await bench.until(1);
          await bench.clock.advance(latency);
          let made = 1;
          for (const { calls: some, tokens: each, after } of before) {
            bench.call(some, each);
            made += some;
            await bench.clock.advance(after);
          }
          if (paused) bench.gate.pause('q', { for: 1234 });
          const of = { calls, cost: { tokens } };
          const behind = bench.gate.forecast('q', of);
          const request = bench.gate.forecast({ method: 'GET', url: URL }, of);
          const queued = bench.gate.quotas()[0]?.queued ?? 0;
          bench.call(calls, tokens);
          const took = queued + calls === 0 ? 0 : await bench.until(made + calls);
          expect(request).to.equal(behind);
          // A bucket has room at fractions of a ms, at which no timer fires.
          const grain = windows.some((each) => 'refill' in each) ? made + calls : 0.01;
          // A backlog is released over a tenth of the pause.
          if (paused) expect(behind).to.be.at.most(took + 0.01);
          else expect(behind).to.be.closeTo(took, grain);
          const closing = bench.gate.close();
          await bench.clock.runAll();
          await closing;
        },
      ),
      { numRuns: 100 },
    );
  }).timeout(60_000);

  it('of the queue is part of the snapshot, which is plain data', async () => {
    const bench = new Bench(0, { name: 'q', windows: [{ limit: 10, per: '1s' }] });
    bench.call(10);
    await settled();
    expect(bench.gate.quotas()[0]).not.to.have.property('forecastMs');
    bench.call(15);
    await settled();
    const [shown] = bench.gate.quotas();
    expect(shown?.forecastMs)
      .to.equal(bench.gate.forecast('q', { calls: 0 }))
      .and.to.equal(2002);
    expect(structuredClone(shown)).to.deep.equal(shown);
    const closing = bench.gate.close();
    await closing;
  });

  it('of a request covers all its quotas, and of a name the quotas of all its values', async () => {
    const bench = new Bench(
      0,
      {
        name: 'route',
        match: { path: '/{route}' },
        each: ['param:route'],
        windows: [{ limit: 2, per: '1s' }],
      },
      { name: 'account', also: true, windows: [{ limit: 10, per: '7s' }] },
    );
    const { gate } = bench;
    const at = (path: string, calls: number) =>
      gate.forecast({ method: 'GET', url: `http://api.test${path}` }, { calls });
    expect(at('/items', 2)).to.equal(0);
    expect(at('/items', 5)).to.equal(2002);
    expect(at('/items', 11)).to.equal(7001);
    bench.call(4);
    await settled();
    expect(at('/items', 1)).to.equal(2002);
    // Of others, the account alone is used.
    expect(at('/others', 1)).to.equal(0);
    expect(gate.forecast('route', { calls: 1 })).to.equal(2002);
    expect(gate.forecast('account', { calls: 6 })).to.equal(0);
    expect(gate.forecast('account', { calls: 7 })).to.equal(7001);
    await gate.close();
  });

  it('far ahead continues at the simulated rate', async () => {
    const bench = new Bench(0, { name: 'q', windows: [{ limit: 20, refill: '10/s' }] });
    expect(bench.gate.forecast('q', { calls: 1_000_020 })).to.be.closeTo(100_000_000, 100_000);
    const daily = new Bench(0, { name: 'q', windows: [{ limit: 1000, per: 'day' }] });
    const days = daily.gate.forecast('q', { calls: 1_000_000 }) / 86_400_000;
    expect(days).to.be.closeTo(998, 1);
    await Promise.all([bench.gate.close(), daily.gate.close()]);
  });

  it('assumes that an attempt in flight takes as long as earlier ones, and nothing while none has ended', async () => {
    const bench = new Bench(500, { name: 'q', concurrency: 2 });
    bench.call(2);
    await settled();
    expect(bench.gate.forecast('q')).to.equal(0);
    await bench.clock.advance(500);
    bench.call(2);
    await bench.clock.advance(200);
    expect(bench.gate.forecast('q')).to.equal(300);
    expect(bench.gate.forecast('q', { calls: 5 })).to.equal(1300);
    await bench.gate.close();
  });

  it('counts learned limits', async () => {
    const clock = new VirtualClock();
    const learned = { q: { at: clock.now(), windows: [{ limit: 5, per: 1000 }] } };
    const gate = headgate({ learned, quotas: [{ name: 'q' }] }, { clock, random: () => 0 });
    expect(gate.forecast('q', { calls: 5 })).to.equal(0);
    expect(gate.forecast('q', { calls: 11 })).to.equal(2002);
    await gate.close();
  });

  it('rejects invalid arguments, and a cost above the limit', async () => {
    const { gate } = new Bench(0, { name: 'q', windows: [{ limit: 10, per: '1s', of: 'tokens' }] });
    expect(() => gate.forecast('')).to.throw(OptionsError, /quota/);
    expect(() => gate.forecast({ method: 'GET', url: '/items' })).to.throw(
      OptionsError,
      /request.*url.*absolute URL/,
    );
    expect(() => gate.forecast('q', { calls: -1 })).to.throw(
      OptionsError,
      /forecast.*calls.*whole number of 0 or more/,
    );
    expect(() => gate.forecast('q', { cost: { tokens: 11 } })).to.throw(CostError);
    await gate.close();
  });

  it('rejects a quota that nobody declared or used, and a misspelt unit', async () => {
    const quota = {
      name: 'hunting',
      windows: [{ limit: 10, per: '1s', of: 'tokens' }],
      match: { path: '/hunt' },
    };
    const { gate } = new Bench(0, quota);
    expect(() => gate.forecast('huntnig')).to.throw(
      OptionsError,
      /'quota': expected a declared or used quota, got "huntnig"; similar: 'hunting'/,
    );
    expect(() => gate.forecast('http://api.test')).to.throw(OptionsError, /known: 'hunting'/);
    for (const what of ['hunting', { method: 'GET', url: URL }]) {
      expect(() => gate.forecast(what, { cost: { tokns: 5 } })).to.throw(
        OptionsError,
        /'forecast.cost.tokns': expected a unit that a limit counts, got "tokns"; similar: 'tokens'/,
      );
      expect(gate.forecast(what, { cost: { tokens: 5 } })).to.equal(0);
    }
    await gate.fetch(async () => new Response())(URL);
    const used = gate.quotas().map(({ key }) => key);
    expect(used).to.include('http://api.test');
    for (const key of used) expect(gate.forecast(key)).to.equal(0);
    await gate.close();
  });
});
