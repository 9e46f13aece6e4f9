/** A window that a gate learned. */
export interface LearnedWindowRecord {
  /** Maximum number of attempts within any `per`. */
  readonly limit: number;
  /** Length of the window, in ms. */
  readonly per: number;
  /** Minimum length of the window, in ms: it may still turn out to be shorter than `per`. Default `per`. */
  readonly least?: number | undefined;
  /** Number of attempts that counted against the limit. Default 0. */
  readonly used?: number | undefined;
  /** Whether the server stated it in a header. Default false. */
  readonly stated?: boolean | undefined;
  /** Whether the server refuses without saying how long to wait. Default false. */
  readonly silent?: boolean | undefined;
}

/** What a gate learned about one quota. */
export interface LearnedQuota {
  /** Moment at which this was known; Unix ms. */
  readonly at: number;
  /** Undeclared windows. Default: none. */
  readonly windows?: readonly LearnedWindowRecord[] | undefined;
  /** Maximum number of attempts in flight that the server handles without overload. Default: unlimited. */
  readonly concurrency?: number | undefined;
  /** Maximum number of attempts in flight that the server accepts without a 429. Default: unlimited. */
  readonly inFlight?: number | undefined;
}

/** What a gate learned, by quota key: plain JSON, from `gate.learned()` for the option `learned` of another run. */
export type Learned = Readonly<Record<string, LearnedQuota>>;

/** Age from which a finding is ignored, in ms. */
const LONGEST_MS = 7 * 24 * 3_600_000;

/** The findings that are recent enough, by quota. */
export function fresh(learned: Learned, now: number): ReadonlyMap<string, LearnedQuota> {
  return new Map(Object.entries(learned).filter(([, { at }]) => now - at < LONGEST_MS));
}
