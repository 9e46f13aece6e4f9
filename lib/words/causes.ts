/**
 * Why a quota closed: the server named the wait in a header (`header`) or in its message (`message`), it named none
 * (`backoff`), another process was throttled (`peer`), or `gate.pause()` closed it (`manual`).
 */
export type PauseCause = 'header' | 'message' | 'backoff' | 'peer' | 'manual';

/**
 * Why a limit was learned or changed: the server stated it (`header`), refused an attempt (`throttled`), answered a test of the
 * limit (`probe`) or showed that it was overloaded (`overload`), or another process learned it (`peer`).
 */
export type LearnedCause = 'header' | 'throttled' | 'probe' | 'overload' | 'peer';

/** Origin of a limit: declared, learned from refusals and headers, or stated in a header of the last response. */
export type LimitSource = 'declared' | 'learned' | 'header';

/** Why an attempt is sent again. */
export type RetryReason = 'quota' | 'fault' | 'token';

/** Why a call failed. `wait`: the wait would exceed `retry.inline`; `outage`: rejected because of `retry.outage: 'fail'`. */
export type FailureReason =
  | 'terminal'
  | 'attempts'
  | 'deadline'
  | 'budget'
  | 'queue-full'
  | 'wait'
  | 'outage'
  | 'aborted'
  | 'closed';
