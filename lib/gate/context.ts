import type { Clock } from '../clock.ts';
import type { PauseCause } from '../events/types.ts';
import type { Random } from '../policy/backoff.ts';
import type { Finding, LearnedCause } from './adaptive/adaptive.ts';
import type { Ledger } from './ledger.ts';
import type { Schedule } from './schedule.ts';

/** Room for waiting attempts, shared by all gates of one `headgate()`. */
export interface Room {
  readonly most: number;
  taken: number;
}

/** What every gate of one `headgate()` shares. */
export interface GateContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly schedule: Schedule;
  readonly ledger: Ledger;
  readonly room: Room;
  /** The pause of this quota ended. */
  readonly resumed: (quota: string, untilMs: number, cause: PauseCause) => void;
  /** This quota closed because the server stated that nothing is left of it. */
  readonly held: (quota: string, untilMs: number) => void;
  /** Whether a gate learns what nobody declared. */
  readonly adaptive: boolean;
  /** A limit was learned, or changed. */
  readonly learned: (quota: string, finding: Finding, cause: LearnedCause) => void;
}

/** What the leases of a window need of their gate. */
export interface LeaseContext {
  readonly ledger: Ledger;
  readonly schedule: Schedule;
  now(): number;
  /** There may be permits to give. */
  changed(): void;
}

/** State of one quota, as `gate.quotas()` shows it. */
export interface QuotaSnapshot {
  readonly key: string;
  readonly windows: readonly { readonly limit: number; readonly per: number; readonly used: number }[];
  /** Most attempts in flight at once; absent when unlimited. */
  readonly concurrency?: number | undefined;
  readonly inFlight: number;
  readonly queued: number;
  /** Moment of reopening; Unix ms on the gate's clock; absent while open. */
  readonly pausedUntil?: number | undefined;
  /** What the gate found out by itself; absent when it found nothing, or was told not to learn. */
  readonly learned?:
    | {
        readonly windows: readonly { readonly limit: number; readonly per: number; readonly used: number }[];
        /** Most attempts in flight at once. */
        readonly concurrency?: number | undefined;
        /** True while the server is out and only probes are sent. */
        readonly outage: boolean;
      }
    | undefined;
}
