import type { FailureReason } from './causes.ts';
import type { Amounts, Verdict } from './types.ts';

/** One attempt on the wire. */
export interface AttemptRecord {
  /** Moment at which the request was sent; Unix ms on the gate's monotonic clock. */
  readonly startedAt: number;
  /** ms between requesting a permit and sending. */
  readonly waitedMs: number;
  /** ms from sending to the end of the response or to the fault. */
  readonly durationMs: number;
  /** Absent if no response arrived. */
  readonly status?: number | undefined;
  /** The API's error code, or the fault's code. */
  readonly code?: string | undefined;
  /** The server's ID for this attempt. */
  readonly correlationId?: string | undefined;
  /** Chosen wait before the next attempt, in ms; absent if none followed. */
  readonly delayMs?: number | undefined;
}

/** The report of one call: the `headgate` property of its error. */
export interface CallReport {
  /** ID of the call, the same on all its events. */
  readonly call: string;
  /** Method of the last request, in upper case. */
  readonly method: string;
  /** URL of the last request, without user name, password, fragment and values that may be secret. */
  readonly url: string;
  /** Key of the quota that the last attempt used or waited for; empty if the call ended before it reached one. */
  readonly quota: string;
  /** Last correlation ID the server gave: the one a support desk asks for. */
  readonly correlationId?: string | undefined;
  /** Verdict on the last attempt; absent if none was made. */
  readonly verdict?: Verdict | undefined;
  /** Why the call failed; absent if it succeeded. */
  readonly reason?: FailureReason | undefined;
  /** Advice for the failure. */
  readonly hint?: string | undefined;
  /**
   * Reports what the last attempt actually spent, by unit, if only the caller can know. If it was charged too much, the excess is
   * free at once; if too little, the shortfall is charged now. Not enumerable.
   *
   * @example
   * reportOf(response)?.spend({ tokens: body.usage.total_tokens });
   */
  spend(amounts: Amounts): void;
  /** All attempts in order; if there were more than 100, only the first and the last 99. */
  readonly attempts: readonly AttemptRecord[];
}
