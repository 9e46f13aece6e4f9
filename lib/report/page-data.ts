/**
 * Data of a report's page, computed in advance so that the page stays small and fast for records of any size. Contains
 * only types, because the page imports this file too.
 */

/** A quota's timeline. All arrays are parallel, one entry for each moment of `at`. */
export interface QuotaTimeline {
  readonly key: string;
  /** Its limits in words, e.g. `100 per 1 min`; empty if none is known. */
  readonly limits: string;
  /** Unix s: the middle of each bin. */
  readonly at: readonly number[];
  /** Mean number of queued attempts. */
  readonly queued: readonly number[];
  /** Mean number of attempts in flight. */
  readonly inFlight: readonly number[];
  /** Attempts sent in the bin. */
  readonly sent: readonly number[];
  /** Number of these that were refused with a 429. */
  readonly refused: readonly number[];
  /** Used share of its tightest window, in %; null if the bin has no sample. */
  readonly used: readonly (number | null)[];
  /** Pauses: from and to, in Unix s. */
  readonly pauses: readonly (readonly [number, number, string])[];
  /** Fraction of the recorded time for which it was closed. */
  readonly closed: number;
  readonly calls: number;
  readonly failed: number;
  readonly attempts: number;
  readonly refusals: number;
}

/** One attempt of a waterfall, in ms from the start of its call. */
export interface Bar {
  /** Start of its wait for a permit. */
  readonly waits: number;
  /** Moment of sending. */
  readonly sent: number;
  /** End of its response, or moment of its fault. */
  readonly ends: number;
  /** Status or code. */
  readonly outcome: string;
  readonly kind: 'good' | 'throttled' | 'failed';
  readonly correlationId?: string | undefined;
}

/** A call that the page shows individually. */
export interface CallView {
  readonly call: string;
  /** Unix ms */
  readonly at: number;
  readonly method: string;
  readonly url: string;
  readonly quota: string;
  readonly tookMs: number;
  readonly status?: number | undefined;
  /** Absent when it succeeded. */
  readonly reason?: string | undefined;
  readonly code?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly hint?: string | undefined;
  readonly attempts: number;
  readonly bars: readonly Bar[];
}

/** Everything the page shows. */
export interface PageData {
  readonly title: string;
  readonly gate: string;
  /** Unix ms */
  readonly from: number;
  readonly to: number;
  readonly totals: Totals;
  /** Findings in sentences, the most important first. */
  readonly advice: readonly string[];
  readonly quotas: readonly QuotaTimeline[];
  readonly slowest: readonly CallView[];
  readonly failures: readonly CallView[];
  /** Failed calls beyond those in `failures`. */
  readonly moreFailures: number;
  /** Number of further quotas, without a timeline. */
  readonly moreQuotas: number;
  readonly notices: readonly { readonly at: number; readonly type: string; readonly text: string }[];
}

/** Sums over the record. */
export interface Totals {
  readonly calls: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly open: number;
  readonly attempts: number;
  /** Attempts refused with a 429. */
  readonly refused: number;
  /** Attempts after the first of a call. */
  readonly resent: number;
  /** Median and 99th percentile of the calls' durations, in ms. */
  readonly p50: number;
  readonly p99: number;
  /** Number of earlier calls that the record dropped. */
  readonly dropped: number;
}
