import type { FailureReason } from './causes.ts';
import type { Verdict } from './types.ts';

/** One attempt, as it was on the wire. */
export interface AttemptRecord {
  /** Moment at which the request was sent; Unix ms on the gate's monotonic clock. */
  readonly startedAt: number;
  /** ms between asking for a permit and sending. */
  readonly waitedMs: number;
  /** ms from sending to the end of the response, or to the fault. */
  readonly durationMs: number;
  /** Absent when no response arrived. */
  readonly status?: number | undefined;
  /** The API's error code, or the fault's. */
  readonly code?: string | undefined;
  /** The server's ID for this attempt. */
  readonly correlationId?: string | undefined;
  /** ms decided to wait before the next attempt; absent when none followed. */
  readonly delayMs?: number | undefined;
}

/** The record of one call: the `headgate` property of its error. */
export interface CallReport {
  /** The call's ID, the same on all of its events. */
  readonly call: string;
  /** Method of the last request, in upper case. */
  readonly method: string;
  /** URL of the last request, without user name, password, fragment, or the value of anything that may be secret. */
  readonly url: string;
  /** Key of the quota that the last attempt drew on, or waited for; empty when the call ended before it met one. */
  readonly quota: string;
  /** The last correlation ID that the server gave: what a support desk asks for. */
  readonly correlationId?: string | undefined;
  /** Verdict on the last attempt; absent when none was made. */
  readonly verdict?: Verdict | undefined;
  /** Why the call failed; absent when it succeeded. */
  readonly reason?: FailureReason | undefined;
  /** What to do about it. */
  readonly hint?: string | undefined;
  /** Every attempt in order; of more than 100, the first and the last 99. */
  readonly attempts: readonly AttemptRecord[];
}
