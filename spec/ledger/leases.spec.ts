import { expect } from 'chai';
import fc from 'fast-check';
import type { Gate } from '../../lib/gate/gate.ts';
import { Permit } from '../../lib/gate/permit.ts';
import type { Window } from '../../lib/words/types.ts';
import { type Branch, FakeLedger, type FakeLedgerSettings } from '../support/fake-ledger.ts';
import { worst } from '../support/fleet.ts';
import { ask, LATE, makeGate, permitOf } from '../support/gates.ts';
import { settled, VirtualClock } from '../support/virtual-clock.ts';

/** One call of a generated program. */
interface Plan {
  /** Whose it is. */
  readonly process: number;
  /** ms after the call before it. */
  readonly gap: number;
  /** ms from sending to the server's counting it, and from there to its response. */
  readonly out: number;
  readonly back: number;
  readonly fate: 'answered' | 'unsent' | 'abandoned';
}

/** What befalls the fleet before the call of this number. */
interface Mishap {
  readonly before: number;
  readonly what: 'crash' | 'leave' | 'return' | 'return empty' | 'forget';
}

const LONGEST_MS = 200;
const PROCESSES = 3;
const GRACE_MS = 600;

const plans = fc.array(
  fc.record<Plan>({
    process: fc.integer({ min: 0, max: PROCESSES - 1 }),
    gap: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 400 })),
    out: fc.integer({ min: 0, max: LONGEST_MS / 2 }),
    back: fc.integer({ min: 0, max: LONGEST_MS / 2 }),
    fate: fc.constantFrom('answered', 'answered', 'answered', 'unsent', 'abandoned'),
  }),
  { minLength: 1, maxLength: 80 },
);

const windows = fc.uniqueArray(
  fc.record({ limit: fc.integer({ min: 1, max: 24 }), per: fc.integer({ min: 50, max: 1500 }) }),
  { minLength: 1, maxLength: 2, selector: ({ per }) => per },
);

const mishaps = (...kinds: Mishap['what'][]): fc.Arbitrary<Mishap[]> =>
  fc.array(fc.record({ before: fc.integer({ min: 0, max: 80 }), what: fc.constantFrom(...kinds) }), {
    maxLength: 6,
  });

/** Several processes that share one ledger, and one server that notes when it counted what they sent. */
class Fleet {
  readonly clock = new VirtualClock();
  readonly ledger: FakeLedger;
  readonly members: { readonly gate: Gate; readonly branch: Branch }[];
  /** Moments at which the server counted, and by whom it was asked. */
  readonly counted: { readonly at: number; readonly by: number }[] = [];
  /** The order in which the calls of each process went. */
  readonly order: number[][];
  ended = 0;

  constructor(limits: readonly Window[], settings: Partial<FakeLedgerSettings> = {}, processes = PROCESSES) {
    const longest = Math.max(...limits.map(({ per }) => per));
    this.ledger = new FakeLedger(this.clock, {
      processes,
      delay: () => 1,
      expiration: 3000 + longest + LONGEST_MS + 1000,
      renewMs: 3000,
      notice: () => 100,
      graceMs: GRACE_MS,
      ...settings,
    });
    this.members = Array.from({ length: processes }, () => {
      const branch = this.ledger.branch();
      return { branch, gate: makeGate(this.clock, { windows: limits }, { ledger: branch }) };
    });
    this.order = this.members.map(() => []);
  }

  get alive(): { readonly gate: Gate; readonly branch: Branch }[] {
    return this.members.filter(({ branch }) => !branch.crashed);
  }

  get moments(): number[] {
    return this.counted.map(({ at }) => at);
  }

  send(number: number, { process, out, back, fate }: Plan): void {
    const { gate, branch } = this.members[process] as { gate: Gate; branch: Branch };
    const dead = (): boolean => branch.crashed;
    if (dead()) {
      this.ended += 1;
      return;
    }
    const end = (): void => {
      this.ended += 1;
    };
    const granted = gate.acquire(ask());
    if (fate === 'abandoned' && !(granted instanceof Permit)) granted.leave(new Error('abandoned'));
    permitOf(granted).then(async (permit) => {
      if (dead()) return;
      this.order[process]?.push(number);
      if (fate === 'unsent') permit.refund();
      else {
        await this.#after(out);
        this.counted.push({ at: this.clock.now(), by: process });
        await this.#after(back);
        if (dead()) return;
        permit.settle(this.clock.now());
      }
      end();
    }, end);
  }

  /** The process is no more; what it sent before may arrive yet. */
  crash(process: number): void {
    const member = this.members[process];
    if (!member || this.alive.length < 2) return;
    this.ended += member.branch.crashed ? 0 : member.gate.snapshot().inFlight;
    member.branch.crash();
    // Only that its timers end: a crashed process returns no lease.
    void member.gate.close(new Error('crashed'));
  }

  async play(program: readonly Plan[], mishaps: readonly Mishap[]): Promise<void> {
    for (const [number, plan] of program.entries()) {
      await this.clock.advance(plan.gap);
      for (const { before, what } of mishaps) if (before === number) this.#meet(what, plan.process);
      this.send(number, plan);
    }
    await settled();
    this.ledger.comeBack(false);
    for (let turn = 0; this.ended < program.length; turn += 1) {
      if (turn > 50_000) throw new Error(`deadlock: ${this.ended} of ${program.length}`);
      await this.clock.advance(Math.min(5000, Math.max(0, this.clock.nextAt() - this.clock.now())));
    }
  }

  /** Lets time pass until everything has gone back. */
  async rest(): Promise<void> {
    await this.clock.advance(20_000);
  }

  #meet(what: Mishap['what'], process: number): void {
    if (what === 'crash') this.crash(process);
    else if (what === 'leave') this.ledger.leave();
    else if (what === 'forget') {
      this.ledger.forget();
      for (const { branch } of this.members) this.clock.setTimer(() => branch.notice(), 100, false);
    } else this.ledger.comeBack(what === 'return empty');
  }

  #after(ms: number): Promise<void> {
    return new Promise((resolve) => this.clock.setTimer(resolve, ms, true));
  }
}

function expectRest(fleet: Fleet, limits: readonly Window[]): void {
  for (const { gate } of fleet.alive) {
    const { inFlight, queued, windows: after } = gate.snapshot();
    expect([inFlight, queued, ...after.map(({ used }) => used)]).to.deep.equal([
      0,
      0,
      ...limits.map(() => 0),
    ]);
  }
  expect(fleet.ledger.held, 'leases that never went back').to.equal(0);
  expect(fleet.clock.holding).to.equal(0);
}

function expectOrder(fleet: Fleet): void {
  for (const order of fleet.order) expect(order).to.deep.equal([...order].sort((a, b) => a - b));
}

describe('Any fleet on one ledger', () => {
  it('keeps every window, loses no call, returns every permit, and keeps the order', async () => {
    await fc.assert(
      fc.asyncProperty(windows, plans, mishaps('crash'), async (limits, program, what) => {
        const fleet = new Fleet(limits);
        await fleet.play(program, what);
        for (const { limit, per } of limits) expect(worst(fleet.moments, per)).to.be.at.most(limit);
        expectOrder(fleet);
        await fleet.rest();
        expectRest(fleet, limits);
      }),
      { numRuns: 300 },
    );
  });

  it('keeps them though the ledger goes and comes back', async () => {
    await fc.assert(
      fc.asyncProperty(
        windows,
        plans,
        mishaps('crash', 'leave', 'leave', 'return'),
        async (all, program, what) => {
          const limits = all.filter(({ limit }) => limit >= PROCESSES);
          fc.pre(limits.length > 0);
          const fleet = new Fleet(limits);
          await fleet.play(program, what);
          for (const { limit, per } of limits) expect(worst(fleet.moments, per)).to.be.at.most(limit);
          expectOrder(fleet);
          await fleet.rest();
          expectRest(fleet, limits);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('keeps them though the ledger is away for longer than its leases live', async () => {
    const long = fc.record({
      limit: fc.integer({ min: 3, max: 12 }),
      per: fc.integer({ min: 2000, max: 20_000 }),
    });
    const bursts = fc.array(
      fc.record<Plan>({
        process: fc.integer({ min: 0, max: PROCESSES - 1 }),
        gap: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 8000 })),
        out: fc.integer({ min: 0, max: LONGEST_MS / 2 }),
        back: fc.integer({ min: 0, max: LONGEST_MS / 2 }),
        fate: fc.constantFrom('answered', 'answered', 'abandoned'),
      }),
      { minLength: 20, maxLength: 80 },
    );
    await fc.assert(
      fc.asyncProperty(long, bursts, mishaps('leave', 'leave', 'return'), async (limit, program, what) => {
        const expiration = 1000 + limit.per + LONGEST_MS + 300;
        const fleet = new Fleet([limit], { renewMs: 1000, expiration });
        await fleet.play(program, what);
        expect(worst(fleet.moments, limit.per)).to.be.at.most(limit.limit);
        expectOrder(fleet);
        await fleet.rest();
        await fleet.rest();
        expectRest(fleet, [limit]);
      }),
      { numRuns: 300 },
    );
  });

  it('covers what was used while the ledger was away until its window has passed', async () => {
    for (const awayMs of [10_000, 30_000, 57_000, 60_000, 63_000, 70_000, 200_000]) {
      const fleet = new Fleet([{ limit: 10, per: 60_000 }], { processes: 2 }, 2);
      const plan = { gap: 0, out: 0, back: 0, fate: 'answered' } as const;
      let number = 0;
      const send = (process: number, count: number): void => {
        for (let sent = 0; sent < count; sent += 1, number += 1) fleet.send(number, { ...plan, process });
      };
      // What is asked for and given up is leased all the same, and used later.
      const { gate } = fleet.members[0] as { gate: Gate };
      const places = Array.from({ length: 5 }, () => gate.acquire(ask()));
      await fleet.clock.advance(1);
      for (const place of places) if (!(place instanceof Permit)) place.leave(new Error('abandoned'));
      send(0, 2);
      fleet.ledger.leave();
      await fleet.clock.advance(awayMs - 1000);
      send(0, 5);
      await fleet.clock.advance(1000);
      fleet.ledger.comeBack(false);
      await fleet.clock.advance(1000);
      send(1, 40);
      send(0, 20);
      await fleet.clock.advance(1_000_000);
      expect(worst(fleet.moments, 60_000), `away for ${awayMs} ms`).to.be.at.most(10);
      expect(fleet.ended).to.equal(number);
      expectRest(fleet, [{ limit: 10, per: 60_000 }]);
    }
  });

  it('uses nothing that a ledger which it alone did not reach has given away, until that has come back', async () => {
    const fleet = new Fleet([{ limit: 10, per: 60_000 }], { processes: 2 }, 2);
    const { branch } = fleet.members[0] as { branch: Branch };
    for (let number = 0; number < 80; number += 1) {
      fleet.send(number, { process: number % 2, gap: 0, out: 0, back: 0, fate: 'answered' });
    }
    await fleet.clock.advance(1000);
    branch.cutOff(true);
    // Its leases run out after 64.2 s, when it has used its share again.
    await fleet.clock.advance(69_000);
    branch.cutOff(false);
    await fleet.clock.advance(GRACE_MS);
    const back = fleet.counted.length;
    await fleet.clock.advance(1_000_000);
    expect(worst(fleet.moments.slice(back), 60_000)).to.be.at.most(10);
    expect(fleet.ended).to.equal(80);
    expectRest(fleet, [{ limit: 10, per: 60_000 }]);
  });

  it('loses no call when the data are lost, and sends no more than twice the limit until all have noticed', async () => {
    await fc.assert(
      fc.asyncProperty(
        windows,
        plans,
        mishaps('crash', 'leave', 'return', 'return empty', 'forget'),
        async (all, program, what) => {
          const limits = all.filter(({ limit }) => limit >= PROCESSES);
          fc.pre(limits.length > 0 && what.filter((each) => each.what.match(/empty|forget/)).length < 2);
          const fleet = new Fleet(limits);
          await fleet.play(program, what);
          for (const { limit, per } of limits) expect(worst(fleet.moments, per)).to.be.at.most(2 * limit);
          expectOrder(fleet);
          await fleet.rest();
          expectRest(fleet, limits);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('is held to its shares while the ledger is away', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: PROCESSES, max: 60 }),
        fc.integer({ min: 50, max: 1500 }),
        async (limit, per) => {
          const fleet = new Fleet([{ limit, per }]);
          fleet.ledger.leave();
          for (let number = 0; number < limit * 4; number += 1) {
            const [out, back] = [number % 50, number % 30];
            fleet.send(number, { process: number % PROCESSES, gap: 0, out, back, fate: 'answered' });
          }
          await fleet.clock.advance(12 * (per + LONGEST_MS));
          expect(fleet.ended).to.equal(limit * 4);
          const share = Math.floor(limit / PROCESSES);
          expect(worst(fleet.moments, per)).to.be.at.most(share * PROCESSES);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('uses at least 98 % of a window while there is demand', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1000, max: 10_000 }),
        fc.integer({ min: 1, max: 4 }),
        async (limit, per, processes) => {
          const fleet = new Fleet([{ limit, per }], {}, processes);
          const rounds = 12;
          const calls = limit * rounds;
          for (let number = 0; number < calls; number += 1) {
            const plan = { process: number % processes, gap: 0, out: 0, back: 0, fate: 'answered' } as const;
            fleet.send(number, plan);
          }
          const turns: number[] = [];
          while (fleet.alive.every(({ gate }) => gate.snapshot().queued > 0)) {
            await fleet.clock.advance(per);
            turns.push(fleet.counted.length);
          }
          // In the last of them somebody had nothing left to send.
          const whole = turns.length - 1;
          const used = turns[whole - 1] ?? 0;
          // One permit may be between two processes.
          expect(used, turns.join(' ')).to.be.at.least(0.98 * limit * whole - 1);
          await fleet.clock.advance(2 * per * rounds);
          expect(fleet.ended).to.equal(calls);
          expect(worst(fleet.moments, per)).to.be.at.most(limit);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('rejects at once what no share of the limit could let go in time, and nothing else', async () => {
    const fleet = new Fleet([{ limit: 6, per: 10_000 }], {}, 3);
    const { gate } = fleet.members[0] as { gate: Gate };
    const hasty = (): unknown => gate.acquire(ask({ deadlineAt: fleet.clock.now() + 5000 }));
    for (let number = 0; number < 6; number += 1) {
      fleet.send(number, { process: 0, gap: 0, out: 0, back: 0, fate: 'answered' });
    }
    await fleet.clock.advance(1000);
    expect(fleet.ended).to.equal(6);
    expect(hasty).to.throw(LATE.message);
    // Without its ledger a process has less for now; it may have all of it again.
    fleet.ledger.leave();
    await fleet.clock.advance(3500);
    expect(hasty).to.throw(LATE.message);
    await fleet.clock.advance(2000);
    const places = Array.from({ length: 4 }, () => hasty());
    for (const place of places)
      void permitOf(place as Permit).then((permit) => permit.settle(fleet.clock.now()));
    await fleet.clock.advance(1000);
    fleet.ledger.comeBack(false);
    await fleet.clock.advance(4000);
    expect(gate.snapshot().queued).to.equal(0);
  });

  it('uses no permit of a lease that could run out in use', async () => {
    const fleet = new Fleet([{ limit: 200, per: 60_000 }], {}, 2);
    const { gate: one } = fleet.members[0] as { gate: Gate };
    const places = Array.from({ length: 10 }, () => one.acquire(ask()));
    await fleet.clock.advance(1);
    for (const place of places.slice(4)) if (!(place instanceof Permit)) place.leave(new Error('abandoned'));
    for (const place of places.slice(0, 4))
      void permitOf(place).then((permit) => permit.settle(fleet.clock.now()));
    // Too slow to lease ahead for, and too fast to have what is left go back.
    let number = 0;
    const plan = { process: 0, gap: 0, out: 0, back: 0, fate: 'answered' } as const;
    for (; fleet.clock.now() < 1_000_000 + 62_000; number += 1) {
      await fleet.clock.advance(9000);
      fleet.send(number, plan);
    }
    expect(fleet.counted.length).to.be.above(5);
    for (; number < 400; number += 1) fleet.send(number, { ...plan, process: 1 });
    await fleet.clock.advance(100_000);
    expect(worst(fleet.moments, 60_000)).to.be.at.most(200);
  });

  it('ends in time, however unevenly its calls are shared out', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 20, max: 200 }),
        fc.integer({ min: 1000, max: 5000 }),
        fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 3, maxLength: 3 }),
        async (limit, per, weights) => {
          const fleet = new Fleet([{ limit, per }], {}, 4);
          const rounds = 6;
          // A block may be held ahead of what does not come, by each that has ended.
          const calls = limit * rounds - 3 * Math.ceil(limit / 20);
          const whole = weights.reduce((sum, each) => sum + each, 100);
          let number = 0;
          const send = (process: number, count: number): void => {
            for (let sent = 0; sent < count; sent += 1, number += 1) {
              fleet.send(number, { process, gap: 0, out: 0, back: 0, fate: 'answered' });
            }
          };
          for (const [process, weight] of weights.entries())
            send(process, Math.floor((calls * weight) / whole));
          send(3, calls - number);
          await fleet.clock.advance(2 * per * rounds);
          expect(fleet.ended).to.equal(calls);
          expect(worst(fleet.moments, per)).to.be.at.most(limit);
          const took = (fleet.moments.at(-1) as number) - (fleet.moments[0] as number);
          // What goes beyond a fair share is leased a tenth of a second later.
          expect(took).to.be.below((rounds - 1) * per + rounds * 150);
        },
      ),
      { numRuns: 60 },
    );
  });
});
