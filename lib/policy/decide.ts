import type { FailureReason, RetryReason } from '../words/causes.ts';
import type { Classification, Profile, RequestFacts, Verdict } from '../words/types.ts';
import { backoffMs, type Random } from './backoff.ts';
import type { Policy } from './policy.ts';

/** What to do with a call after one attempt. */
export type Decision =
  | { readonly resend: true; readonly reason: RetryReason; readonly delayMs: number }
  | {
      readonly resend: false;
      readonly reason: FailureReason;
      /** With `deadline`, `wait` and `outage`: the wait that was needed, in ms. */
      readonly waitMs?: number;
      /** Why a curable failure is not resent. */
      readonly hint?: string;
    };

/** Neither a success nor a lasting failure is resent. */
export const FINAL: Decision = { resend: false, reason: 'terminal' };

/** Facts that a decision depends on. */
export interface Situation {
  readonly classification: Classification;
  readonly policy: Policy;
  /** Number of attempts with a transient verdict, this one included. */
  readonly transients: number;
  /** Whether the attempts that an override allows for this verdict are used up. */
  readonly spent?: boolean | undefined;
  /** Wait before the last resend after a transient verdict, in ms. */
  readonly previousDelayMs: number | undefined;
  /** Whether resending is safe: by an idempotent method, an Idempotency-Key, the user's mark or the API's documentation. */
  readonly safe: boolean;
  /** Whether the request's body can be sent again. */
  readonly replayable: boolean;
  /** Whether a fresh token is available: `auth` is set and this call has not refreshed one yet. */
  readonly refreshable: boolean;
  /** ms until the quota admits again; 0 if it is open. */
  readonly reopensInMs: number;
  /** ms until the call's deadline. */
  readonly remainingMs: number;
  /** ms until the next probe of a server that is down; absent while it is up, or if the call waits for its return. */
  readonly probeInMs?: number | undefined;
  /** Takes one retry from the quota's budget, if one is left; called last, and only for a transient verdict. */
  readonly spendRetry: () => boolean;
  readonly random: Random;
}

const UNREPLAYABLE =
  'The body is a stream and cannot be sent again. Pass a string, Buffer or JSON to allow retries.';
const UNSAFE =
  'The server may have processed the request, so it was not resent. Mark the call idempotent if resending is safe.';

/** Whether the request, the policy or the API makes resending safe. */
export function mayRepeat(request: RequestFacts, policy: Policy, profile: Profile): boolean {
  return (
    policy.methods.has(request.method) ||
    request.headers?.['idempotency-key'] !== undefined ||
    profile.resendable?.(request) === true
  );
}

/** The retry rules: pure, and the same for every client. */
export function decide(s: Situation): Decision {
  const { verdict } = s.classification;
  const curable: Record<Verdict, boolean> = {
    success: false,
    terminal: false,
    throttled: true,
    transient: true,
    unauthorized: s.refreshable,
  };
  if (!curable[verdict]) return FINAL;
  if (s.spent) return { resend: false, reason: 'attempts' };
  if (verdict !== 'unauthorized' && s.policy.attempts === 1) return { resend: false, reason: 'attempts' };
  if (!s.replayable) return { resend: false, reason: 'terminal', hint: UNREPLAYABLE };
  if (verdict === 'unauthorized') return { resend: true, reason: 'token', delayMs: 0 };
  if (verdict === 'throttled') return ifInTime(s, 'quota', s.reopensInMs);

  if (!s.safe && !s.classification.unprocessed) return { resend: false, reason: 'terminal', hint: UNSAFE };
  if (s.transients >= s.policy.attempts) return { resend: false, reason: 'attempts' };
  if (s.probeInMs !== undefined) return { resend: false, reason: 'outage', waitMs: s.probeInMs };
  const own = backoffMs(s.policy.backoff, s.transients, s.previousDelayMs, s.random);
  const decision = ifInTime(s, 'fault', (s.classification.retryAfterMs ?? 0) + own);
  if (decision.resend && !s.spendRetry()) return { resend: false, reason: 'budget' };
  return decision;
}

/** Resends only if the wait is within `retry.inline` and ends before the deadline. */
function ifInTime(s: Situation, reason: RetryReason, delayMs: number): Decision {
  if (delayMs > (s.policy.inlineMs ?? Infinity)) return { resend: false, reason: 'wait', waitMs: delayMs };
  return delayMs < s.remainingMs
    ? { resend: true, reason, delayMs }
    : { resend: false, reason: 'deadline', waitMs: delayMs };
}

/** Replaces a decision to resend when the client then sends nothing, e.g. because the body is gone. */
export function unsent(replayable: boolean): Decision {
  return replayable
    ? { resend: false, reason: 'attempts' }
    : { resend: false, reason: 'terminal', hint: UNREPLAYABLE };
}
