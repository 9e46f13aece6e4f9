import type { Duration } from '../words/types.ts';

/** How to randomise the wait before a resend; see `backoff.ts` for the formulas. */
export type Jitter = 'decorrelated' | 'full' | 'equal' | 'none';

/** Retry options, as the user writes them. Plain data. */
export interface RetryOptions {
  /**
   * Maximum number of attempts that a call may spend on transient faults. Throttled attempts do not count: the deadline
   * bounds them. 1 turns retries off. Default 5.
   */
  readonly attempts?: number;
  /**
   * Maximum time for a call's waits and attempts, up to the head of its final response. `Infinity` for none. Default
   * `'5m'` (Defender: `'75m'`). It does not cut off a body that is still arriving: see `bodyTimeout`.
   */
  readonly deadline?: Duration;
  /**
   * Maximum time between two bytes of the final response's body; a body that is idle for longer ends with a
   * `DeadlineError`. `Infinity` for none. Default: for a body that the client buffers, the length of the deadline,
   * counted from the last byte; for a stream, none.
   */
  readonly bodyTimeout?: Duration;
  /**
   * Maximum single wait of a call: for its turn, for a paused quota, or before a retry. If a longer one is known to be
   * necessary, the call fails with a `WaitError` at once; if the length is unknown, it fails so after this time. Use it if a
   * job system can wait instead. Default `Infinity`.
   */
  readonly inline?: Duration;
  /**
   * Behaviour of calls while their server is down: wait until it is back (`'hold'`), or fail at once with an `OutageError`
   * (`'fail'`), as with a circuit breaker; a call that arrives when a probe is due becomes the probe. Outages are detected
   * only with `adaptive`. Default `'hold'`.
   */
  readonly outage?: 'hold' | 'fail';
  /** Wait before a retry after a transient fault, added to the server's Retry-After if it sent one. */
  readonly backoff?: {
    /** First and minimum wait. Default `'500ms'`. */
    readonly base?: Duration;
    /** Maximum wait. Default `'30s'`. */
    readonly max?: Duration;
    /** Randomisation of the wait. Default `'decorrelated'`. */
    readonly jitter?: Jitter;
  };
  /**
   * Maximum number of retries after transient faults across a quota, as a fraction of its first attempts. A small
   * reserve still lets a quiet program retry. `false` for no limit. Default 0.1.
   */
  readonly budget?: number | false;
  /** Methods that may be resent after a transient fault. Default: those idempotent by RFC 9110, section 9.2.2, and QUERY. */
  readonly methods?: readonly string[];
}

/** {@link RetryOptions} with defaults, in ms. A call keeps the policy it began with. */
export interface Policy {
  readonly attempts: number;
  readonly deadlineMs: number;
  /** Absent: the default for the kind of body. */
  readonly bodyTimeoutMs?: number | undefined;
  /** Absent: no limit. */
  readonly inlineMs?: number | undefined;
  readonly outage?: 'hold' | 'fail' | undefined;
  readonly backoff: Backoff;
  /** Fraction of first attempts; `Infinity` for no limit. */
  readonly budget: number;
  readonly methods: ReadonlySet<string>;
}

/** The backoff part of a {@link Policy}, in ms. */
export interface Backoff {
  readonly baseMs: number;
  readonly maxMs: number;
  readonly jitter: Jitter;
}

/**
 * Methods idempotent by RFC 9110, section 9.2.2, and QUERY, which draft-ietf-httpbis-safe-method-w-body defines as safe.
 * CONNECT is not idempotent.
 */
const IDEMPOTENT_METHODS = ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'QUERY'] as const;

/** Default policy. */
export const DEFAULT_POLICY: Policy = {
  attempts: 5,
  deadlineMs: 5 * 60_000,
  backoff: { baseMs: 500, maxMs: 30_000, jitter: 'decorrelated' },
  budget: 0.1,
  methods: new Set<string>(IDEMPOTENT_METHODS),
};
