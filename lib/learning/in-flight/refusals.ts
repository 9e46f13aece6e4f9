/** Maximum wait, in round trips and ms beyond these, after which a reopening may be due to an attempt that ended. */
const SOON_TRIPS = 1.5;
const SOON_MS = 25;
/** Number of refusals at or below the limit, without growth in between, that refute it. */
const MAX_STRIKES = 4;
/** Maximum number of refusals at the limit, without growth in between, that each lower it by one, if others share the quota. */
const MAX_YIELDS = 4;
/** Number of longer waits that refute a limit not observed yet. */
const LONGER = 2;
/** Number of prompt reopenings in a row that revive a refuted limit. */
const AGAIN = 6;
/** Fraction of the limit left by a strike: minimum and maximum. */
const MIN_KEPT = 0.5;
const MAX_KEPT = 0.9;

/**
 * Sees refusals, if a server answers more than it takes at once with a 429 without Retry-After and counts no requests over time
 * (for example AWS Lambda's concurrency: TooManyRequestsException).
 *
 * Such a limit shows when a quota reopens as soon as an attempt in flight ends, within 1.5 round trips and 25 ms. The fourth
 * refusal at or below the limit refutes it, and so does a longer wait: the quota then counts as one of requests over time until
 * it reopens promptly six times in a row.
 */
export class Refusals {
  #refuted = false;
  #strikes = 0;
  #yields = 0;
  #longer = 0;
  /** Prompt reopenings in a row. */
  #soon = 0;

  /** Whether the limit may show itself by refusals. */
  get possible(): boolean {
    return !this.#refuted;
  }

  /**
   * A quota closed without Retry-After reopened after `ms`; `inService` attempts were in service when it closed. Returns true if
   * a limit of attempts in flight explains it. @param held whether one was found before
   */
  explain(ms: number, inService: number, tripMs: number, held: boolean): boolean {
    if (ms > SOON_MS + tripMs * SOON_TRIPS) {
      this.#longer += 1;
      this.#soon = 0;
      if (held || this.#longer >= LONGER) this.#refuted = true;
      return false;
    }
    if (inService < 1) return false;
    this.#soon += 1;
    if (this.#refuted) {
      if (this.#soon < AGAIN) return false;
      this.confirmed();
      this.#strikes = 0;
      this.#longer = 0;
    }
    if (held) this.#strikes += 1;
    if (this.#strikes >= MAX_STRIKES) {
      this.#refuted = true;
      this.#soon = 0;
    }
    return !this.#refuted;
  }

  /** The limit was refused without having grown. Returns true if it should be lowered by one, as others share the quota. */
  yields(): boolean {
    this.#yields = (this.#yields + 1) % (MAX_YIELDS + 1);
    return this.#yields > 0;
  }

  /** The limit grew. */
  grew(): void {
    this.#strikes = 0;
    this.#yields = 0;
  }

  /** The limit is known to exist. */
  confirmed(): void {
    this.#refuted = false;
    this.#yields = 0;
  }
}

/** The lowered limit after a refusal with `inService` attempts in service; that number itself if no limit was known. */
export function lessened(limit: number, inService: number): number {
  if (limit === Infinity) return inService;
  return Math.max(1, Math.floor(limit * Math.max(MIN_KEPT, Math.min(MAX_KEPT, inService / limit))));
}
