import type { Classification, Profile, RequestFacts } from '../index.ts';
import { type Decision, decide, mayRepeat } from '../policy/decide.ts';
import type { Policy } from '../policy/policy.ts';
import { duration } from '../report/text.ts';

/** What a gate would do after an answer, and after the same answer again. */
export interface Plan {
  /** Whether the request is sent again. */
  readonly resend: boolean;
  /** Why it is (`quota`, `fault`, `token`), or why not (`terminal`, `attempts`, `deadline`, `wait`); absent after a success. */
  readonly reason: string | null;
  /** The attempts to come. A throttled call has one here: it goes on until its deadline. */
  readonly attempts: readonly {
    readonly attempt: number;
    readonly afterMs: { readonly min: number; readonly max: number };
  }[];
  /** The plan in sentences. */
  readonly sentences: readonly string[];
}

/** Largest random number. */
const NEARLY_ONE = 1 - Number.EPSILON;

/** The plan for a request that was answered like this, and is answered like this again. */
export function planOf(
  classification: Classification,
  request: RequestFacts,
  policy: Policy,
  profile: Profile,
): Plan {
  const { verdict, retryAfterMs } = classification;
  if (verdict === 'success')
    return { resend: false, reason: null, attempts: [], sentences: ['Nothing is left to do.'] };
  const decided = (transients: number, previousDelayMs: number | undefined, random: number): Decision =>
    decide({
      classification,
      policy,
      transients,
      previousDelayMs,
      safe: mayRepeat(request, policy, profile),
      replayable: true,
      refreshable: true,
      reopensInMs: retryAfterMs ?? 0,
      remainingMs: policy.deadlineMs,
      withdraw: () => true,
      random: () => random,
    });
  const first = decided(1, undefined, 0);
  if (!first.resend)
    return { resend: false, reason: first.reason, attempts: [], sentences: [refusal(first, policy)] };
  if (verdict === 'unauthorized')
    return {
      resend: true,
      reason: 'token',
      attempts: [{ attempt: 2, afterMs: { min: 0, max: 0 } }],
      sentences: [
        "With the option 'auth', the token is refreshed once and the request sent again; without it, the call fails.",
      ],
    };
  if (verdict === 'throttled') return throttledPlan(retryAfterMs, policy);

  const attempts: { attempt: number; afterMs: { min: number; max: number } }[] = [];
  let [min, max]: [Decision, Decision] = [first, decided(1, undefined, NEARLY_ONE)];
  for (let made = 1; min.resend && made < policy.attempts && made < 100; made += 1) {
    const longest = max.resend ? max.delayMs : policy.deadlineMs;
    attempts.push({ attempt: made + 1, afterMs: { min: Math.round(min.delayMs), max: Math.round(longest) } });
    const own = retryAfterMs ?? 0;
    [min, max] = [decided(made + 1, min.delayMs - own, 0), decided(made + 1, longest - own, NEARLY_ONE)];
  }
  const waits = attempts.map(({ afterMs }) => range(afterMs.min, afterMs.max));
  return {
    resend: true,
    reason: 'fault',
    attempts,
    sentences: [
      `The request is sent again up to ${times(attempts.length)}: after ${waits.join(', then ')}.`,
      `All of it ends within the deadline of ${deadlineOf(policy)}` +
        (policy.budget === Infinity
          ? '.'
          : `, and retries are at most ${Math.round(policy.budget * 1000) / 10} % of the quota's first attempts.`),
    ],
  };
}

function throttledPlan(retryAfterMs: number | undefined, policy: Policy): Plan {
  const { baseMs, maxMs } = policy.backoff;
  const afterMs =
    retryAfterMs === undefined
      ? { min: 0, max: Math.round(maxMs) }
      : { min: Math.round(retryAfterMs), max: Math.round(1.1 * retryAfterMs) };
  const when =
    retryAfterMs === undefined
      ? `No wait is named: the quota closes for about ${duration(baseMs)}, longer each time it is refused again, until the gate has learned its limit.`
      : `The quota closes for ${duration(retryAfterMs)}: no attempt of it is sent before.`;
  return {
    resend: true,
    reason: 'quota',
    attempts: [{ attempt: 2, afterMs }],
    sentences: [
      when,
      'Then the waiting attempts go first, in order, paced; the request is sent again whatever its method, as it was not processed.',
      `It goes on like this until the deadline of ${deadlineOf(policy)}; attempts that were throttled are not counted.`,
    ],
  };
}

function refusal(decision: Extract<Decision, { resend: false }>, policy: Policy): string {
  if (decision.hint !== undefined) return decision.hint;
  if (decision.reason === 'deadline')
    return `The call fails at once: the wait of ${duration(decision.waitMs ?? 0)} exceeds its deadline of ${deadlineOf(policy)}.`;
  if (decision.reason === 'wait')
    return `The call fails at once with a WaitError: the wait of ${duration(decision.waitMs ?? 0)} is longer than retry.inline allows.`;
  if (decision.reason === 'attempts') return 'It is not sent again: the policy allows one attempt.';
  return 'It is not sent again: no retry would cure it.';
}

function deadlineOf({ deadlineMs }: Policy): string {
  return deadlineMs === Infinity ? 'no length' : duration(deadlineMs);
}

function range(min: number, max: number): string {
  return duration(min) === duration(max) ? duration(min) : `${duration(min)} to ${duration(max)}`;
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}
