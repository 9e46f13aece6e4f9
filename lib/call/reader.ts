import { bucketIn, rateLimits } from '../classify/rate-limit.ts';
import type { CallSettings } from '../policy/call-settings.ts';
import type { Backoff } from '../policy/policy.ts';
import { wallOf } from '../time/clock.ts';
import type { PauseCause } from '../words/causes.ts';
import type { Classification, Headers } from '../words/types.ts';
import type { Admission } from './admission.ts';
import type { Attempt, Ending } from './attempt.ts';
import type { CallContext } from './context.ts';
import { PendingRefusal } from './pending-refusal.ts';
import type { Teller } from './telling.ts';
import { explained } from './token-hints.ts';

/** Classifies a call's attempts, and reports the results to their gates. */
export class Reader {
  readonly #context: CallContext;
  readonly #backoff: Backoff;
  readonly #teller: Teller;
  readonly #admission: Admission;

  constructor(context: CallContext, { policy, after }: CallSettings, teller: Teller, admission: Admission) {
    this.#admission = admission;
    this.#context = context;
    this.#backoff = (after?.throttled?.policy ?? policy).backoff;
    this.#teller = teller;
  }

  /** Reads the head of a response, which can already hold a quota or keep it open; the body may take long. */
  head(attempt: Attempt, status: number, headers: Headers, at: number): void {
    const { schedule, clock } = this.#context;
    const limits = rateLimits(headers, wallOf(clock));
    const { request, permit } = attempt;
    if (limits.length > 0 && limits[0]?.bucket !== undefined)
      this.#admission.bucketed(permit, request, bucketIn(headers, undefined));
    // The body of such an answer may still report a refusal.
    if (status < 400 && !attempt.readsBody) attempt.tellServed(at);
    attempt.tellLimits(limits);
    if (status < 400 || attempt.refusal) return;
    const read = this.#context.readings.read({ request, status, headers, receivedAt: wallOf(clock) });
    if (read.verdict !== 'throttled') return;
    this.#bucketed(attempt, read);
    attempt.refusal = new PendingRefusal(permit, schedule, at, read, causeOf(read), () =>
      attempt.together(() => this.#close(attempt, read)),
    );
  }

  /** Classifies an outcome; `by` identifies its call. */
  outcome(attempt: Attempt, ending: Ending, by: unknown): Classification {
    const { clock } = this.#context;
    const { body, error, reread } = ending;
    const { request } = attempt;
    const status = ending.status ?? attempt.status;
    const headers = ending.headers ?? attempt.headers;
    const outcome = { request, status, headers, body, error, receivedAt: wallOf(clock) };
    const classification = explained(this.#context, attempt, this.#context.readings.read(outcome, reread));
    attempt.classified(classification);
    attempt.permit.spentBy(outcome);
    if (classification.verdict === 'throttled') this.#close(attempt, classification);
    else {
      const held = attempt.refusal?.dismiss(clock.now());
      if (held) this.#teller.heldFor(held);
    }
    attempt.tell(by);
    return classification;
  }

  /** Closes the quota of a throttled attempt. */
  #close(attempt: Attempt, read: Classification): void {
    const { refusal } = attempt;
    const inText = read.retryAfterSource === 'message';
    const first = refusal ? refusal.believe() : true;
    if (!first && !inText) return;
    const now = this.#context.clock.now();
    // A wait counts from the head that brought it.
    const at = refusal && !inText ? refusal.at : now;
    const cause = causeOf(read);
    this.#bucketed(attempt, read);
    const closing = attempt.permit.throttled(read.retryAfterMs, cause, this.#backoff, read, at);
    if (!closing?.isNews) return;
    const { quota, until } = closing;
    this.#teller.tell('pause', () => ({ at: refusal?.at ?? now, quota, until, untilMs: until, cause }));
  }

  /** A refusal may name a bucket, or the account, that no answer named before. */
  #bucketed({ permit, request, headers }: Attempt, read: Classification): void {
    if (read.quota !== undefined) this.#admission.bucketed(permit, request, bucketIn(headers, read.quota));
  }
}

function causeOf({ retryAfterMs, retryAfterSource }: Classification): PauseCause {
  return retryAfterMs === undefined ? 'backoff' : (retryAfterSource ?? 'header');
}
