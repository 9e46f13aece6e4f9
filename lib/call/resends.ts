import type { CallSettings } from '../policy/call-settings.ts';
import { type Decision, decide, mayRepeat } from '../policy/decide.ts';
import type { Classification } from '../words/types.ts';
import type { Attempt } from './attempt.ts';
import type { CallContext } from './context.ts';

/** Decides whether to resend an attempt, and counts the call's resends. */
export class Resends {
  readonly #context: CallContext;
  readonly #settings: CallSettings;
  /** Number of attempts with a transient verdict. */
  #transients = 0;
  #previousDelayMs: number | undefined;
  /** True once the token was refreshed, which is allowed once per call. */
  #refreshed = false;

  constructor(context: CallContext, settings: CallSettings) {
    this.#context = context;
    this.#settings = settings;
  }

  decide(
    attempt: Attempt,
    classification: Classification,
    replayable: boolean,
    deadlineAt: number,
  ): Decision {
    const { policy, idempotent } = this.#settings;
    const { clock, profile, tokens, random } = this.#context;
    const { permit } = attempt;
    const now = clock.now();
    if (classification.verdict === 'transient') this.#transients += 1;
    return decide({
      classification,
      policy,
      transients: this.#transients,
      previousDelayMs: this.#previousDelayMs,
      safe: idempotent ?? mayRepeat(attempt.request, policy, profile),
      replayable,
      refreshable: tokens !== undefined && attempt.token !== undefined && attempt.curable && !this.#refreshed,
      reopensInMs: permit.reopensIn(now),
      remainingMs: deadlineAt - now,
      probeInMs: policy.outage === 'fail' ? permit.probeIn(now) : undefined,
      withdraw: () => permit.withdraw(policy.budget),
      random,
    });
  }

  /** Records a resend. */
  took(decision: Decision & { readonly resend: true }): void {
    if (decision.reason === 'token') this.#refreshed = true;
    if (decision.reason === 'fault') this.#previousDelayMs = decision.delayMs;
  }
}
