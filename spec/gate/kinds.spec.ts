import { expect } from 'chai';
import fc from 'fast-check';
import { type HeadgateOptions, headgate, memory, OptionsError, reportOf, type WindowOptions } from 'headgate';
import { settled, VirtualClock } from '../support/virtual-clock.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** A server that answers a call after a while, and notes when it counted it. */
class Bench {
  readonly clock: VirtualClock;
  /** When each request was sent, and counted. */
  readonly sent: number[] = [];
  readonly counted: number[] = [];

  constructor(start = '2026-01-15T12:00:00Z') {
    this.clock = new VirtualClock(Date.parse(start));
  }

  gate(options: HeadgateOptions): {
    gate: ReturnType<typeof headgate>;
    call: (out?: number, back?: number) => Promise<void>;
  } {
    const gate = headgate(
      { retry: { deadline: Infinity }, ...options },
      { clock: this.clock, random: () => 0 },
    );
    gate.on('warning', () => undefined);
    const after = (ms: number): Promise<void> =>
      ms === 0 ? Promise.resolve() : new Promise((resolve) => void this.clock.setTimer(resolve, ms, true));
    const call = async (out = 0, back = 0): Promise<void> => {
      const run = gate.wrap(
        async () => {
          this.sent.push(this.clock.now());
          await after(out);
          this.counted.push(this.clock.now());
          await after(back);
        },
        { request: { method: 'GET', url: 'http://api.test/' } },
      );
      await run();
    };
    return { gate, call };
  }

  /** Lets time pass until all are answered. Returns how long that took. */
  async finish(calls: readonly Promise<void>[]): Promise<number> {
    const from = this.clock.now();
    let over = false;
    void Promise.all(calls).then(() => {
      over = true;
    });
    for (await settled(); !over; await settled())
      await this.clock.advance(this.clock.nextAt() - this.clock.now());
    return this.clock.now() - from;
  }
}

const windowed = (window: WindowOptions): HeadgateOptions => ({
  adaptive: false,
  quotas: [{ name: 'q', windows: [window] }],
});

describe('A token bucket', () => {
  it('admits what it holds at once, and then as it refills', async () => {
    const bench = new Bench();
    const { gate, call } = bench.gate(windowed({ limit: 10, refill: '5/s' }));
    const start = bench.clock.now();
    await bench.finish(Array.from({ length: 30 }, () => call()));
    const at = bench.sent.map((moment) => moment - start);
    expect(at.slice(0, 10)).to.deep.equal(new Array(10).fill(0));
    for (const [index, moment] of at.slice(10).entries())
      expect(moment).to.be.within(200 * (index + 1), 200 * (index + 1) + 2);
    await bench.clock.advance(10_000);
    const later = bench.clock.now();
    await bench.finish(Array.from({ length: 11 }, () => call()));
    const burst = bench.sent.slice(-11).map((moment) => moment - later);
    expect(burst.slice(0, 10)).to.deep.equal(new Array(10).fill(0));
    expect(burst[10]).to.be.within(200, 202);
    await gate.close();
  });

  it('is never overdrawn, whenever the server counts, and refills meanwhile', async () => {
    const plans = fc.array(fc.record({ gap: fc.nat(300), out: fc.nat(400), back: fc.nat(400) }), {
      minLength: 5,
      maxLength: 60,
    });
    await fc.assert(
      fc.asyncProperty(
        plans,
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 20 }),
        async (all, limit, perS) => {
          const bench = new Bench();
          const { gate, call } = bench.gate(windowed({ limit, refill: `${perS}/s` }));
          const calls: Promise<void>[] = [];
          for (const { gap, out, back } of all) {
            await bench.clock.advance(gap);
            calls.push(call(out, back));
          }
          await bench.finish(calls);
          // The server's clock counts whole ms.
          let [level, at] = [limit, 0];
          for (const moment of bench.counted.map(Math.floor).sort((a, b) => a - b)) {
            level = Math.min(limit, level + ((moment - at) * perS) / 1000) - 1;
            at = moment;
            expect(level).to.be.at.least(-1e-9);
          }
          await gate.close();
        },
      ),
      { numRuns: 60 },
    );
  });

  it('gains nothing from an update that changes its limit', async () => {
    const bench = new Bench();
    const { gate, call } = bench.gate(windowed({ limit: 10, refill: '1/s' }));
    await bench.finish(Array.from({ length: 10 }, () => call()));
    await bench.clock.advance(5500);
    expect(gate.quotas()[0]?.windows[0]?.used).to.equal(5);
    gate.update({ quotas: windowed({ limit: 11, refill: '1/s' }).quotas ?? [] });
    const calls = Array.from({ length: 9 }, () => call());
    await settled();
    expect(bench.sent).to.have.length(10 + 6);
    await bench.finish(calls);
    await gate.close();
  });

  it('accepts costs in other units, and returns an overcharge', async () => {
    const bench = new Bench();
    const gate = headgate(
      { adaptive: false, quotas: [{ windows: [{ limit: 1000, refill: '100/s', of: 'tokens' }] }] },
      { clock: bench.clock, random: () => 0 },
    );
    const send = gate.fetch(async () => new Response('ok'));
    const spend = async (cost: number, spent: number): Promise<void> => {
      const response = await send('http://api.test/', { headgate: { cost: { tokens: cost } } });
      await response.text();
      reportOf(response)?.spend({ tokens: spent });
    };
    await spend(1000, 400);
    const second = spend(800, 800);
    await bench.clock.advance(1990);
    expect(gate.quotas()[0]?.queued).to.equal(1);
    await bench.clock.advance(20);
    await second;
    await gate.close();
  });

  it('is shared by gates of one process without being overdrawn', async () => {
    const bench = new Bench();
    const ledger = memory();
    const gates = [1, 2].map(() => bench.gate({ ...windowed({ limit: 20, refill: '10/s' }), ledger }));
    const calls: Promise<void>[] = [];
    for (let index = 0; index < 100; index += 1)
      calls.push((gates[index % 2] as (typeof gates)[0]).call(20, 20));
    let over = false;
    void Promise.all(calls).then(() => {
      over = true;
    });
    // Bottleneck's own timers are real.
    for (let turn = 0; !over && turn < 3000; turn += 1) {
      await bench.clock.advance(20);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(over).to.equal(true);
    let [level, at] = [20, 0];
    for (const moment of bench.counted.map(Math.floor).sort((a, b) => a - b)) {
      level = Math.min(20, level + (moment - at) / 100) - 1;
      at = moment;
      expect(level).to.be.at.least(-1e-9);
    }
    await Promise.all(gates.map(({ gate }) => gate.close()));
  });
});

describe('A calendar window', () => {
  for (const { title, zone, start, hours } of [
    { title: 'in UTC by default', zone: undefined, start: '2026-01-15T00:00:00Z', hours: 24 },
    { title: 'on a day of 23 hours', zone: 'America/Los_Angeles', start: '2026-03-08T08:00:00Z', hours: 23 },
    { title: 'on a day of 25 hours', zone: 'America/Los_Angeles', start: '2026-11-01T07:00:00Z', hours: 25 },
    {
      title: 'in a zone that is half an hour off',
      zone: 'Asia/Kolkata',
      start: '2026-05-04T18:30:00Z',
      hours: 24,
    },
  ]) {
    it(`resets at midnight, ${title}`, async () => {
      const bench = new Bench(start);
      const from = bench.clock.now();
      const { gate, call } = bench.gate(windowed({ limit: 2, per: 'day', ...(zone && { zone }) }));
      await bench.clock.advance(7 * HOUR);
      await bench.finish(Array.from({ length: 5 }, () => call()));
      const at = bench.sent.map((moment) => moment - from);
      expect(at.slice(0, 2)).to.deep.equal([7 * HOUR, 7 * HOUR]);
      for (const moment of at.slice(2, 4)) expect(moment).to.be.within(hours * HOUR, hours * HOUR + 2);
      expect(at[4]).to.be.within((hours + 24) * HOUR, (hours + 24) * HOUR + 2);
      expect(gate.quotas()[0]?.windows[0]).to.deep.include({
        limit: 2,
        kind: 'day',
        zone: zone ?? 'UTC',
        used: 1,
      });
      await gate.close();
    });
  }

  it('follows the months of the calendar', async () => {
    const bench = new Bench('2028-01-31T10:00:00Z');
    const { gate, call } = bench.gate(windowed({ limit: 1, per: 'month' }));
    await bench.finish(Array.from({ length: 4 }, () => call()));
    expect(bench.sent.map((moment) => new Date(moment).toISOString().slice(0, 16))).to.deep.equal([
      '2028-01-31T10:00',
      '2028-02-01T00:00',
      '2028-03-01T00:00',
      '2028-04-01T00:00',
    ]);
    await gate.close();
  });

  it('counts attempts in flight at midnight in both days, so that neither is exceeded', async () => {
    const plans = fc.array(fc.record({ gap: fc.nat(HOUR), out: fc.nat(HOUR), back: fc.nat(HOUR) }), {
      minLength: 5,
      maxLength: 60,
    });
    await fc.assert(
      fc.asyncProperty(plans, fc.integer({ min: 1, max: 8 }), async (all, limit) => {
        const bench = new Bench('2026-03-07T20:00:00Z');
        const zone = 'America/Los_Angeles';
        const { gate, call } = bench.gate(windowed({ limit, per: 'day', zone }));
        const calls: Promise<void>[] = [];
        for (const { gap, out, back } of all) {
          await bench.clock.advance(gap);
          calls.push(call(out, back));
        }
        await bench.finish(calls);
        const days = new Map<string, number>();
        for (const moment of bench.counted) {
          const day = new Date(Math.floor(moment)).toLocaleDateString('en', { timeZone: zone });
          days.set(day, (days.get(day) ?? 0) + 1);
        }
        for (const [day, count] of days) expect(count, day).to.be.at.most(limit);
        await gate.close();
      }),
      { numRuns: 25 },
    );
  }).timeout(60_000);

  it('follows the wall clock, even after the machine slept', async () => {
    const bench = new Bench('2026-01-15T12:00:00Z');
    const { gate, call } = bench.gate(windowed({ limit: 1, per: 'day' }));
    await call();
    let done = false;
    const second = call().then(() => (done = true));
    bench.clock.suspend(11 * HOUR);
    await bench.clock.advance(HOUR - 1000);
    expect(done).to.equal(false);
    await bench.clock.advance(61_000);
    expect(done).to.equal(true);
    await second;
    await gate.close();
  });

  it('keeps its count across update(), from a rolling window and to one', async () => {
    const bench = new Bench('2026-01-15T12:00:00Z');
    const { gate, call } = bench.gate(windowed({ limit: 3, per: DAY }));
    await Promise.all([call(), call()]);
    for (const window of [
      { limit: 3, per: 'day' },
      { limit: 3, refill: '1/d' },
      { limit: 3, per: DAY },
    ] as const) {
      gate.update({ quotas: windowed(window).quotas ?? [] });
      expect(gate.quotas()[0]?.windows[0]?.used, JSON.stringify(window)).to.equal(2);
    }
    await gate.close();
  });
});

describe('Spacing', () => {
  it('keeps the starts of attempts apart, however long they take and whatever they cost', async () => {
    const bench = new Bench();
    const { gate, call } = bench.gate({
      adaptive: false,
      quotas: [{ name: 'q', spacing: '100ms', windows: [{ limit: 100, per: '1m' }], cost: { requests: 3 } }],
    });
    const from = bench.clock.now();
    await bench.finish(Array.from({ length: 20 }, () => call(500, 500)));
    for (const [index, moment] of bench.sent.entries())
      expect(moment - from).to.be.closeTo(index * 100, 0.01);
    await bench.clock.advance(50);
    const next = bench.clock.now();
    await bench.finish([call()]);
    expect(bench.sent.at(-1)).to.equal(next);
    gate.update({ quotas: [{ name: 'q', spacing: '1s' }] });
    await bench.finish([call(), call()]);
    const [, before = 0, last = 0] = bench.sent.slice(-3);
    expect(last - before).to.be.closeTo(1000, 0.01);
    await gate.close();
  });

  it('of the whole account applies to all quotas', async () => {
    const bench = new Bench();
    const { gate } = bench.gate({ quotas: [] });
    await gate.close();
    const sent: number[] = [];
    const spaced = headgate(
      { adaptive: false, quotas: [{ each: ['query:k'] }, { name: 'account', also: true, spacing: 10 }] },
      { clock: bench.clock, random: () => 0 },
    );
    const calls = Array.from({ length: 10 }, (_, k) =>
      spaced.wrap(async () => void sent.push(bench.clock.now()), {
        request: { method: 'GET', url: `http://api.test/?k=${k}` },
      })(),
    );
    await bench.clock.advance(1000);
    await Promise.all(calls);
    for (const [index, moment] of sent.entries()) {
      expect(moment - (sent[index - 1] ?? -Infinity)).to.be.at.least(10 - 0.01);
    }
    expect((sent.at(-1) ?? 0) - (sent[0] ?? 0)).to.be.closeTo(90, 0.1);
    await spaced.close();
  });
});

describe('An invalid window', () => {
  const refused = (window: unknown, rule: RegExp): void => {
    expect(() => headgate({ quotas: [{ windows: [window as WindowOptions] }] })).to.throw(OptionsError, rule);
  };

  it('is rejected with the values allowed', () => {
    refused({ limit: 1 }, /quotas\.0\.windows\.0.*either 'per' or 'refill'/);
    refused({ limit: 1, per: '1m', refill: '1/s' }, /either 'per' or 'refill'/);
    refused({ limit: 1, per: 'week' }, /quotas\.0\.windows\.0\.per.*'day' or 'month'/);
    refused({ limit: 1, per: 'day', zone: 'Mars/Olympus' }, /quotas\.0\.windows\.0\.zone.*time zone/);
    refused({ limit: 1, per: '1d', zone: 'UTC' }, /'day' or 'month'/);
    for (const refill of ['25', '0/s', '25/0s', '25 per s', '-1/s', 25])
      refused({ limit: 1, refill }, /refill.*a rate/);
    expect(() => headgate({ quotas: [{ spacing: 0 }] })).to.throw(OptionsError, /spacing.*100ms/);
  });
});
