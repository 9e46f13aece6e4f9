import type { LearnedCause } from '../gate/adaptive/adaptive.ts';
import type { FailureReason, RetryReason } from '../policy/decide.ts';
import type { Verdict } from '../types.ts';

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

/** What the events of a call have in common. */
export interface CallEvent {
  /** Moment; Unix ms on the gate's monotonic clock. */
  readonly at: number;
  /** The gate's `name`. */
  readonly gate: string;
  /** ID of the call, the same on every attempt and event. */
  readonly call: string;
  /** Number of the attempt, from 1; 0 when none was made. */
  readonly attempt: number;
  /** Key of the quota that the attempt draws on. */
  readonly quota: string;
  readonly method: string;
  /** Without user name, password, fragment, and the values of parameters whose names tell of a secret. */
  readonly url: string;
  readonly correlationId?: string | undefined;
}

/** The attempt waits: for a pause, a window, or its turn. */
export interface QueuedEvent extends CallEvent {
  /** Least wait to be expected, in ms; 0 where it depends on attempts in flight. */
  readonly waitMs: number;
}

/** The attempt is about to be sent. */
export interface AttemptEvent extends CallEvent {
  /** How long it waited for its permit, in ms. */
  readonly waitedMs: number;
}

/** The attempt failed and will be made again. */
export interface RetryEvent extends CallEvent {
  readonly verdict: Verdict;
  /** ms until it will be, as far as is known now. */
  readonly delayMs: number;
  /** What is waited for: the quota, the end of a fault, a fresh token. */
  readonly reason: RetryReason;
  readonly status?: number | undefined;
  readonly code?: string | undefined;
  readonly hint?: string | undefined;
}

/** The call ended well. */
export interface SuccessEvent extends CallEvent {
  readonly status?: number | undefined;
  readonly attempts: readonly AttemptRecord[];
}

/** The call failed for good. */
export interface FailureEvent extends CallEvent {
  readonly verdict?: Verdict | undefined;
  readonly reason: FailureReason;
  readonly status?: number | undefined;
  readonly code?: string | undefined;
  readonly hint?: string | undefined;
  readonly attempts: readonly AttemptRecord[];
}

/**
 * Why a quota closed: the server named the wait in a header or in its message, or named none, or another process
 * was told so.
 */
export type PauseCause = 'header' | 'message' | 'backoff' | 'peer';

/** The quota is closed: none of its attempts is sent until it reopens. */
export interface PauseEvent {
  readonly at: number;
  readonly gate: string;
  readonly quota: string;
  /** Moment of reopening, on the scale of `at`. */
  readonly untilMs: number;
  readonly cause: PauseCause;
  /** The attempt that was throttled; absent where it was another process's, or where the server said that nothing is left. */
  readonly call?: string;
  readonly attempt?: number;
  readonly method?: string;
  readonly url?: string;
  readonly correlationId?: string | undefined;
}

/** The quota is open again. */
export interface ResumeEvent {
  readonly at: number;
  readonly gate: string;
  readonly quota: string;
  /** The moment that the pause was to last until. */
  readonly untilMs: number;
  readonly cause: PauseCause;
}

/** A limit that nobody declared was found, or has changed. */
export interface LearnedEvent {
  readonly at: number;
  readonly gate: string;
  readonly quota: string;
  readonly limit: number;
  /** ms; 0 for a limit of attempts in flight. */
  readonly perMs: number;
  readonly cause: LearnedCause;
}

/** The ledger is out of reach, or back. */
export interface LedgerEvent {
  readonly at: number;
  readonly gate: string;
  readonly state: 'degraded' | 'restored';
  readonly message: string;
}

/** Something to know; once per cause. */
export interface WarningEvent {
  readonly at: number;
  readonly gate: string;
  /** Stable, e.g. `deprecated-endpoint`. */
  readonly code: string;
  readonly message: string;
  readonly quota?: string | undefined;
}

/** Every event by its name. */
export interface GateEvents {
  queued: QueuedEvent;
  attempt: AttemptEvent;
  retry: RetryEvent;
  success: SuccessEvent;
  failure: FailureEvent;
  pause: PauseEvent;
  resume: ResumeEvent;
  learned: LearnedEvent;
  ledger: LedgerEvent;
  warning: WarningEvent;
}

/** The name of an event. */
export type EventName = keyof GateEvents;

/** An event with its name, as `gate.events()` and the diagnostics channels give it. */
export type AnyEvent = { [Name in EventName]: { readonly type: Name } & GateEvents[Name] }[EventName];
