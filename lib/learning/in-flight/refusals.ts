/** Maximum wait, in round trips and in ms, after which a reopening may be due to an attempt that ended. */
const SOON_TRIPS = 1.5;
const SOON_MS = 25;
/** Number of refusals at or below the limit that refute it. */
const MAX_STRIKES = 4;
/** Attempts served at full use, per permit of the limit, before it grows: initially, and at most. */
const ROUNDS = 4;
const MAX_ROUNDS = 64;
/** Maximum growth in one step, as a fraction of the limit. */
const MAX_STEP = 0.25;
/** Number of longer waits that refute a limit that has not shown itself yet. */
const LONGER = 2;
/** Number of prompt reopenings in a row that revive a refuted limit. */
const AGAIN = 6;
/** Fraction of the limit that a strike leaves: minimum and maximum. */
const MIN_KEPT = 0.5;
const MAX_KEPT = 0.9;

type State = 'unknown' | 'held' | 'refuted';

/**
 * The number of attempts in flight that a server accepts, if it refuses more with a 429 without Retry-After and counts no
 * requests over time (for example AWS Lambda's concurrency: TooManyRequestsException).
 *
 * The limit shows itself when a quota reopens as soon as an attempt in flight ends, within 1.5 round trips: the number in service
 * at the closing is the limit. Each refusal at or below it lowers it by 10 to 50 %. The fourth refutes it, and so does a longer
 * wait, which makes the quota one of time until prompt reopenings recur six times in a row. The limit grows by 1, 2, 4, … after
 * 4 · limit attempts served at full use, and after twice as many whenever a growth was refused.
 */
export class InFlightLimit {
  #state: State = 'unknown';
  #limit = Infinity;
  /** The limit before the last growth, while that growth may still be refused. */
  #proved = Infinity;
  #credit = 0;
  #rounds = ROUNDS;
  #step = 1;
  #strikes = 0;
  #longer = 0;
  /** Prompt reopenings in a row. */
  #soon = 0;
  /** Attempts sent before this moment may be refused because of the last growth. */
  #cutAt = -Infinity;

  /** @param known the limit, where an earlier run found it */
  constructor(known?: number) {
    if (known === undefined) return;
    this.#state = 'held';
    this.#limit = known;
    this.#proved = known;
  }

  /** Such a limit may exist. */
  get possible(): boolean {
    return this.#state !== 'refuted';
  }

  /** Maximum number of attempts in flight; `Infinity` if no limit is known. */
  get limit(): number {
    return this.#limit;
  }

  /**
   * A quota without a named wait reopened `ms` after it closed, when `inService` attempts were in service. Returns true if this
   * limit explains it.
   */
  reopened(ms: number, inService: number, tripMs: number): boolean {
    if (ms > Math.max(SOON_MS, tripMs * SOON_TRIPS)) {
      this.#longer += 1;
      this.#soon = 0;
      if (this.#state === 'held' || this.#longer >= LONGER) this.#refute();
      return false;
    }
    if (inService < 1) return false;
    this.#soon += 1;
    if (this.#state === 'refuted') {
      if (this.#soon < AGAIN) return false;
      this.#state = 'unknown';
      this.#strikes = 0;
      this.#longer = 0;
    }
    if (this.#state === 'held') this.#strikes += 1;
    if (this.#strikes >= MAX_STRIKES) {
      this.#refute();
      return false;
    }
    this.#state = 'held';
    this.#limit = this.#limit === Infinity ? inService : this.#less(inService);
    this.#proved = this.#limit;
    this.#credit = 0;
    return true;
  }

  /** An attempt was served with `inFlight` in flight, itself included. Returns true if the limit grew. */
  served(inFlight: number): boolean {
    if (inFlight < this.#limit) return false;
    this.#credit += 1;
    if (this.#credit < this.#rounds * this.#limit) return false;
    this.#credit = 0;
    if (this.#proved < this.#limit) {
      this.#step = Math.max(1, Math.min(this.#step * 2, Math.floor(this.#limit * MAX_STEP)));
      this.#rounds = ROUNDS;
      this.#strikes = 0;
    }
    this.#proved = this.#limit;
    this.#limit += this.#step;
    return true;
  }

  /** An attempt was refused. Returns true if that says only that the last growth was too large. */
  refused(now: number, sentAt: number): boolean {
    if (this.#limit <= this.#proved) return sentAt <= this.#cutAt;
    this.#cutAt = now;
    this.#limit = this.#proved;
    this.#credit = 0;
    this.#step = 1;
    this.#rounds = Math.min(MAX_ROUNDS, this.#rounds * 2);
    return true;
  }

  #less(inService: number): number {
    return Math.max(
      1,
      Math.floor(this.#limit * Math.max(MIN_KEPT, Math.min(MAX_KEPT, inService / this.#limit))),
    );
  }

  #refute(): void {
    this.#state = 'refuted';
    this.#soon = 0;
    this.#limit = Infinity;
    this.#proved = Infinity;
    this.#cutAt = -Infinity;
  }
}

/** Shared by quotas that have refused nothing yet: it has no state. */
export const NONE_KNOWN: InFlightLimit = new InFlightLimit();
