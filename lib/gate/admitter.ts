import type { RateLimit } from '../classify/rate-limit.ts';
import type { Fault } from '../learning/adaptive.ts';
import type { RequestRoute } from '../learning/outage/routes.ts';
import type { Charge } from '../ledger/windows.ts';
import type { Backoff } from '../policy/policy.ts';
import type { PauseCause } from '../words/causes.ts';
import type { Amounts, Costs, Outcome, RequestFacts } from '../words/types.ts';
import type { Naming } from './hosts.ts';
import type { Budget } from './retry-budget.ts';

/** What of an attempt tells its costs, and its route. */
export interface Priced {
  /** What of its request tells its route: asked for only while the server seems out. */
  readonly request?: RequestFacts | undefined;
  /** What the call says it costs. */
  readonly cost?: Costs | undefined;
  /** What the profile says such requests cost. */
  readonly usual?: Costs | undefined;
  /** What each quota reads of that; kept by the quotas. */
  amounts?: Map<object, Map<string, number>> | undefined;
}

/** What an attempt asked the gate for, as its permit keeps it. */
export interface Asked extends Priced {
  /** The gates of the declared quotas that its request draws on now. */
  declaredGates?(): readonly Admitter[];
  /** The gate of the server's bucket that its request draws on, if it is known. */
  bucketGate?(): Admitter | undefined;
}

/** What one quota keeps of an attempt that draws on it. */
export interface Drawn {
  /** Moment of its taking. */
  readonly takenAt: number;
  /** Number of the attempt among those of its quota. */
  readonly number: number;
  /** The quota admitted it; false where an update made it count here, and only its limits matter. */
  readonly admitted: boolean;
  /** What it was charged; absent where it costs one request and nothing else. */
  readonly charge: Charge | undefined;
}

/** A quota closed, or is closed for longer. */
export interface Closing {
  readonly quota: string;
  /** Moment of reopening. */
  readonly until: number;
  /** False where it was closed already, and for about as long: one closing is told once. */
  readonly isNews: boolean;
}

/** The gate, as its permits know it. */
export interface Admitter {
  readonly key: string;
  readonly base: string;
  /** The server's name for it, if it is a bucket of the server's. */
  readonly bucket: string | undefined;
  readonly budget: Budget;
  readonly retired: boolean;
  together<T>(tell: () => T, now?: number): T;
  answered(drawn: Drawn, at: number): void;
  ended(drawn: Drawn, now: number): void;
  refunded(drawn: Drawn): void;
  joined(takenAt: number, ask: Priced, answered: boolean): Drawn;
  /** Whether it reads from outcomes what was spent. */
  readonly readsSpent: boolean;
  /** What an outcome says was spent of this quota. */
  read(outcome: Outcome): Amounts | undefined;
  /** It was spent; `countedAt` and `endedAt` are the moments of the answer and of the end, if they were. */
  spent(drawn: Drawn, ask: Priced, amounts: Amounts, countedAt?: number, endedAt?: number): void;
  unread(): void;
  /** A refusal that would close it until `until` is being read; 0: one of them was. */
  doubted(until: number): void;
  served(sentAt: number, request?: RequestRoute, now?: number): void;
  failed(fault: Fault): void;
  heard(number: number, limits: readonly RateLimit[]): void;
  throttled(
    sentAt: number,
    retryAfterMs: number | undefined,
    cause: PauseCause,
    backoff: Backoff,
    at?: number,
  ): Closing | undefined;
  /** Whether a window of it counts this unit. */
  counts(unit: string): boolean;
  /** It was refused for a request to this URL: the whole host closes, if that means all its quotas. */
  spread(url: URL, naming: Naming): void;
  withdraw(share: number): boolean;
  reopensIn(now: number): number;
  probeIn(now: number): number | undefined;
}

/** What a refusal or a header says it is about, by the server's own names. */
export interface Meant {
  readonly quota?: string | undefined;
  readonly unit?: string | undefined;
}
