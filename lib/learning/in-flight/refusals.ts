/** A quota that opens again within so many round trips, and so many ms, may have waited for an attempt to end. */
const SOON_TRIPS = 1.5;
const SOON_MS = 25;
/** So many refusals with no more in flight than that refute it. */
const STRIKES = 4;
/** Attempts served at full use, for each permit, before more are tried: at first, and at the most. */
const ROUNDS = 4;
const MOST_ROUNDS = 64;
/** It grows by 1, 2, 4, …, at most by this share of itself at once. */
const WIDEST_STEP = 0.25;
/** So many longer waits refute it before it has shown itself. */
const LONGER = 2;
/** So many in a row that were soon tell that it was refuted wrongly, or is there by now. */
const AGAIN = 6;
/** Share of the limit that each of them leaves: from, to. */
const LEAST_KEPT = 0.5;
const MOST_KEPT = 0.9;

type State = 'unknown' | 'held' | 'refuted';

/**
 * How many attempts in flight a server takes that refuses more with a 429 and names no wait, as some do who count no
 * requests (AWS Lambda's concurrency, for one: TooManyRequestsException).
 *
 * It shows itself where a quota opens again as soon as one of the attempts in flight has ended, within 1.5 round trips:
 * those that were in service when it closed are as many as it takes. Each refusal with no more than that in
 * flight lowers it by 10 to 50 %; the fourth refutes it, and so does a longer wait: then it is a matter of time,
 * until it shows itself six times in a row. It grows as a window's limit does: by 1, 2, 4,
 * …, after 4 · limit attempts served at full use, and after twice as many each time that this was refused.
 */
export class InFlightLimit {
  #state: State = 'unknown';
  #limit = Infinity;
  /** What it was before the last growth, while that may be refused. */
  #proved = Infinity;
  #credit = 0;
  #rounds = ROUNDS;
  #step = 1;
  #strikes = 0;
  #longer = 0;
  /** Reopenings in a row that were soon. */
  #soon = 0;
  /** What was sent until then may be refused for the last growth. */
  #cutAt = -Infinity;

  /** There may be such a limit. */
  get possible(): boolean {
    return this.#state !== 'refuted';
  }

  /** Most attempts in flight; `Infinity` while there is no such limit. */
  get limit(): number {
    return this.#limit;
  }

  /**
   * A quota that named no wait opened again so many ms after it had closed, with so many in service then. Returns true
   * when that is explained.
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
    if (this.#strikes >= STRIKES) {
      this.#refute();
      return false;
    }
    this.#state = 'held';
    this.#limit = this.#limit === Infinity ? inService : this.#less(inService);
    this.#proved = this.#limit;
    this.#credit = 0;
    return true;
  }

  /** An attempt was served, with so many in flight, itself included. Returns true when more are tried from now on. */
  served(inFlight: number): boolean {
    if (inFlight < this.#limit) return false;
    this.#credit += 1;
    if (this.#credit < this.#rounds * this.#limit) return false;
    this.#credit = 0;
    if (this.#proved < this.#limit) {
      this.#step = Math.max(1, Math.min(this.#step * 2, Math.floor(this.#limit * WIDEST_STEP)));
      this.#rounds = ROUNDS;
      this.#strikes = 0;
    }
    this.#proved = this.#limit;
    this.#limit += this.#step;
    return true;
  }

  /** An attempt was refused. Returns true when that tells no more than that the last growth was too much. */
  refused(now: number, sentAt: number): boolean {
    if (this.#limit <= this.#proved) return sentAt <= this.#cutAt;
    this.#cutAt = now;
    this.#limit = this.#proved;
    this.#credit = 0;
    this.#step = 1;
    this.#rounds = Math.min(MOST_ROUNDS, this.#rounds * 2);
    return true;
  }

  #less(inService: number): number {
    return Math.max(
      1,
      Math.floor(this.#limit * Math.max(LEAST_KEPT, Math.min(MOST_KEPT, inService / this.#limit))),
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

/** The limit of a quota that refused nothing yet: it has no state to share. */
export const NONE_KNOWN: InFlightLimit = new InFlightLimit();
