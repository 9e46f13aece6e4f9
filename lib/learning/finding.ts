/** A limit that was learned. */
export interface Finding {
  readonly limit: number;
  /** ms; 0 for a limit of attempts in flight. */
  readonly perMs: number;
}
