import { expect } from 'chai';
import { readOptions } from '../../lib/options/read.ts';
import { type Decision, decide, mayRepeat } from '../../lib/policy/decide.ts';
import { generic } from '../../lib/profiles/generic.ts';
import { type Answer, LAWS, type Law } from './retry-law.ts';

/** What a call with a gate to itself does by its decisions alone. */
function plan({ request = {}, retry = {}, auth = false, answers }: Law) {
  const { policy } = readOptions({ retry });
  const { method = 'GET', headers, idempotent, stream = false, resendable = false } = request;
  const profile = { ...generic(), resendable: () => resendable };
  const facts = { method, url: new URL('https://api.example/x'), headers };
  const sent = [0];
  let [now, transients, refreshed] = [0, 0, false];
  let previousDelayMs: number | undefined;
  const after = (answer: Answer): Decision => {
    if (answer.verdict === 'transient') transients += 1;
    return decide({
      classification: answer,
      policy,
      transients,
      previousDelayMs,
      safe: idempotent ?? mayRepeat(facts, policy, profile),
      replayable: !stream,
      refreshable: auth && !refreshed,
      reopensInMs: answer.retryAfterMs ?? 500,
      remainingMs: policy.deadlineMs - now,
      spendRetry: () => policy.budget > 0,
      random: () => 0,
    });
  };
  for (const answer of answers) {
    const decision = after(answer);
    if (!decision.resend) return { sent, ends: decision.reason, decision };
    if (decision.reason === 'fault') previousDelayMs = decision.delayMs - (answer.retryAfterMs ?? 0);
    if (decision.reason === 'token') refreshed = true;
    now += decision.delayMs;
    sent.push(now);
  }
  return { sent, ends: 'success' };
}

describe('A decision after an attempt', () => {
  for (const law of LAWS) {
    it(law.law, () => {
      const { sent, ends, decision } = plan(law);
      expect({ sent, ends }).to.deep.equal({ sent: law.sent, ends: law.ends });
      if (law.waitMs !== undefined) expect(decision).to.include({ waitMs: law.waitMs });
      if (law.hint) expect(decision).to.have.property('hint').that.matches(law.hint);
    });
  }
});
