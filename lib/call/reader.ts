import { rateLimits } from '../classify/rate-limit.ts';
import type { Backoff } from '../policy/policy.ts';
import { wallOf } from '../time/clock.ts';
import type { Classification, Headers } from '../words/types.ts';
import type { Attempt, Ending } from './attempt.ts';
import type { CallContext } from './context.ts';
import { PauseNotice } from './pause-notice.ts';
import type { Teller } from './telling.ts';
import { explained } from './withheld.ts';

/** Classifies a call's attempts, and reports the results to their gates. */
export class Reader {
  readonly #context: CallContext;
  readonly #backoff: Backoff;
  readonly #teller: Teller;

  constructor(context: CallContext, backoff: Backoff, teller: Teller) {
    this.#context = context;
    this.#backoff = backoff;
    this.#teller = teller;
  }

  /** Reads the head of a response, which can already close a quota or keep it open; the body may take long. */
  head(attempt: Attempt, status: number, headers: Headers, at: number): void {
    if (status < 400) attempt.tellServed(at);
    attempt.tellLimits(rateLimits(headers, wallOf(this.#context.clock)));
    if (status !== 429) return;
    const { request } = attempt;
    this.#pause(
      attempt,
      this.#context.classify({ request, status, headers, receivedAt: wallOf(this.#context.clock) }),
    );
  }

  /** Classifies an outcome; `by` identifies its call. */
  outcome(attempt: Attempt, { reread, ...ending }: Ending, by: unknown): Classification {
    const status = ending.status ?? attempt.status;
    const outcome = {
      ...ending,
      status,
      headers: ending.headers ?? attempt.headers,
      request: attempt.request,
      receivedAt: wallOf(this.#context.clock),
    };
    const classification = explained(this.#context, attempt, this.#context.classify(outcome, reread));
    attempt.classified(classification);
    attempt.permit.spentBy(outcome);
    this.#pause(attempt, classification);
    attempt.closing?.tell();
    attempt.tell(by);
    return classification;
  }

  /** Closes the quota of a throttled attempt. */
  #pause(attempt: Attempt, read: Classification): void {
    const { verdict, retryAfterMs, retryAfterSource } = read;
    if (verdict !== 'throttled' || (attempt.closing && retryAfterSource !== 'message')) return;
    const cause = retryAfterMs === undefined ? 'backoff' : (retryAfterSource ?? 'header');
    const untilMs = attempt.permit.throttled(retryAfterMs, cause, this.#backoff, read);
    const { schedule, clock } = this.#context;
    attempt.closing ??= new PauseNotice(schedule, (closed) =>
      this.#teller.tell('pause', () => ({ ...closed, until: closed.untilMs })),
    );
    if (untilMs !== undefined) attempt.closing.moved({ at: clock.now(), untilMs, cause });
  }
}
