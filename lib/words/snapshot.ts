/** State of one window, as `gate.quotas()` returns it. */
export interface WindowSnapshot {
  /** Maximum number of attempts, or amount of the unit, within any `per`. */
  readonly limit: number;
  /** Length of the window, in ms; for a day or month, its maximum length. */
  readonly per: number;
  /**
   * `bucket`: a token bucket of `limit`, refilled evenly over `per`; `day` and `month`: a calendar window; `spacing`: attempts
   * start at least `per` apart. Absent: a rolling window.
   */
  readonly kind?: 'bucket' | 'day' | 'month' | 'spacing' | undefined;
  /** Time zone of a calendar window. */
  readonly zone?: string | undefined;
  /** End of the current day or month of a calendar window; Unix ms on the wall clock. */
  readonly resetsAt?: number | undefined;
  /** Unit that the window counts, such as `tokens`; absent if it counts requests. */
  readonly unit?: string | undefined;
  /** Number of attempts, or amount of the unit, that counts against the limit now. */
  readonly used: number;
  /** Declared maximum time a request takes to reach the server, in ms. */
  readonly transit?: number | undefined;
  /**
   * Fraction of the limit, 0 to 1, lost to latency while attempts wait: latency / (per + latency). Present above 0.25.
   * Declare `transit` on the window if requests are known to reach the server faster than it answers.
   */
  readonly latencyCost?: number | undefined;
}

/** What the server last said about one of its limits, in headers. */
export interface StatedLimit {
  /** Name that distinguishes the server's limits. */
  readonly name: string;
  /** Unit that it counts: `requests`, `tokens`, … */
  readonly unit: string;
  /** Maximum; absent if the server does not say. */
  readonly limit?: number | undefined;
  /** Amount left; for a limit of requests, less those sent since. */
  readonly remaining: number;
  /** Length of the window, in ms; absent if the server does not say. */
  readonly per?: number | undefined;
  /** Moment of the reset; Unix ms on the gate's clock; absent if the server does not say. */
  readonly resetAt?: number | undefined;
}

/** State of one quota, as `gate.quotas()` returns it. */
export interface QuotaSnapshot {
  /** Key of the quota: its name, or a key derived from its match. */
  readonly key: string;
  /** Declared windows. */
  readonly windows: readonly WindowSnapshot[];
  /** Maximum number of attempts in flight; absent if unlimited. */
  readonly concurrency?: number | undefined;
  /** Number of attempts in flight. */
  readonly inFlight: number;
  /** Number of queued attempts. */
  readonly queued: number;
  /**
   * Minimum time until the last queued attempt is sent, in ms: `gate.forecast(key, { calls: 0 })`; absent if none is queued.
   * `Infinity` if attempts in flight block the queue and none has ended so far.
   */
  readonly forecastMs?: number | undefined;
  /** Number of retries that the quota may spend now, by the policy's `budget`. */
  readonly retryBudget?: number | undefined;
  /** Moment of reopening; Unix ms on the gate's clock; absent while open. */
  readonly pausedUntil?: number | undefined;
  /** What the server last said about its limits in headers; absent if it said nothing, or if `adaptive` is off. */
  readonly stated?: readonly StatedLimit[] | undefined;
  /** Limits the gate has learned; absent if it learned none, or if `adaptive` is off. */
  readonly learned?:
    | {
        readonly windows: readonly { readonly limit: number; readonly per: number; readonly used: number }[];
        /** Maximum number of attempts in flight. */
        readonly concurrency?: number | undefined;
        /** True during an outage: only probes are sent. */
        readonly outage: boolean;
      }
    | undefined;
}
