import type { CallSettings } from '../policy/call-settings.ts';
import { type Decision, decide, mayRepeat } from '../policy/decide.ts';
import type { Classification, Verdict } from '../words/types.ts';
import type { Attempt, Resend } from './attempt.ts';
import type { CallContext } from './context.ts';
import type { Lifetime } from './lifetime.ts';

/** Decides whether to resend an attempt, and counts the call's resends. */
export class Resends {
  readonly #context: CallContext;
  readonly #settings: CallSettings;
  /** Number of attempts by verdict; kept only where overrides count them. */
  readonly #seen: Partial<Record<Verdict, number>> = {};
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
    { replayable, allowed }: Resend,
    lifetime: Lifetime,
  ): Decision {
    if (!allowed) return { resend: false, reason: 'attempts' };
    const { verdict } = classification;
    const policy = this.#settings.after?.[verdict]?.policy ?? this.#settings.policy;
    const { clock, profile, tokens, random } = this.#context;
    const { permit } = attempt;
    const now = clock.now();
    this.#moveDeadline(lifetime, verdict, attempt);
    this.#count(verdict);
    return decide({
      classification,
      policy,
      transients: this.#transients,
      spent: this.#isSpent(verdict),
      previousDelayMs: this.#previousDelayMs,
      safe: this.#settings.idempotent ?? mayRepeat(attempt.request, policy, profile),
      replayable,
      refreshable: tokens !== undefined && attempt.token !== undefined && attempt.curable && !this.#refreshed,
      reopensInMs: permit.reopensIn(now),
      remainingMs: lifetime.deadlineAt - now,
      probeInMs: policy.outage === 'fail' ? permit.probeIn(now) : undefined,
      spendRetry: () => permit.spendRetry(policy.budget),
      random,
    });
  }

  /** Records a resend. */
  took(decision: Decision & { readonly resend: true }): void {
    if (decision.reason === 'token') this.#refreshed = true;
    if (decision.reason === 'fault') this.#previousDelayMs = decision.delayMs;
  }

  /** An override's deadline holds until the next verdict: one without restores the call's own. */
  #moveDeadline(lifetime: Lifetime, verdict: Verdict, { startedAt, waitedMs }: Attempt): void {
    const { after, policy } = this.#settings;
    if (!after || verdict === 'success' || verdict === 'terminal') return;
    lifetime.move(after[verdict]?.deadlineMs ?? policy.deadlineMs, startedAt - waitedMs);
  }

  #count(verdict: Verdict): void {
    if (verdict === 'transient') this.#transients += 1;
    if (this.#settings.after?.[verdict]) this.#seen[verdict] = (this.#seen[verdict] ?? 0) + 1;
  }

  /** Whether the verdict has come as often as its override allows. */
  #isSpent(verdict: Verdict): boolean {
    const attempts = this.#settings.after?.[verdict]?.attempts;
    return attempts !== undefined && (this.#seen[verdict] ?? 0) >= attempts;
  }
}
