/**
 * Why a quota closed: the server named the wait in a header (`header`) or in its message (`message`), it named none
 * (`backoff`), another process was throttled (`peer`), or `gate.pause()` closed it (`manual`).
 */
export type PauseCause = 'header' | 'message' | 'backoff' | 'peer' | 'manual';

/**
 * Why a limit was learned or changed: the server stated it (`header`), refused (`throttled`), answered a test of the limit
 * (`probe`) or showed that it has too much to do (`overload`), or another process learned it (`peer`).
 */
export type LearnedCause = 'header' | 'throttled' | 'probe' | 'overload' | 'peer';

/** How a limit is known: declared, learned from refusals and headers, or told by the header of the last response. */
export type LimitSource = 'declared' | 'learned' | 'header';

/** Why an attempt is sent again. */
export type RetryReason = 'quota' | 'fault' | 'token';

/** Why a call failed; `wait`: longer than `retry.inline`; `outage`: refused by `retry.outage: 'fail'`. */
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
