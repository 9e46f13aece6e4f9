import { expect } from 'chai';
import fc from 'fast-check';
import { headgate, type QuotaOptions } from 'headgate';
import { VirtualClock } from '../support/virtual-clock.ts';

const PER_MS = 1000;

/** A quota of the path that all calls go to. */
const quota = (name: string, limit: number, concurrency: number): QuotaOptions => ({
  name,
  match: { path: '/x' },
  windows: [{ limit, per: PER_MS }],
  concurrency,
});

/** One step of an operator: what applies from then on, and for how long. */
const step = fc.record({
  quotas: fc.oneof(
    fc.constant([]),
    fc
      .record({
        name: fc.constantFrom('a', 'b'),
        limit: fc.integer({ min: 1, max: 6 }),
        concurrency: fc.integer({ min: 1, max: 6 }),
      })
      .map(({ name, limit, concurrency }) => [quota(name, limit, concurrency)]),
  ),
  ms: fc.integer({ min: 1, max: 1500 }),
});

describe('An update', () => {
  it('allows no more in flight than its new quota permits, whatever was removed before', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 2500 }),
        async (steps, calls, latencyMs) => {
          const clock = new VirtualClock();
          const gate = headgate(
            { adaptive: false, retry: { deadline: Infinity } },
            { clock, random: () => 0.5 },
          );
          gate.on('warning', () => undefined);
          let inFlight = 0;
          let most = Infinity;
          const broken: string[] = [];
          const call = gate.wrap(
            async () => {
              inFlight += 1;
              if (inFlight > most) broken.push(`${inFlight} of ${most} in flight at ${clock.now()}`);
              await new Promise<void>((resolve) => clock.setTimer(resolve, latencyMs, false));
              inFlight -= 1;
              return { status: 200, headers: {} };
            },
            { request: { method: 'GET', url: 'https://api.example/x' } },
          );
          const all: Promise<unknown>[] = [];
          for (const { quotas, ms } of steps) {
            most = quotas[0]?.concurrency ?? Infinity;
            gate.update({ quotas });
            for (let made = 0; made < calls / steps.length; made += 1) all.push(call());
            await clock.advance(ms);
          }
          most = Infinity;
          gate.update({ quotas: [] });
          await clock.advance(60_000);
          await Promise.all(all);
          expect(broken).to.deep.equal([]);
          expect(gate.quotas().every(({ inFlight: left, queued }) => left + queued === 0)).to.equal(true);
          await gate.close();
        },
      ),
      { numRuns: 200, seed: 5 },
    );
  });

  it('that restores a quota counts what was sent meanwhile', async () => {
    const clock = new VirtualClock();
    const declared = [quota('q', 3, 100)];
    const gate = headgate({ quotas: declared, adaptive: false, retry: { deadline: Infinity } }, { clock });
    gate.on('warning', () => undefined);
    let sent = 0;
    const ends: (() => void)[] = [];
    const call = gate.wrap(
      async () => {
        sent += 1;
        await new Promise<void>((resolve) => ends.push(resolve));
        return { status: 200, headers: {} };
      },
      { request: { method: 'GET', url: 'https://api.example/x' } },
    );
    const all = Array.from({ length: 10 }, () => call());
    await clock.advance(1);
    expect(sent).to.equal(3);
    gate.update({ quotas: [] });
    await clock.advance(1);
    expect(sent).to.equal(10);
    gate.update({ quotas: declared });
    expect(gate.quotas().find(({ key }) => key === 'q')?.inFlight).to.equal(10);
    for (let made = 0; made < 3; made += 1) all.push(call());
    await clock.advance(10 * PER_MS);
    expect(sent).to.equal(10);
    for (const end of ends) end();
    await clock.advance(PER_MS - 1);
    expect(sent).to.equal(10);
    await clock.advance(10);
    expect(sent).to.equal(13);
    for (const end of ends) end();
    await Promise.all(all);
    await gate.close();
  });
});
