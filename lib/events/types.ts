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
  readonly method: string;
  /** Without user name, password, fragment, and the values of parameters whose names tell of a secret. */
  readonly url: string;
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

/** The quota is closed: none of its attempts is sent until it reopens. */
export interface PauseEvent {
  readonly at: number;
  readonly gate: string;
  readonly quota: string;
  /** Moment of reopening; Unix ms, on the scale of `at`. */
  readonly until: number;
  /** @deprecated The same as {@link until}: a moment, not a duration. */
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
  /** Moment at which the pause was to end; Unix ms, on the scale of `at`. */
  readonly until: number;
  /** @deprecated The same as {@link until}: a moment, not a duration. */
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

/** A gate that closes with `drain`. */
export interface CloseEvent {
  readonly at: number;
  readonly gate: string;
  /** `draining`: no call may begin, those that have begun go on; `closed`: what is left of them is rejected. */
  readonly state: 'draining' | 'closed';
  /** Number of calls that have begun and not ended. */
  readonly open: number;
}

/** Every event by its name. */
export interface GateEvents {
  call: CallBeginEvent;
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
  close: CloseEvent;
}

/** The name of an event. */
export type EventName = keyof GateEvents;

/** An event with its name, as `gate.events()` and the diagnostics channels give it. */
export type AnyEvent = { [Name in EventName]: { readonly type: Name } & GateEvents[Name] }[EventName];
