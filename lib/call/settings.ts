import type { Policy } from '../policy/policy.ts';

/** What one call asks for itself, checked. */
export interface CallSettings {
  readonly policy: Policy;
  readonly priority: number;
  /** Whether a repetition does no harm, when its user knows. */
  readonly idempotent: boolean | undefined;
  /** Name of the quota to draw on, in place of the one that the request tells. */
  readonly quota: string | undefined;
  /**
   * The call may be to any host at all, as where every request of a process is gated: a token goes only where the
   * profile says that it may.
   */
  readonly anyOrigin: boolean;
}
