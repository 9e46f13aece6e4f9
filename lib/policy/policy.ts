import type { Duration } from '../words/types.ts';

/** How the wait before a resend is spread; see `backoff.ts` for the formulas. */
export type Jitter = 'decorrelated' | 'full' | 'equal' | 'none';

/** How to retry, as its user writes it. Plain data. */
export interface RetryOptions {
  /**
   * Attempts in all that a call may spend on transient faults; a throttled attempt uses none up, the
   * deadline bounds it. 1 turns retries off. Default 5.
   */
  readonly attempts?: number;
  /**
   * Total time for a call's waits and attempts, up to the head of the response that it gives. `Infinity` for none.
   * Default `'5m'` (Defender: `'75m'`). A body that is still coming when it passes is not cut off: see `bodyTimeout`.
   */
  readonly deadline?: Duration;
  /**
   * Longest time between two bytes of the body of the response that a call gives; a body that is idle for longer
   * ends with a `DeadlineError`. `Infinity` for none. Default: none for a stream, which is its user's; the deadline's
   * length, counted from the last byte, for a body that the client reads to its end before it gives anything.
   */
  readonly bodyTimeout?: Duration;
  /** The wait before a retry after a transient fault that names none. */
  readonly backoff?: {
    /** The first wait, and the least one. Default `'500ms'`. */
    readonly base?: Duration;
    /** The longest wait. Default `'30s'`. */
    readonly max?: Duration;
    /** Default `'decorrelated'`. */
    readonly jitter?: Jitter;
  };
  /**
   * Retries after transient faults that a whole quota may spend, as a share of its first attempts; a
   * small reserve lets a quiet program retry all the same. `false` for no limit. Default 0.1.
   */
  readonly budget?: number | false;
  /** Methods that may be resent after a transient fault. Default: the idempotent ones of RFC 9110, 9.2.2. */
  readonly methods?: readonly string[];
}

/** {@link RetryOptions}, complete and in ms. A call keeps the policy that it began with. */
export interface Policy {
  readonly attempts: number;
  readonly deadlineMs: number;
  /** Absent: by the kind of the body. */
  readonly bodyTimeoutMs?: number | undefined;
  readonly backoff: Backoff;
  /** Share of first attempts; `Infinity` for no limit. */
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
 * Idempotent by RFC 9110, 9.2.2, and QUERY, which draft-ietf-httpbis-safe-method-w-body makes safe.
 * CONNECT is none and opens tunnels, which are no calls.
 */
const IDEMPOTENT_METHODS = ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'QUERY'] as const;

/** What a policy says where its user says nothing. */
export const DEFAULT_POLICY: Policy = {
  attempts: 5,
  deadlineMs: 5 * 60_000,
  backoff: { baseMs: 500, maxMs: 30_000, jitter: 'decorrelated' },
  budget: 0.1,
  methods: new Set<string>(IDEMPOTENT_METHODS),
};
