import type { Costs, Verdict } from '../words/types.ts';
import type { Policy } from './policy.ts';

/** The options of one call, checked. */
export interface CallSettings {
  readonly policy: Policy;
  readonly priority: number;
  /** Whether resending is safe, if the user says so. */
  readonly idempotent: boolean | undefined;
  /** Name of the quota to use instead of the one that matches the request. */
  readonly quota: string | undefined;
  /** Cost of the call, by unit, if the user gives it. */
  readonly cost?: Costs | undefined;
  /** Flow to which the call belongs, if the user gives it. */
  readonly flow?: string | undefined;
  /**
   * True if the call may go to any host, e.g. when all requests of a process are gated: a token then goes only to hosts
   * that the profile authorizes.
   */
  readonly anyOrigin: boolean;
  /** Overrides that apply after an attempt, by its verdict. */
  readonly after?: Partial<Readonly<Record<Verdict, After>>> | undefined;
}

/** Override that applies after an attempt with a certain verdict. */
export interface After {
  readonly policy: Policy;
  /** Maximum number of attempts with the verdict, if there is one. */
  readonly attempts: number | undefined;
  /** Time from the start of the call to its deadline, if overridden. */
  readonly deadlineMs: number | undefined;
}
