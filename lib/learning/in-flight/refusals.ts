/** Maximum wait, in round trips and ms beyond these, after which a reopening may be due to an attempt that ended. */
const SOON_TRIPS = 1.5;
const SOON_MS = 25;
/** Number of refusals at or below the limit that refute it. */
const MAX_STRIKES = 4;
/** Maximum number of refusals at the limit, without growth in between, that each lower it by one, if others share the quota. */
const MAX_YIELDS = 4;
/** Attempts served at full use, per permit of the limit, before it grows: initially, and at most. */
const ROUNDS = 4;
const MAX_ROUNDS = 64;
/** Maximum growth in one step, as a fraction of the limit. */
const MAX_STEP = 0.25;
/** Number of longer waits that refute a limit not observed yet. */
const LONGER = 2;
/** Number of prompt reopenings in a row that revive a refuted limit. */
const AGAIN = 6;
/** Fraction of the limit left by a strike: minimum and maximum. */
const MIN_KEPT = 0.5;
const MAX_KEPT = 0.9;

type State = 'unknown' | 'held' | 'refuted';

/**
 * The number of attempts in flight that a server accepts, if it refuses more with a 429 without Retry-After and counts no
 * requests over time (for example AWS Lambda's concurrency: TooManyRequestsException).
 *
 * Such a limit shows when a quota reopens as soon as an attempt in flight ends, within 1.5 round trips and 25 ms: the number in
 * service at the closing is the limit. Each refusal at or below it lowers it by 10 to 50 %. The fourth refutes it, and so does a
 * longer wait: the quota then counts as one of requests over time until it reopens promptly six times in a row. The limit grows
 * by 1, 2, 4, … after 4 · limit attempts served at full use, and after twice as many whenever a growth was refused.
 *
 * If several processes share the quota, each has its own limit, which starts as its share and changes as processes come and go.
 * A refusal may then be due to another process's growth: a process that has just grown takes that back, and one that is refused
 * at its limit lowers it by one.
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
  #yields = 0;
  #longer = 0;
  /** Prompt reopenings in a row. */
  #soon = 0;
  /** Attempts sent before this moment may be refused because of the last growth. */
  #cutAt = -Infinity;

  /** @param known limit found by an earlier run, if any */
  constructor(known?: number) {
    if (known === undefined) return;
    this.#state = 'held';
    this.#limit = known;
    this.#proved = known;
  }

  /** Whether such a limit may exist. */
  get possible(): boolean {
    return this.#state !== 'refuted';
  }

  /** Maximum number of attempts in flight; `Infinity` if no limit is known. */
  get limit(): number {
    return this.#limit;
  }

  /**
   * A quota closed without Retry-After reopened after `ms`; `inService` attempts were in service when it closed. Returns true if
   * this limit explains it.
   */
  reopened(ms: number, inService: number, tripMs: number): boolean {
    if (ms > SOON_MS + tripMs * SOON_TRIPS) {
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
    this.#limit = lessened(this.#limit, inService);
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
    this.#yields = 0;
    return true;
  }

  /**
   * An attempt was refused. Returns true if that shows only that the last growth was too large or, if the quota is `shared` with
   * other processes, that too many are in flight at the moment.
   */
  refused(now: number, sentAt: number, shared: boolean = false): boolean {
    if (this.#limit > this.#proved) this.crowded(now);
    else if (sentAt > this.#cutAt) return shared && this.#yield(now);
    return true;
  }

  /** Too many are in flight, as a refusal here or in another process showed: takes the last growth back. */
  crowded(now: number): void {
    this.#credit = 0;
    if (this.#limit <= this.#proved) return;
    this.#cutAt = now;
    this.#limit = this.#proved;
    this.#step = 1;
    this.#rounds = Math.min(MAX_ROUNDS, this.#rounds * 2);
  }

  /** Processes joined or left: each one's share of the limit changes by this factor. */
  scale(factor: number): void {
    if (this.#limit === Infinity) return;
    this.#limit = Math.max(1, Math.floor(this.#limit * factor));
    this.#proved = this.#limit;
    this.#credit = 0;
  }

  /** The processes that share the quota agreed on a limit, of which `share` is ours; `undefined` if they found none. */
  agree(share: number | undefined): void {
    this.#limit = share ?? Infinity;
    this.#proved = this.#limit;
    this.#credit = 0;
    this.#yields = 0;
    if (share !== undefined) this.#state = 'held';
    else if (this.#state === 'held') this.#state = 'unknown';
  }

  #yield(now: number): boolean {
    if (this.#state !== 'held') return false;
    this.#yields += 1;
    if (this.#yields > MAX_YIELDS) {
      this.#yields = 0;
      return false;
    }
    this.#cutAt = now;
    this.#limit = Math.max(1, this.#limit - 1);
    this.#proved = this.#limit;
    this.#credit = 0;
    return true;
  }

  #refute(): void {
    this.#state = 'refuted';
    this.#soon = 0;
    this.#limit = Infinity;
    this.#proved = Infinity;
    this.#cutAt = -Infinity;
  }
}

/** The lowered limit after a refusal with `inService` attempts in service; that number itself if no limit was known. */
export function lessened(limit: number, inService: number): number {
  if (limit === Infinity) return inService;
  return Math.max(1, Math.floor(limit * Math.max(MIN_KEPT, Math.min(MAX_KEPT, inService / limit))));
}

/** Shared by all quotas that have refused nothing yet: without a limit its state never changes. */
export const NONE_KNOWN: InFlightLimit = new InFlightLimit();
