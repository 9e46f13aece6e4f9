import type { FailureReason, LearnedCause, PauseCause, RetryReason } from '../words/causes.ts';
import type { AttemptRecord } from '../words/report.ts';
import type { Verdict } from '../words/types.ts';

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
  /** HTTP method, in upper case. */
  readonly method: string;
  /** Without user name, password, fragment, and the values of parameters whose names tell of a secret. */
  readonly url: string;
  /** ID that the server gave the last attempt; absent when it gave none, or none was made. */
  readonly correlationId?: string | undefined;
}

/** The call begins: told before anything else of it, and before it waits. */
export interface CallBeginEvent extends CallEvent {
  /** Priority that it asked for, from -10 to 10; 0 by default. */
  readonly priority: number;
  /** Its deadline, in ms from now; `Infinity` for none. */
  readonly deadlineMs: number;
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
  /** Verdict on the attempt that failed. */
  readonly verdict: Verdict;
  /** ms until it will be, as far as is known now. */
  readonly delayMs: number;
  /** What is waited for: the quota, the end of a fault, a fresh token. */
  readonly reason: RetryReason;
  /** Its status; absent when no response arrived. */
  readonly status?: number | undefined;
  /** The API's error code, or the fault's. */
  readonly code?: string | undefined;
  /** What to do about it, should it go on. */
  readonly hint?: string | undefined;
}

/** The call ended well. */
export interface SuccessEvent extends CallEvent {
  /** Status of the response. */
  readonly status?: number | undefined;
  /** Every attempt in order; of more than 100, the first and the last 99. */
  readonly attempts: readonly AttemptRecord[];
}

/** The call failed for good. */
export interface FailureEvent extends CallEvent {
  /** Verdict on the last attempt; absent when none was made. */
  readonly verdict?: Verdict | undefined;
  /** Why the call was given up. */
  readonly reason: FailureReason;
  /** Status of the last response; absent when none arrived. */
  readonly status?: number | undefined;
  /** Code of our error, of the API's, or of the fault, e.g. `ERR_HEADGATE_DEADLINE`, `ECONNRESET`. */
  readonly code?: string | undefined;
  /** What to do about it, in one or two sentences. */
  readonly hint?: string | undefined;
  /** Every attempt in order; of more than 100, the first and the last 99. */
  readonly attempts: readonly AttemptRecord[];
}

/** The quota is closed: none of its attempts is sent until it reopens. */
export interface PauseEvent {
  /** Moment; Unix ms on the gate's monotonic clock. */
  readonly at: number;
  /** The gate's `name`. */
  readonly gate: string;
  /** Key of the quota. */
  readonly quota: string;
  /** Moment of reopening; Unix ms, on the scale of `at`. */
  readonly until: number;
  /** @deprecated The same as {@link until}: a moment, not a duration. */
  readonly untilMs: number;
  /** How the wait became known. */
  readonly cause: PauseCause;
  /** The attempt that was throttled; absent where it was another process's, or where the server said that nothing is left. */
  readonly call?: string;
  /** Number of that attempt, from 1. */
  readonly attempt?: number;
  /** Its method, in upper case. */
  readonly method?: string;
  /** Its URL, without secrets. */
  readonly url?: string;
  /** ID that the server gave it. */
  readonly correlationId?: string | undefined;
}

/** The quota is open again. */
export interface ResumeEvent {
  /** Moment; Unix ms on the gate's monotonic clock. */
  readonly at: number;
  /** The gate's `name`. */
  readonly gate: string;
  /** Key of the quota. */
  readonly quota: string;
  /** Moment at which the pause was to end; Unix ms, on the scale of `at`. */
  readonly until: number;
  /** @deprecated The same as {@link until}: a moment, not a duration. */
  readonly untilMs: number;
  /** How the wait had become known. */
  readonly cause: PauseCause;
}

/** A limit that nobody declared was found, or has changed. */
export interface LearnedEvent {
  /** Moment; Unix ms on the gate's monotonic clock. */
  readonly at: number;
  /** The gate's `name`. */
  readonly gate: string;
  /** Key of the quota. */
  readonly quota: string;
  /** Maximum number of attempts in any `perMs`, or in flight at once. */
  readonly limit: number;
  /** ms; 0 for a limit of attempts in flight. */
  readonly perMs: number;
  /** What it was learned from. */
  readonly cause: LearnedCause;
}

/** The ledger is out of reach, or back. */
export interface LedgerEvent {
  /** Moment; Unix ms on the gate's monotonic clock. */
  readonly at: number;
  /** The gate's `name`. */
  readonly gate: string;
  /** `degraded`: the gate goes on by itself, within its share; `restored`: the ledger answers again. */
  readonly state: 'degraded' | 'restored';
  /** What happened, and what to do. */
  readonly message: string;
}

/** Something to know; once per cause. */
export interface WarningEvent {
  /** Moment; Unix ms on the gate's monotonic clock. */
  readonly at: number;
  /** The gate's `name`. */
  readonly gate: string;
  /** Stable, e.g. `deprecated-endpoint`. */
  readonly code: string;
  /** What to know, and what to do. */
  readonly message: string;
  /** Key of the quota, where it is about one. */
  readonly quota?: string | undefined;
}

/** A gate that closes with `drain`. */
export interface CloseEvent {
  /** Moment; Unix ms on the gate's monotonic clock. */
  readonly at: number;
  /** The gate's `name`. */
  readonly gate: string;
  /** `draining`: no call may begin, those that have begun go on; `closed`: what is left of them is rejected. */
  readonly state: 'draining' | 'closed';
  /** Number of calls that have begun and not ended. */
  readonly open: number;
}

/** Every event by its name. */
export interface GateEvents {
  /** A call begins. */
  call: CallBeginEvent;
  /** An attempt has to wait. */
  queued: QueuedEvent;
  /** An attempt is about to be sent. */
  attempt: AttemptEvent;
  /** An attempt failed and will be made again. */
  retry: RetryEvent;
  /** A call ended well. */
  success: SuccessEvent;
  /** A call failed for good. */
  failure: FailureEvent;
  /** A quota closed until a moment. */
  pause: PauseEvent;
  /** A quota is open again. */
  resume: ResumeEvent;
  /** A limit was learned, or changed. */
  learned: LearnedEvent;
  /** The ledger is out of reach, or back. */
  ledger: LedgerEvent;
  /** Something to know, once per cause. */
  warning: WarningEvent;
  /** The gate was closed. */
  close: CloseEvent;
}

/** The name of an event. */
export type EventName = keyof GateEvents;

/** An event with its name, as `gate.events()` and the diagnostics channels give it. */
export type AnyEvent = { [Name in EventName]: { readonly type: Name } & GateEvents[Name] }[EventName];
