/** State of one quota, as `gate.quotas()` shows it. */
export interface QuotaSnapshot {
  readonly key: string;
  readonly windows: readonly { readonly limit: number; readonly per: number; readonly used: number }[];
  /** Most attempts in flight at once; absent when unlimited. */
  readonly concurrency?: number | undefined;
  readonly inFlight: number;
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
