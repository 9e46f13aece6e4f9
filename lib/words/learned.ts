/** A window that a gate learned. */
export interface LearnedWindowRecord {
  /** Maximum number of attempts in any `per`. */
  readonly limit: number;
  /** Length of the window, in ms. */
  readonly per: number;
  /** Length that the window has at least, in ms: it may yet turn out to be shorter than `per`. Default `per`. */
  readonly least?: number | undefined;
  /** Number of attempts that counted against the limit. Default 0. */
  readonly used?: number | undefined;
  /** The server stated it in a header. Default false. */
  readonly stated?: boolean | undefined;
  /** The server refuses without saying how long to wait. Default false. */
  readonly silent?: boolean | undefined;
}

/** What a gate learned of one quota. */
export interface LearnedQuota {
  /** Moment at which this was known; Unix ms. */
  readonly at: number;
  /** Windows that nobody declared. Default: none. */
  readonly windows?: readonly LearnedWindowRecord[] | undefined;
  /** Maximum number of attempts in flight that the server bears. Default: unlimited. */
  readonly concurrency?: number | undefined;
  /** Maximum number of attempts in flight that the server accepts. Default: unlimited. */
  readonly inFlight?: number | undefined;
}

/** What a gate learned, by the keys of quotas: plain JSON, from `gate.learned()` for the option `learned` of another run. */
export type Learned = Readonly<Record<string, LearnedQuota>>;

/** Maximum age of a finding that is used, in ms. */
const LONGEST_MS = 7 * 24 * 3_600_000;

/** The findings that are not too old, by quota. */
export function fresh(learned: Learned, now: number): ReadonlyMap<string, LearnedQuota> {
  return new Map(Object.entries(learned).filter(([, { at }]) => now - at < LONGEST_MS));
}
