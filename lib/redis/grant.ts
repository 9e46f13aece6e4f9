/** What a limiter is made for. */
export interface LimiterSettings {
  readonly id: string;
  readonly limit: number;
  /** A lease is free again after this, whatever became of its holder; ms. */
  readonly expirationMs: number;
}

/** Permits that Redis granted. */
export interface Grant {
  /** Redis's name of the job. */
  readonly index: string;
  readonly size: number;
  /** When it was asked for. */
  readonly at: number;
  /** Ends the job, with all its permits. */
  free(): void;
}

/** A grant that came too late to be used. */
export class StaleGrant extends Error {
  override readonly name = 'StaleGrant';
}

/** Of one job: the permits to keep, all for -1, and how long from now it runs, in ms. */
export type Settlement = readonly [index: string, keep: number, ms: number];
