/** State of one quota, as `gate.quotas()` shows it. */
export interface QuotaSnapshot {
  /** The quota's key: its name, or made of its match. */
  readonly key: string;
  /** Declared windows: `limit` attempts in any `per` ms, and how many are used now. */
  readonly windows: readonly { readonly limit: number; readonly per: number; readonly used: number }[];
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
