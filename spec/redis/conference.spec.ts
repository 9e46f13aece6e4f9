import { expect } from 'chai';
import type { AgreedWindow, FoundWindow, Party } from '../../lib/ledger/ledger.ts';
import { RedisConference, type Said } from '../../lib/redis/conference.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

/** A process whose learner does as the test says. */
class Process implements Party {
  latencyMs = 20;
  question: 'over' | 'named' | undefined;
  found: FoundWindow[] = [];
  full: number | undefined;
  held = false;
  served: number[] = [];
  /** What it finds when it reads a closing, by all that it heard. */
  reads: (heard: number, elsewhere: number) => FoundWindow[] = () => [];
  heard = 0;
  crowds = 0;
  inService = 0;
  readonly outages: number[] = [];
  readonly kept: (readonly [limit: number, per: number, cause: string])[] = [];
  readonly conference: RedisConference;

  constructor(fleet: Fleet) {
    this.conference = fleet.join(this);
  }

  tell(): number[] {
    return this.served.splice(0);
  }

  hear(told: readonly number[]): void {
    for (let index = 1; index < told.length; index += 2) this.heard += told[index] as number;
  }

  answer(elsewhere: number): void {
    this.question = undefined;
    this.found = this.reads(this.heard, elsewhere);
  }

  dismiss(): void {
    this.question = undefined;
  }

  agree(windows: readonly AgreedWindow[], cause: string): void {
    this.found = [];
    for (const { limit, per } of windows) this.kept.push([limit, per, cause]);
  }

  refusedElsewhere(): void {}

  crowded(): void {
    this.crowds += 1;
  }

  outage(ms: number): void {
    this.outages.push(ms);
  }

  hold(held: boolean): void {
    this.held = held;
  }

  /** It was refused, and the server named the wait. */
  refused(): void {
    this.question = 'named';
    this.conference.look();
  }
}

/** Processes on one Redis whose answers and messages take a while. */
class Fleet {
  readonly clock = new VirtualClock();
  text = '';
  away = false;
  readonly #all: { readonly conference: RedisConference; readonly name: string }[] = [];

  join(party: Party): RedisConference {
    const name = String(this.#all.length);
    const later = <T>(what: () => T): Promise<T> =>
      new Promise((resolve) => void this.clock.setTimer(() => resolve(what()), 2, false));
    const tell = (said: Said): void => {
      for (const other of this.#all) {
        if (other.name !== name) void later(() => other.conference.hear(name, said));
      }
    };
    const conference = new RedisConference(party, {
      clock: this.clock,
      sharers: () => this.#all.length,
      say: tell,
      read: () => later(() => (this.away ? undefined : this.text)),
      replace: (before, after) =>
        later(() => {
          if (this.away) return undefined;
          if (this.text !== before) return this.text;
          this.text = after;
          tell({ agreed: after });
          return after;
        }),
      closed: () => undefined,
    });
    this.#all.push({ conference, name });
    return conference;
  }
}

describe('What the processes of a fleet learn together', () => {
  it('is asked for before the first attempt goes, and known to one that joins later', async () => {
    const fleet = new Fleet();
    const first = new Process(fleet);
    expect(first.held).to.equal(true);
    await fleet.clock.advance(10);
    expect(first.held).to.equal(false);
    first.found = [{ limit: 100, per: 60_000 }];
    first.conference.look();
    await fleet.clock.advance(10);
    const second = new Process(fleet);
    await fleet.clock.advance(10);
    expect(first.kept).to.deep.equal([[100, 60_000, 'header']]);
    expect(second.kept).to.deep.equal([[100, 60_000, 'peer']]);
  });

  it('is read from a refusal by what all were served, and nothing goes until it is', async () => {
    const fleet = new Fleet();
    const all = Array.from({ length: 3 }, () => new Process(fleet));
    await fleet.clock.advance(10);
    const [one, two, three] = all as [Process, Process, Process];
    two.served = [5, 30];
    three.served = [9, 20, 4, 10];
    one.reads = (heard) => [{ limit: 40 + heard, per: 1000 }];
    one.refused();
    // Those in flight are answered first.
    await fleet.clock.advance(45);
    expect(one.held).to.equal(false);
    await fleet.clock.advance(8);
    expect(two.held).to.equal(true);
    await fleet.clock.advance(20);
    expect(all.map(({ held }) => held)).to.deep.equal([false, false, false]);
    expect(one.kept).to.deep.equal([[100, 1000, 'throttled']]);
    expect(three.kept).to.deep.equal([[100, 1000, 'peer']]);
  });

  it('is read by what the server had in service for all of them', async () => {
    const fleet = new Fleet();
    const [one, two, three] = [new Process(fleet), new Process(fleet), new Process(fleet)];
    await fleet.clock.advance(10);
    [one.inService, two.inService, three.inService] = [9, 5, 2];
    one.reads = (_, elsewhere) => [{ limit: one.inService + elsewhere, per: 0 }];
    one.question = 'over';
    one.conference.look();
    await fleet.clock.advance(20);
    expect([one, two, three].map(({ kept }) => kept.at(-1)?.slice(0, 2))).to.deep.equal([
      [16, 0],
      [16, 0],
      [16, 0],
    ]);
  });

  it('is told at once: that too many are in flight, that the server is out and when it is tried, and that it answers', async () => {
    const fleet = new Fleet();
    const [one, two] = [new Process(fleet), new Process(fleet)];
    await fleet.clock.advance(10);
    one.conference.crowded();
    one.conference.outage(99.5);
    one.conference.outage(0);
    await fleet.clock.advance(5);
    expect([two.crowds, two.outages]).to.deep.equal([1, [100, 0]]);
    expect([one.crowds, one.outages]).to.deep.equal([0, []]);
  });

  it('is what the first said, if two were refused', async () => {
    const fleet = new Fleet();
    const [one, two] = [new Process(fleet), new Process(fleet)];
    await fleet.clock.advance(10);
    one.reads = () => [{ limit: 99, per: 1000 }];
    two.reads = () => [{ limit: 98, per: 1000 }];
    one.refused();
    two.refused();
    await fleet.clock.advance(300);
    expect(one.kept).to.have.length(1);
    expect(two.kept.map(([limit, per]) => [limit, per])).to.deep.equal(
      one.kept.map(([limit, per]) => [limit, per]),
    );
  });

  it('holds nobody for long when one of them is gone that is still counted', async () => {
    const fleet = new Fleet();
    const one = new Process(fleet);
    const two = new Process(fleet);
    await fleet.clock.advance(10);
    two.conference.close();
    one.reads = () => [{ limit: 7, per: 1000 }];
    one.refused();
    await fleet.clock.advance(300);
    expect(one.held).to.equal(false);
    expect(one.kept).to.deep.equal([[7, 1000, 'throttled']]);
  });

  it('holds nobody while Redis is away, and is told once it is back', async () => {
    const fleet = new Fleet();
    const one = new Process(fleet);
    await fleet.clock.advance(10);
    fleet.away = true;
    one.found = [{ limit: 7, per: 1000 }];
    one.conference.look();
    await fleet.clock.advance(10);
    expect([one.held, one.kept]).to.deep.equal([false, []]);
    fleet.away = false;
    one.conference.look();
    await fleet.clock.advance(10);
    expect(one.kept).to.deep.equal([[7, 1000, 'header']]);
  });

  it('is written again when Redis has lost it', async () => {
    const fleet = new Fleet();
    const [one, two] = [new Process(fleet), new Process(fleet)];
    await fleet.clock.advance(10);
    one.found = [{ limit: 7, per: 1000 }];
    one.conference.look();
    await fleet.clock.advance(10);
    const { text } = fleet;
    fleet.text = '';
    one.conference.restore();
    two.conference.restore();
    await fleet.clock.advance(10);
    expect(fleet.text).to.equal(text);
  });

  it('is tried higher by one process when the windows were full for a while, and lowered when that is refused', async () => {
    const fleet = new Fleet();
    const [one, two] = [new Process(fleet), new Process(fleet)];
    await fleet.clock.advance(10);
    one.found = [{ limit: 10, per: 1000 }];
    one.conference.look();
    await fleet.clock.advance(10);
    const busy = async (ms: number): Promise<void> => {
      for (let at = 0; at < ms; at += 50) {
        for (const each of [one, two]) {
          each.full = 1;
          each.conference.served(3);
        }
        await fleet.clock.advance(50);
      }
    };
    await busy(5000);
    expect(one.kept.at(-1)?.[0]).to.equal(10);
    await busy(1500);
    expect([one, two].map(({ kept }) => kept.at(-1)?.[0])).to.deep.equal([11, 11]);
    two.refused();
    await fleet.clock.advance(20);
    expect([one, two].map(({ kept }) => kept.at(-1)?.[0])).to.deep.equal([10, 10]);
    // The next comes later.
    await busy(11_000);
    expect(one.kept.at(-1)?.[0]).to.equal(10);
    await busy(2000);
    expect(one.kept.at(-1)?.[0]).to.equal(11);
    expect(two.question).to.equal(undefined);
  });
});
