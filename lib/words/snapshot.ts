/** State of one window, as `gate.quotas()` shows it. */
export interface WindowSnapshot {
  /** Maximum number of attempts in any `per`. */
  readonly limit: number;
  /** ms. */
  readonly per: number;
  /** Attempts that count now. */
  readonly used: number;
  /** The declared maximum time of the way to the server, in ms. */
  readonly transit?: number | undefined;
  /**
   * Share of the limit, 0 to 1, that latency costs while attempts wait: latency / (per + latency). Present above 0.25: declare
   * `transit` on the window if the way to the server is known to be shorter than its answers take.
   */
  readonly latencyCost?: number | undefined;
}

/** State of one quota, as `gate.quotas()` shows it. */
export interface QuotaSnapshot {
  /** The quota's key: its name, or made of its match. */
  readonly key: string;
  /** Declared windows: `limit` attempts in any `per` ms, and how many are used now. */
  readonly windows: readonly WindowSnapshot[];
  /** Most attempts in flight at once; absent when unlimited. */
  readonly concurrency?: number | undefined;
  /** Attempts in flight now. */
  readonly inFlight: number;
  /** Attempts that wait now. */
  readonly queued: number;
  /** Moment of reopening; Unix ms on the gate's clock; absent while open. */
  readonly pausedUntil?: number | undefined;
  /** What the gate found out by itself; absent when it found nothing, or was told not to learn. */
  readonly learned?:
    | {
        readonly windows: readonly { readonly limit: number; readonly per: number; readonly used: number }[];
        /** Most attempts in flight at once. */
        readonly concurrency?: number | undefined;
        /** True while the server is out and only probes are sent. */
        readonly outage: boolean;
      }
    | undefined;
}
