import type { Classification, Profile, RequestFacts } from '../index.ts';
import { type Decision, decide, mayRepeat } from '../policy/decide.ts';
import type { Policy } from '../policy/policy.ts';
import { duration } from '../report/text.ts';

/** What a gate would do after an answer, if every further attempt got the same answer. */
export interface Plan {
  /** Whether the request is sent again. */
  readonly resend: boolean;
  /** Why it is (`quota`, `fault`, `token`), or why not (`terminal`, `attempts`, `deadline`, `wait`); absent after a success. */
  readonly reason: string | null;
  /** Further attempts. For a throttled call only the next one is listed: it continues until its deadline. */
  readonly attempts: readonly {
    readonly attempt: number;
    readonly afterMs: { readonly min: number; readonly max: number };
  }[];
  /** The plan in sentences. */
  readonly sentences: readonly string[];
}

/** Largest random number. */
const NEARLY_ONE = 1 - Number.EPSILON;

/** The plan for a request that gets the same answer on each attempt. */
export function planOf(
  classification: Classification,
  request: RequestFacts,
  policy: Policy,
  profile: Profile,
): Plan {
  const { verdict, retryAfterMs } = classification;
  if (verdict === 'success')
    return { resend: false, reason: null, attempts: [], sentences: ['Nothing remains to be done.'] };
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
      spendRetry: () => true,
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
      (policy.deadlineMs === Infinity
        ? 'No deadline ends it sooner'
        : `Everything ends within the deadline of ${duration(policy.deadlineMs)}`) +
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
      : `The quota closes for ${duration(retryAfterMs)}: no attempt is sent before then.`;
  return {
    resend: true,
    reason: 'quota',
    attempts: [{ attempt: 2, afterMs }],
    sentences: [
      when,
      'Then waiting attempts are sent first, in order and paced. The request is sent again, whatever its method, because it was not processed.',
      `This continues ${policy.deadlineMs === Infinity ? 'without a deadline' : `until the deadline of ${duration(policy.deadlineMs)}`}; throttled attempts are not counted.`,
    ],
  };
}

function refusal(decision: Extract<Decision, { resend: false }>, policy: Policy): string {
  if (decision.hint !== undefined) return decision.hint;
  if (decision.reason === 'deadline')
    return `The call fails at once: the wait of ${duration(decision.waitMs ?? 0)} exceeds its deadline of ${duration(policy.deadlineMs)}.`;
  if (decision.reason === 'wait')
    return `The call fails at once with a WaitError: the wait of ${duration(decision.waitMs ?? 0)} is longer than retry.inline allows.`;
  if (decision.reason === 'attempts') return 'It is not sent again: the policy allows one attempt.';
  return 'It is not sent again: a retry would not help.';
}

function range(min: number, max: number): string {
  return duration(min) === duration(max) ? duration(min) : `${duration(min)} to ${duration(max)}`;
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}
