import type { RateLimit } from '../classify/rate-limit.ts';
import type { Fault } from '../learning/adaptive.ts';
import type { RequestRoute } from '../learning/outage/routes.ts';
import type { Charge } from '../ledger/windows.ts';
import type { Backoff } from '../policy/policy.ts';
import type { PauseCause } from '../words/causes.ts';
import type { Amounts, Costs, Outcome, RequestFacts } from '../words/types.ts';
import type { RetryBudget } from './retry-budget.ts';

/** What determines an attempt's cost and route. */
export interface Priced {
  /** The request: cost functions read it, and its route tells what is affected by an outage. */
  readonly request?: RequestFacts | undefined;
  /** Cost given by the call. */
  readonly cost?: Costs | undefined;
  /** Cost given by the profile. */
  readonly usual?: Costs | undefined;
  /** Amounts by unit that each quota's tariff read from these costs: a cache that the tariffs fill. */
  amounts?: Map<object, Map<string, number>> | undefined;
}

/** What a permit keeps of its attempt. */
export interface Asked extends Priced {
  /** Told the amounts that the caller names, some of which may be in units that nothing counts. */
  priced?(cost: Costs): void;
  /** The gates of the declared quotas that its request draws on now. */
  declaredGates?(): readonly Admitter[];
  /** The gate of the server's bucket that its request draws on, if known. */
  serverGates?(): readonly Admitter[];
}

/** One quota's record of an attempt that draws on it. */
export interface Drawn {
  /** Moment at which the permit was taken. */
  readonly takenAt: number;
  /** Sequence number of the attempt within its quota. */
  readonly number: number;
  /** Whether the quota admitted it; false if an update added it: it then counts, but teaches nothing. */
  readonly admitted: boolean;
  /** What it was charged; absent if it costs one request and nothing else. */
  readonly charge: Charge | undefined;
}

/** A quota closed, or its closing was extended. */
export interface Closing {
  readonly quota: string;
  /** Moment of reopening. */
  readonly until: number;
  /** False if it was already closed for about as long: each closing is reported once. */
  readonly isNews: boolean;
}

/** The gate as seen by its permits. */
export interface Admitter {
  readonly key: string;
  readonly base: string;
  /** The server's name for the quota, if it is a bucket of the server. */
  readonly bucket: string | undefined;
  readonly budget: RetryBudget;
  readonly retired: boolean;
  together<T>(tell: () => T, now?: number): T;
  answered(drawn: Drawn, at: number): void;
  ended(drawn: Drawn, now: number): void;
  refunded(drawn: Drawn): void;
  joined(takenAt: number, ask: Priced, answered: boolean): Drawn;
  /** Whether it reads the amounts spent from outcomes. */
  readonly readsSpent: boolean;
  /** Amounts of this quota that an outcome says were spent. */
  read(outcome: Outcome): Amounts | undefined;
  /**
   * Corrects a charge to the amounts spent; `countedAt` and `endedAt`: moments of answer and end, if past.
   */
  spent(drawn: Drawn, ask: Priced, amounts: Amounts, countedAt?: number, endedAt?: number): void;
  unread(): void;
  /** The body of a refusal that would close it until `until` is being read; 0: one such body was read. */
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
  /** An attempt was refused for another of its quotas. */
  spared(): void;
  /** Whether one of its windows counts this unit. */
  counts(unit: string): boolean;
  /** A request to this URL was refused: closes the whole host if that concerns all its quotas. */
  spread(url: URL): void;
  spendRetry(share: number): boolean;
  reopensIn(now: number): number;
  probeIn(now: number): number | undefined;
}

/** The quota or unit that a refusal or header is about, in the server's own terms. */
export interface Meant {
  readonly quota?: string | undefined;
  readonly unit?: string | undefined;
}
