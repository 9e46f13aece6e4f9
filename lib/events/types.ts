import type { FailureReason, LearnedCause, LimitSource, PauseCause, RetryReason } from '../words/causes.ts';
import type { AttemptRecord } from '../words/report.ts';
import type { Verdict } from '../words/types.ts';

/** Fields common to all events of a call. */
export interface CallEvent {
  /** Moment; Unix ms on the gate's monotonic clock. */
  readonly at: number;
  /** The gate's `name`. */
  readonly gate: string;
  /** ID of the call, the same on every attempt and event. */
  readonly call: string;
  /** Number of the attempt, from 1; 0 when none was made. */
  readonly attempt: number;
  /** Key of the quota that the attempt uses. */
  readonly quota: string;
  /** HTTP method, in upper case. */
  readonly method: string;
  /** URL of the request, without user name, password, fragment and values that may be secret. */
  readonly url: string;
  /** ID the server gave the last attempt; absent when it gave none or no attempt was made. */
  readonly correlationId?: string | undefined;
}

/** The call begins: its first event, emitted before it waits. */
export interface CallBeginEvent extends CallEvent {
  /** Priority of the call, from -10 to 10; 0 by default. */
  readonly priority: number;
  /** Deadline of the call, in ms from now; `Infinity` for none. */
  readonly deadlineMs: number;
}

/** The attempt waits for the end of a pause, for a window, or for its turn. */
export interface QueuedEvent extends CallEvent {
  /** Minimum expected wait, in ms; 0 if it depends on attempts in flight. */
  readonly waitMs: number;
}

/** The attempt is about to be sent. */
export interface AttemptEvent extends CallEvent {
  /** Time the attempt waited for its permit, in ms. */
  readonly waitedMs: number;
  /** Host name or address that the request names, without brackets. */
  readonly address: string;
  /** Port that the request names, or its scheme's. */
  readonly port: number;
  /** Number of requests that the call has already sent, for any cause: retry, redirect or refused token. */
  readonly resends: number;
}

/** The attempt failed and will be resent. */
export interface RetryEvent extends CallEvent {
  /** Verdict on the failed attempt. */
  readonly verdict: Verdict;
  /** Expected delay before the resend, in ms. */
  readonly delayMs: number;
  /** What the resend waits for: the quota, the end of a fault, or a fresh token. */
  readonly reason: RetryReason;
  /** Status of the failed attempt; absent when no response arrived. */
  readonly status?: number | undefined;
  /** The API's error code, or the fault's. */
  readonly code?: string | undefined;
  /** Advice, should the failure persist. */
  readonly hint?: string | undefined;
}

/** The call succeeded. */
export interface SuccessEvent extends CallEvent {
  /** Status of the response. */
  readonly status?: number | undefined;
  /** All attempts in order; if more than 100, only the first and the last 99. */
  readonly attempts: readonly AttemptRecord[];
}

/** The call failed for good. */
export interface FailureEvent extends CallEvent {
  /** Verdict on the last attempt; absent when none was made. */
  readonly verdict?: Verdict | undefined;
  /** Why the call failed. */
  readonly reason: FailureReason;
  /** Status of the last response; absent when none arrived. */
  readonly status?: number | undefined;
  /** Code of Headgate's error, the API's error or the fault, e.g. `ERR_HEADGATE_DEADLINE`, `ECONNRESET`. */
  readonly code?: string | undefined;
  /** Advice in one or two sentences. */
  readonly hint?: string | undefined;
  /** All attempts in order; if more than 100, only the first and the last 99. */
  readonly attempts: readonly AttemptRecord[];
}

/** The quota closed: no attempt is sent until it reopens. */
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
  /** Call of the throttled attempt; absent if another process was throttled, or if a header said that nothing remains. */
  readonly call?: string;
  /** Number of the throttled attempt, from 1. */
  readonly attempt?: number;
  /** Method of that attempt, in upper case. */
  readonly method?: string;
  /** URL of that attempt, without secrets. */
  readonly url?: string;
  /** ID the server gave that attempt. */
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
  /** Planned end of the pause; Unix ms, on the scale of `at`. */
  readonly until: number;
  /** @deprecated The same as {@link until}: a moment, not a duration. */
  readonly untilMs: number;
  /** How the wait had become known. */
  readonly cause: PauseCause;
}

/** The gate learned an undeclared limit, or a learned limit changed. */
export interface LearnedEvent {
  /** Moment; Unix ms on the gate's monotonic clock. */
  readonly at: number;
  /** The gate's `name`. */
  readonly gate: string;
  /** Key of the quota. */
  readonly quota: string;
  /** `window`: at most `limit` attempts in any `perMs`; `in-flight`: at most `limit` attempts at once. */
  readonly kind: 'window' | 'in-flight';
  /** Maximum number of attempts, per window or at once. */
  readonly limit: number;
  /** Length of the window in ms; 0 if `kind` is `in-flight`. */
  readonly perMs: number;
  /** Evidence for the limit. */
  readonly cause: LearnedCause;
}

/** A window's use passed the share of its limit that the quota's `near` names; emitted once per window. */
export interface NearEvent {
  /** Moment; Unix ms on the gate's monotonic clock. */
  readonly at: number;
  /** The gate's `name`. */
  readonly gate: string;
  /** Key of the quota. */
  readonly quota: string;
  /** Unit that the window counts: `requests`, `tokens`, … */
  readonly unit: string;
  /** Maximum of the unit in the window. */
  readonly limit: number;
  /** Amount used, including attempts in flight. */
  readonly used: number;
  /** Amount used, as a share of the limit. */
  readonly share: number;
  /** How the limit is known. */
  readonly source: LimitSource;
  /** Length of the window in ms; absent if no header states it. */
  readonly perMs?: number | undefined;
  /** Moment at which the window resets, if a header states it; Unix ms, on the scale of `at`. */
  readonly until?: number | undefined;
}

/** The ledger became unreachable, or reachable again. */
export interface LedgerEvent {
  /** Moment; Unix ms on the gate's monotonic clock. */
  readonly at: number;
  /** The gate's `name`. */
  readonly gate: string;
  /** `degraded`: the gate continues alone, within its share; `restored`: the ledger answers again. */
  readonly state: 'degraded' | 'restored';
  /** The event, and what to do about it. */
  readonly message: string;
}

/** A warning; emitted once per cause. */
export interface WarningEvent {
  /** Moment; Unix ms on the gate's monotonic clock. */
  readonly at: number;
  /** The gate's `name`. */
  readonly gate: string;
  /** Stable, e.g. `deprecated-endpoint`. */
  readonly code: string;
  /** The fact, and what to do about it. */
  readonly message: string;
  /** Key of the quota it concerns, if any. */
  readonly quota?: string | undefined;
}

/** The gate's policy file changed. */
export interface PolicyEvent {
  /** Moment; Unix ms on the gate's monotonic clock. */
  readonly at: number;
  /** The gate's `name`. */
  readonly gate: string;
  /** `applied`: calls that begin from now on follow it; `refused`: the old policy remains in force. */
  readonly state: 'applied' | 'refused';
  /** Where the policy comes from, e.g. the path of its file. */
  readonly source: string;
  /** Why it was refused; absent if it was applied. */
  readonly reason?: string | undefined;
}

/** The gate is closing with `drain`. */
export interface CloseEvent {
  /** Moment; Unix ms on the gate's monotonic clock. */
  readonly at: number;
  /** The gate's `name`. */
  readonly gate: string;
  /** `draining`: open calls continue, new ones are refused; `closed`: the remaining calls are rejected. */
  readonly state: 'draining' | 'closed';
  /** Number of open calls. */
  readonly open: number;
}

/** Every event by its name. */
export interface GateEvents {
  /** A call begins. */
  call: CallBeginEvent;
  /** An attempt is queued. */
  queued: QueuedEvent;
  /** An attempt is about to be sent. */
  attempt: AttemptEvent;
  /** An attempt failed and will be resent. */
  retry: RetryEvent;
  /** A call succeeded. */
  success: SuccessEvent;
  /** A call failed for good. */
  failure: FailureEvent;
  /** A quota closed. */
  pause: PauseEvent;
  /** A quota is open again. */
  resume: ResumeEvent;
  /** A limit was learned, or a learned limit changed. */
  learned: LearnedEvent;
  /** A window's use passed the share that its quota's `near` names. */
  near: NearEvent;
  /** The ledger became unreachable, or reachable again. */
  ledger: LedgerEvent;
  /** A warning, once per cause. */
  warning: WarningEvent;
  /** The gate is closing with `drain`. */
  close: CloseEvent;
  /** The policy file changed: applied, or refused. */
  policy: PolicyEvent;
}

/** Name of an event. */
export type EventName = keyof GateEvents;

/** An event with its name, as `gate.events()` and the diagnostics channels deliver it. */
export type AnyEvent = { [Name in EventName]: { readonly type: Name } & GateEvents[Name] }[EventName];
