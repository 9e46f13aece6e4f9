import type { Finding } from '../learning/finding.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Random } from '../policy/backoff.ts';
import type { Clock } from '../time/clock.ts';
import type { Schedule } from '../time/schedule.ts';
import type { LearnedCause, PauseCause } from '../words/causes.ts';
import type { LearnedQuota } from '../words/learned.ts';
import type { Closing } from './admitter.ts';
import type { Naming, Suspended } from './hosts.ts';
import type { Use } from './near.ts';
import type { Permit } from './permit.ts';
import type { Line } from './queue.ts';
import type { Room } from './room.ts';

/** A gate that can be closed. */
export interface Pausable extends Suspended {
  readonly key: string;
  pause(ms: number, cause: PauseCause): Closing | undefined;
}

/** What every gate of one `headgate()` shares. */
export interface GateContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly schedule: Schedule;
  readonly ledger: Ledger;
  readonly room: Room;
  /** Permits in use, of all gates. */
  readonly inUse: Line<Permit>;
  /** The pause of this quota ended. */
  readonly resumed: (quota: string, untilMs: number, cause: PauseCause) => void;
  /** A quota was refused for a request to this host: whether that means more than the quota. */
  readonly refused?: (quota: string, host: string, untilMs: number, naming: Naming) => void;
  /** An attempt sent to this host at `sentAt` was served. */
  readonly served?: (host: string, sentAt: number, now: number) => void;
  /** The first request draws on this quota. */
  readonly drawn?: (gate: Pausable, url: URL) => void;
  /** A server closed this quota: for the other gates of its ledger; `tryMs` where it named no wait. */
  readonly closed: (quota: string, ms: number, tryMs?: number) => void;
  /** This quota was just met: another gate of its ledger may have closed it. */
  readonly met: (quota: string) => void;
  /** Warns of something that its user should know about a quota. */
  readonly warn: (code: string, message: string, quota: string) => void;
  /** This quota closed because the server stated that nothing is left of it. */
  readonly held: (quota: string, untilMs: number) => void;
  /** What an earlier run learned, by quota. */
  readonly known?: ReadonlyMap<string, LearnedQuota>;
  /** A window of this quota is used beyond the share that its `near` names. */
  readonly near?: (quota: string, use: Use) => void;
  /** Whether a gate learns what nobody declared. */
  readonly adaptive: boolean;
  /** A limit was learned, or changed. */
  readonly learned: (quota: string, finding: Finding, cause: LearnedCause) => void;
}
