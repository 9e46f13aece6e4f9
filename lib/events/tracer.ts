import type { FailureReason } from '../words/causes.ts';
import type { Verdict } from '../words/types.ts';
import type { AttemptEvent, CallBeginEvent } from './types.ts';

/** How a call ended. */
export interface CallEnd {
  /** Moment; Unix ms on the gate's monotonic clock. */
  readonly at: number;
  /** Key of the quota that the last attempt used or waited for. */
  readonly quota: string;
  /** Number of attempts made. */
  readonly attempts: number;
  /** Status of the last response; absent when none arrived. */
  readonly status?: number | undefined;
  /** Last ID that the server gave. */
  readonly correlationId?: string | undefined;
  /** Why the call failed; absent when it succeeded. */
  readonly reason?: FailureReason | undefined;
  /** Verdict on the last attempt; absent when none was made, and when the call succeeded. */
  readonly verdict?: Verdict | undefined;
  /** Code of Headgate's error, the API's error or the fault; absent when the call succeeded. */
  readonly code?: string | undefined;
  /** Advice in one or two sentences; absent when the call succeeded. */
  readonly hint?: string | undefined;
}

/** How an attempt ended. */
export interface AttemptEnd {
  /** Moment; Unix ms on the gate's monotonic clock. */
  readonly at: number;
  /** ms from sending to the end of the response or to the fault; for `gate.fetch()`, to the head of the response. */
  readonly durationMs: number;
  /** Verdict on the attempt. */
  readonly verdict: Verdict;
  /** Status of the response; absent when none arrived. */
  readonly status?: number | undefined;
  /** HTTP version of the response, e.g. `1.1` or `2`; absent when the client does not report it. */
  readonly protocol?: string | undefined;
  /** The API's error code, or the fault's. */
  readonly code?: string | undefined;
  /** ID that the server gave the attempt. */
  readonly correlationId?: string | undefined;
  /** What ended the whole call while the attempt was in flight. */
  readonly reason?: FailureReason | undefined;
}

/** The head of a response. */
export interface Head {
  /** Status of the response. */
  readonly status: number;
  /** ID that the server gave the attempt, if the head has it. */
  readonly correlationId?: string | undefined;
}

/** What a {@link Tracer} does about one call or attempt. */
export interface Trace<End> {
  /** Headers to send with the attempt, e.g. `traceparent`. Read after `run` called `begin`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /**
   * Runs the start of the call, or the sending of the attempt, in the context that everything after it should inherit.
   * Must call `begin` once, synchronously, and return its result.
   */
  run?<T>(begin: () => T): T;
  /** The head of the attempt's response arrived. */
  answered?(head: Head): void;
  /** The call or attempt ended; called once. */
  end?(end: End): void;
}

/**
 * Follows the calls of a gate and their attempts. An attempt begins in the context that `run` gave its call. An error
 * thrown by a tracer becomes a process warning and does not affect the call.
 */
export interface Tracer {
  /** A call begins, before it waits. */
  call?(call: CallBeginEvent): Trace<CallEnd> | undefined;
  /** An attempt is about to be sent. */
  attempt?(attempt: AttemptEvent): Trace<AttemptEnd> | undefined;
}
