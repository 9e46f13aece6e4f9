import type { Costs } from '../words/types.ts';
import type { Policy } from './policy.ts';

/** The options of one call, checked. */
export interface CallSettings {
  readonly policy: Policy;
  readonly priority: number;
  /** Whether resending is safe, if the user says so. */
  readonly idempotent: boolean | undefined;
  /** Name of the quota to use instead of the one that matches the request. */
  readonly quota: string | undefined;
  /** What the call costs, by unit, if the user says so. */
  readonly cost?: Costs | undefined;
  /** Whose call it is, if the user says so. */
  readonly flow?: string | undefined;
  /**
   * True if the call may go to any host, e.g. when all requests of a process are gated: a token then goes only to hosts
   * that the profile authorizes.
   */
  readonly anyOrigin: boolean;
}

/** The settings of a call without options of its own. */
export function callSettings(policy: Policy): CallSettings {
  return { policy, priority: 0, idempotent: undefined, quota: undefined, anyOrigin: false };
}
