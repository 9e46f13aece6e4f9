/** Settings of a limiter. */
export interface LimiterSettings {
  readonly id: string;
  readonly limit: number;
  /** Time after which a lease expires, even if its holder is gone, in ms. */
  readonly expirationMs: number;
}

/** Permits that Redis granted. */
export interface Grant {
  /** The job's name in Redis. */
  readonly index: string;
  readonly size: number;
  /** Time at which the grant was requested. */
  readonly at: number;
  /** Ends the job and frees all its permits. */
  free(): void;
}

/** A requested lease that is not yet granted. */
export interface Asked {
  readonly size: number;
  readonly grant: (grant: Grant) => void;
  readonly refuse: (error: Error) => void;
}

/** A grant that arrived too late to be used. */
export class StaleGrant extends Error {
  override readonly name = 'StaleGrant';
}

/**
 * A job's permits to keep (-1 for all), and the time from now until it expires, in ms. With an empty name: splits this many
 * permits off the job before it, to expire earlier.
 */
export type Settlement = readonly [index: string, keep: number, ms: number];
