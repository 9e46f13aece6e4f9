import type { Conference, Party } from '../ledger/ledger.ts';
import type { Clock } from '../time/clock.ts';
import { RedisConference, type Said } from './conference.ts';
import type { Fleet, Paused } from './fleet.ts';

/** The parts of the ledger that its conferences need. */
interface Surroundings {
  readonly clock: Clock;
  readonly fleet: Fleet;
  /** Number of processes that draw on the ledger. */
  readonly sharers: () => number;
  /** Resolves once it is known whether Redis answers: whether it does. */
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

  /** Another process says something of a quota; with `ms`, it closed it. */
  hear(quota: string, from: string, { ms, ...said }: Said & Paused): void {
    // One that never met the quota says so at once, or it would be waited for.
    if (said.asks && !this.#all.has(quota)) this.#around.fleet.say(quota, { served: [] });
    for (const conference of this.#all.get(quota) ?? []) {
      if (ms === undefined) conference.hear(from, said);
      else conference.refused();
    }
  }

  /** Redis has lost what was agreed on. */
  restore(): void {
    for (const all of this.#all.values()) for (const each of all) each.restore();
  }
}
