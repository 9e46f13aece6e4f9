/**
 * Why a quota closed: the server named the wait in a header (`header`) or in its message (`message`), it named none
 * (`backoff`), or another process was throttled (`peer`).
 */
export type PauseCause = 'header' | 'message' | 'backoff' | 'peer';

/** Why a limit was learned or changed. */
export type LearnedCause = 'header' | 'throttled' | 'probe' | 'overload';

/** Why an attempt is sent again. */
export type RetryReason = 'quota' | 'fault' | 'token';

/** Why a call failed. */
export type FailureReason =
  | 'terminal'
  | 'attempts'
  | 'deadline'
  | 'budget'
  | 'queue-full'
  | 'aborted'
  | 'closed';
