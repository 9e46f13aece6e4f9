import type { Conference, Party } from '../ledger/ledger.ts';
import type { Clock } from '../time/clock.ts';
import { RedisConference, type Said } from './conference.ts';
import type { Fleet, Paused } from './fleet.ts';

/** The parts of the ledger that its conferences need. */
interface Surroundings {
  readonly clock: Clock;
  readonly fleet: Fleet;
  /** Number of processes that use the ledger. */
  readonly sharers: () => number;
  /** Resolves, once known, with whether Redis answers. */
  readonly ready: () => Promise<boolean>;
}

/** The conferences of one process, by quota: several gates may share a ledger. */
export class Conferences {
  readonly #all = new Map<string, Set<RedisConference>>();
  readonly #around: Surroundings;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  open(quota: string, party: Party): Conference {
    const { clock, fleet, sharers, ready } = this.#around;
    const all = this.#all.get(quota) ?? new Set();
    this.#all.set(quota, all);
    const tell = (said: Said): void => {
      for (const other of all) if (other !== conference) other.hear('here', said);
    };
    const conference: RedisConference = new RedisConference(party, {
      clock,
      sharers,
      say: (said) => {
        fleet.say(quota, said);
        tell(said);
      },
      read: async () => ((await ready()) ? fleet.agreed(quota) : undefined),
      replace: async (before, after) => {
        const agreed = (await ready()) ? await fleet.agree(quota, before, after) : undefined;
        if (agreed === after) tell({ agreed });
        return agreed;
      },
      closed: () => {
        all.delete(conference);
        if (all.size === 0 && this.#all.get(quota) === all) this.#all.delete(quota);
      },
    });
    all.add(conference);
    return conference;
  }

  /** Handles another process's message about a quota; with `ms`, it closed the quota. */
  hear(quota: string, from: string, { ms, ...said }: Said & Paused): void {
    // A process that has never used the quota answers at once, or the others would wait for it.
    if (said.asks && !this.#all.has(quota)) this.#around.fleet.say(quota, { served: [] });
    for (const conference of this.#all.get(quota) ?? []) {
      if (ms === undefined) conference.hear(from, said);
      else conference.refused();
    }
  }

  /** Writes all agreements again: Redis has lost them. */
  restore(): void {
    for (const all of this.#all.values()) for (const each of all) each.restore();
  }
}
