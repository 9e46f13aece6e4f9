/** State of one window, as `gate.quotas()` returns it. */
export interface WindowSnapshot {
  /** Maximum number of attempts in any `per`, or of the unit. */
  readonly limit: number;
  /** Length of the window, in ms; the greatest length of a day or month. */
  readonly per: number;
  /**
   * `bucket`: a token bucket of `limit`, refilled evenly over `per`; `day` and `month`: a calendar window; `spacing`: attempts begin
   * `per` apart. Absent: a rolling window.
   */
  readonly kind?: 'bucket' | 'day' | 'month' | 'spacing' | undefined;
  /** Time zone of a calendar window. */
  readonly zone?: string | undefined;
  /** End of the current day or month of a calendar window; Unix ms on the wall clock. */
  readonly resetsAt?: number | undefined;
  /** What the window counts, such as `tokens`; absent where it counts requests. */
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

/** What the server last said of one of its limits, in headers. */
export interface StatedLimit {
  /** Name that tells the limits of one server apart. */
  readonly name: string;
  /** What it counts: `requests`, `tokens`, … */
  readonly unit: string;
  /** Maximum; absent where the server does not say. */
  readonly limit?: number | undefined;
  /** What is left of it, less the requests sent since. */
  readonly remaining: number;
  /** Length of the window, in ms; absent where the server does not say. */
  readonly per?: number | undefined;
  /** Moment at which it is full again; Unix ms on the gate's clock; absent where the server does not say. */
  readonly resetAt?: number | undefined;
}

/** State of one quota, as `gate.quotas()` returns it. */
export interface QuotaSnapshot {
  /** Key of the quota: its name, or a key made of its match. */
  readonly key: string;
  /** Declared windows. */
  readonly windows: readonly WindowSnapshot[];
  /** Maximum number of attempts in flight; absent when unlimited. */
  readonly concurrency?: number | undefined;
  /** Number of attempts in flight. */
  readonly inFlight: number;
  /** Number of queued attempts. */
  readonly queued: number;
  /**
   * Minimum time until the last of the queued attempts is sent, in ms: `gate.forecast(key, { calls: 0 })`; absent while none
   * is queued. `Infinity` if attempts in flight block them and none has ended so far.
   */
  readonly forecastMs?: number | undefined;
  /** Number of retries that the quota may spend now, by the policy's `budget`. */
  readonly retryBudget?: number | undefined;
  /** Moment of reopening; Unix ms on the gate's clock; absent while open. */
  readonly pausedUntil?: number | undefined;
  /** What the server last said of its limits in headers; absent if it said nothing, or if `adaptive` is off. */
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
