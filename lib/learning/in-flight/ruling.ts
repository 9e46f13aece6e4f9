/** What a witness says the limit in flight is. */
export interface Ruling {
  readonly limit: number;
  /** Held down as a test, cut since too many are in flight, or settled by a test. */
  readonly as: 'held' | 'cut' | 'settled';
  /** Whether it may be too low. */
  readonly doubtful?: boolean;
}
