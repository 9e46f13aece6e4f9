import type { Finding } from '../learning/finding.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Random } from '../policy/backoff.ts';
import type { Clock } from '../time/clock.ts';
import type { Schedule } from '../time/schedule.ts';
import type { LearnedCause, PauseCause } from '../words/causes.ts';
import type { LearnedQuota } from '../words/learned.ts';
import type { LinkedList } from './linked-list.ts';
import type { Use } from './near-limit.ts';
import type { Permit } from './permit.ts';
import type { QueueLimit } from './queue-limit.ts';

/** What all gates of one `headgate()` share. */
export interface GateContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly schedule: Schedule;
  readonly ledger: Ledger;
  readonly queueLimit: QueueLimit;
  /** Permits in use, of all gates. */
  readonly inUse: LinkedList<Permit>;
  /** The pause of this quota ended. */
  readonly resumed: (quota: string, untilMs: number, cause: PauseCause) => void;
  /** A request to this host was refused for a quota, which may concern the whole host. */
  readonly refused?: (quota: string, host: string, untilMs: number) => void;
  /** An attempt sent to this host at `sentAt` was served. */
  readonly served?: (host: string, sentAt: number, now: number) => void;
  /** A server closed this quota: tells the other gates of the ledger; `tryMs` if it named no wait. */
  readonly sharePause: (quota: string, ms: number, tryMs?: number) => void;
  /** This quota is new here: another gate of the ledger may have closed it. */
  readonly recallPause: (quota: string) => void;
  /** Warns the user of something about a quota. */
  readonly warn: (code: string, message: string, quota: string) => void;
  /** This quota closed without a refusal: a header says that nothing is left, or its host is closed. */
  readonly reportPause: (quota: string, untilMs: number) => void;
  /** What an earlier run learned, by quota. */
  readonly known?: ReadonlyMap<string, LearnedQuota>;
  /** Use of a window reached the share that the quota's `near` names. */
  readonly near?: (quota: string, use: Use) => void;
  /** Whether gates learn undeclared limits. */
  readonly adaptive: boolean;
  /** A limit was learned or has changed. */
  readonly learned: (quota: string, finding: Finding, cause: LearnedCause) => void;
}
