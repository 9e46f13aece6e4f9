/**
 * The law of retries, as one table. `spec/policy` tries it on the pure decision, `spec/call` on calls through a gate, on the
 * virtual clock. Random numbers are 0, so a backoff is 500 ms; an attempt takes no time.
 */
import type { RetryOptions } from 'headgate';
import type { FailureReason } from '../../lib/words/causes.ts';
import type { Classification } from '../../lib/words/types.ts';

/** One answer of the server, as a profile reads it. */
export type Answer = Omit<Classification, 'status'>;

export interface Law {
  readonly law: string;
  /** Default: a GET without a body. */
  readonly request?: {
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
    /** The caller marks the call. */
    readonly idempotent?: boolean;
    /** Its body is a stream. */
    readonly stream?: boolean;
    /** The API's documentation allows resending. */
    readonly resendable?: boolean;
  };
  readonly retry?: RetryOptions;
  /** The gate has a token of its own. */
  readonly auth?: boolean;
  /** The first answers; a success follows. */
  readonly answers: readonly Answer[];
  /** When its attempts are sent, in ms after its start. */
  readonly sent: readonly number[];
  readonly ends: 'success' | FailureReason;
  /** The wait that was needed. */
  readonly waitMs?: number;
  readonly hint?: RegExp;
}

const FAULT = { verdict: 'transient' } as const;
const REFUSED = { verdict: 'throttled' } as const;
const DENIED = { verdict: 'unauthorized' } as const;
const times = (count: number, answer: Answer): Answer[] => Array.from({ length: count }, () => answer);
const refusedFor = (retryAfterMs: number): Answer => ({
  ...REFUSED,
  retryAfterMs,
  retryAfterSource: 'header',
});
const faultFor = (retryAfterMs: number): Answer => ({ ...FAULT, retryAfterMs, retryAfterSource: 'header' });
/** Backoff that does not grow, so that sums are easy. */
const EVEN: RetryOptions = { backoff: { base: 500, max: 500, jitter: 'none' } };

export const LAWS: readonly Law[] = [
  // Verdicts.
  { law: 'a success is returned', answers: [], sent: [0], ends: 'success' },
  {
    law: 'what no retry cures fails at once',
    answers: [{ verdict: 'terminal' }],
    sent: [0],
    ends: 'terminal',
  },
  {
    law: 'a throttled attempt is sent again when the quota reopens',
    answers: [refusedFor(2000)],
    sent: [0, 2000],
    ends: 'success',
  },
  {
    law: 'a throttled attempt is sent again by any method, as it was not processed',
    request: { method: 'POST' },
    answers: [refusedFor(2000)],
    sent: [0, 2000],
    ends: 'success',
  },
  {
    law: 'a throttled attempt without a stated wait is sent again after a backoff',
    answers: [REFUSED],
    sent: [0, 500],
    ends: 'success',
  },
  { law: 'a fault is tried again after a backoff', answers: [FAULT], sent: [0, 500], ends: 'success' },
  {
    law: 'a fault with a stated wait is tried again after that and a backoff',
    answers: [faultFor(3000)],
    sent: [0, 3500],
    ends: 'success',
  },
  {
    law: 'backoffs double up to their maximum',
    retry: { backoff: { base: 100, max: 300, jitter: 'none' } },
    answers: times(4, FAULT),
    sent: [0, 100, 300, 600, 900],
    ends: 'success',
  },
  {
    law: 'a 401 renews the token and is sent again at once',
    auth: true,
    answers: [DENIED],
    sent: [0, 0],
    ends: 'success',
  },
  { law: 'a second 401 is final', auth: true, answers: [DENIED, DENIED], sent: [0, 0], ends: 'terminal' },
  { law: 'a 401 is final without a token of the gate', answers: [DENIED], sent: [0], ends: 'terminal' },
  {
    law: 'a 401 is sent again by any method, as it was not processed',
    auth: true,
    request: { method: 'POST' },
    answers: [DENIED],
    sent: [0, 0],
    ends: 'success',
  },

  // What may be repeated after a fault.
  ...['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'QUERY'].map(
    (method): Law => ({
      law: `${method} is repeated after a fault`,
      request: { method },
      answers: [FAULT],
      sent: [0, 500],
      ends: 'success',
    }),
  ),
  ...['POST', 'PATCH'].map(
    (method): Law => ({
      law: `${method} is not repeated after a fault`,
      request: { method },
      answers: [FAULT],
      sent: [0],
      ends: 'terminal',
      hint: /may have processed/,
    }),
  ),
  {
    law: 'POST is repeated after a fault if the caller marks it idempotent',
    request: { method: 'POST', idempotent: true },
    answers: [FAULT],
    sent: [0, 500],
    ends: 'success',
  },
  {
    law: 'GET is not repeated if the caller says that it is not idempotent',
    request: { idempotent: false },
    answers: [FAULT],
    sent: [0],
    ends: 'terminal',
    hint: /may have processed/,
  },
  {
    law: 'POST is repeated after a fault with an Idempotency-Key',
    request: { method: 'POST', headers: { 'idempotency-key': 'k' } },
    answers: [FAULT],
    sent: [0, 500],
    ends: 'success',
  },
  {
    law: "POST is repeated after a fault where the API's documentation allows it",
    request: { method: 'POST', resendable: true },
    answers: [FAULT],
    sent: [0, 500],
    ends: 'success',
  },
  {
    law: 'POST is repeated after a fault if the policy lists it',
    request: { method: 'POST' },
    retry: { methods: ['POST'] },
    answers: [FAULT],
    sent: [0, 500],
    ends: 'success',
  },
  {
    law: 'POST is repeated after a fault before the server processed it',
    request: { method: 'POST' },
    answers: [{ ...FAULT, unprocessed: true }],
    sent: [0, 500],
    ends: 'success',
  },
  ...[FAULT, refusedFor(100), DENIED].map(
    (answer): Law => ({
      law: `a stream is not sent again: ${answer.verdict}`,
      request: { method: 'PUT', stream: true },
      auth: true,
      answers: [answer],
      sent: [0],
      ends: 'terminal',
      hint: /stream and cannot be sent again/,
    }),
  ),

  // Attempts.
  {
    law: 'five attempts in all are spent on faults',
    retry: EVEN,
    answers: times(5, FAULT),
    sent: [0, 500, 1000, 1500, 2000],
    ends: 'attempts',
  },
  {
    law: 'as many are spent on faults as the policy says',
    retry: { ...EVEN, attempts: 3 },
    answers: times(3, FAULT),
    sent: [0, 500, 1000],
    ends: 'attempts',
  },
  {
    law: 'a throttled attempt uses none up',
    retry: { ...EVEN, attempts: 2 },
    answers: [refusedFor(100), FAULT, refusedFor(100)],
    sent: [0, 100, 600, 700],
    ends: 'success',
  },
  {
    law: 'one attempt turns retries after faults off',
    retry: { attempts: 1 },
    answers: [FAULT],
    sent: [0],
    ends: 'attempts',
  },
  {
    law: 'one attempt turns retries after refusals off',
    retry: { attempts: 1 },
    answers: [refusedFor(100)],
    sent: [0],
    ends: 'attempts',
  },
  {
    law: 'one attempt still allows a fresh token',
    auth: true,
    retry: { attempts: 1 },
    answers: [DENIED],
    sent: [0, 0],
    ends: 'success',
  },

  // Deadline.
  {
    law: 'a quota that reopens after the deadline fails the call at once',
    retry: { deadline: 1000 },
    answers: [refusedFor(1000)],
    sent: [0],
    ends: 'deadline',
    waitMs: 1000,
  },
  {
    law: 'a quota that reopens just before the deadline does not',
    retry: { deadline: 1001 },
    answers: [refusedFor(1000)],
    sent: [0, 1000],
    ends: 'success',
  },
  {
    law: 'a backoff beyond the deadline fails the call at once',
    retry: { deadline: 3000 },
    answers: [faultFor(2500)],
    sent: [0],
    ends: 'deadline',
    waitMs: 3000,
  },
  {
    law: 'the waits of a call are summed for its deadline',
    retry: { deadline: 2500 },
    answers: [refusedFor(1000), faultFor(1000)],
    sent: [0, 1000],
    ends: 'deadline',
    waitMs: 1500,
  },

  // Longest single wait.
  {
    law: 'a wait longer than `inline` fails the call at once',
    retry: { inline: 1000 },
    answers: [refusedFor(1001)],
    sent: [0],
    ends: 'wait',
    waitMs: 1001,
  },
  {
    law: 'waits of `inline` are made, however many',
    retry: { ...EVEN, inline: 1000 },
    answers: [refusedFor(1000), FAULT, faultFor(500)],
    sent: [0, 1000, 1500, 2500],
    ends: 'success',
  },

  // Budget.
  {
    law: 'no fault is retried without a budget',
    retry: { budget: 0 },
    answers: [FAULT],
    sent: [0],
    ends: 'budget',
  },
  {
    law: 'a refusal needs no budget',
    retry: { budget: 0 },
    answers: [refusedFor(100)],
    sent: [0, 100],
    ends: 'success',
  },
  {
    law: 'a fresh token needs no budget',
    auth: true,
    retry: { budget: 0 },
    answers: [DENIED],
    sent: [0, 0],
    ends: 'success',
  },

  // Of several reasons to end, the first of these is told.
  {
    law: 'a body that is gone comes before the method',
    request: { method: 'POST', stream: true },
    answers: [FAULT],
    sent: [0],
    ends: 'terminal',
    hint: /stream/,
  },
  {
    law: 'spent attempts come before the deadline',
    retry: { ...EVEN, attempts: 2, deadline: 600 },
    answers: [FAULT, faultFor(5000)],
    sent: [0, 500],
    ends: 'attempts',
  },
  {
    law: '`inline` comes before the deadline',
    retry: { inline: 1000, deadline: 2000 },
    answers: [refusedFor(3000)],
    sent: [0],
    ends: 'wait',
    waitMs: 3000,
  },
  {
    law: 'the deadline comes before the budget',
    retry: { budget: 0, deadline: 1000 },
    answers: [faultFor(2000)],
    sent: [0],
    ends: 'deadline',
    waitMs: 2500,
  },
];
