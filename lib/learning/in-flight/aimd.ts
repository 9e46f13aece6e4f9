import { Growth } from '../growth.ts';

/** Number of rounds before the limit grows: initially, and at most, after refuted growth. */
const FIRST_ROUNDS = 4;
const MAX_ROUNDS = 16;
/** Maximum growth in one step, as a fraction of the limit. */
const MAX_STEP = 0.25;
/** Number of queued attempts per permit that makes growth worth a fault; credit of an attempt served while fewer are queued. */
const WORTH = 32;
const RARELY = 1 / 32;
/** Time without a cut after which the limit may be obsolete, in ms: minimum, factor whenever it was not, and maximum. */
const MIN_QUIET_MS = 3000;
const QUIET_FACTOR = 4;
const MAX_QUIET_MS = 120_000;
/** Factor of growth if the limit is doubtful or may be obsolete, and interval in the second case, in ms. */
const FAST = 1.5;
const FAST_STEP_MS = 1000;

/**
 * A limit by additive increase and multiplicative decrease. It grows by 1, 2, 4, … after 4 rounds at full use ({@link Growth}),
 * or 32 times as many if few are queued, and a cut goes no lower than before the last growth.
 *
 * After a first cut, which may be a mistake, it is doubtful: it grows by half in each round until the next. 3 s after the last cut
 * it may be obsolete: it grows by half each second; if that was wrong, the next such growth comes after four times as long.
 *
 * Source: D. Chiu, R. Jain, "Analysis of the Increase and Decrease Algorithms for Congestion Avoidance", 1989; the
 * shape of Netflix's concurrency-limits (AIMDLimit).
 */
export class Aimd {
  limit: number = Infinity;
  /** Outcomes of attempts sent before this moment say nothing about the current limit. */
  changedAt: number = -Infinity;
  /** The limit before its last growth, which the server bore; 0 if it was cut since. */
  #grownFrom = 0;
  /** Attempts served at full use since the last change. */
  #credit = 0;
  readonly #growth = new Growth(FIRST_ROUNDS, MAX_ROUNDS, MAX_STEP);
  #doubtful = false;
  /** Moment from which it may be obsolete, and whether it has grown since that came. */
  #obsoleteAt = -Infinity;
  #tried = false;
  #quietMs = MIN_QUIET_MS;

  /** Whether it has grown since it was last cut. */
  get grown(): boolean {
    return this.#grownFrom > 0;
  }

  /** The limit turned out to be different. */
  set(limit: number): void {
    this.limit = limit;
    this.#grownFrom = 0;
    this.#credit = 0;
  }

  /** A test holds it down for the moment. */
  hold(now: number, limit: number): void {
    this.limit = limit;
    this.#obsoleteAt = now + this.#quietMs;
  }

  /** A test showed the limit. */
  settle(now: number, limit: number, doubtful: boolean): void {
    this.#growth.restart();
    this.#judged(now, doubtful);
    this.set(limit);
  }

  /** Too many are in flight. */
  cut(now: number, to: number, doubtful = false): void {
    const least = this.#grownFrom;
    if (least > to) this.#growth.refuted();
    else this.#growth.restart();
    this.#judged(now, doubtful);
    this.set(Math.max(least, to));
  }

  /** Growth has to be earned anew. */
  discourage(): void {
    this.#credit = 0;
  }

  /**
   * An attempt was served at full use, with `waiting` queued. Returns true if the limit grew.
   *
   * @param cheap whether growth beyond what the server takes costs no more than a resent attempt
   */
  served(now: number, waiting: number, cheap: boolean): boolean {
    if (!cheap && now >= this.#obsoleteAt) {
      this.#obsoleteAt = now + FAST_STEP_MS;
      this.#tried = true;
      return this.#grow(Math.ceil(this.limit * FAST));
    }
    const worth = cheap || this.#doubtful || waiting >= WORTH * this.limit;
    this.#credit += worth ? 1 : RARELY;
    const rounds = this.#doubtful ? 1 : this.#growth.rounds;
    if (this.#credit < rounds * this.limit) return false;
    if (this.#doubtful) return this.#grow(Math.ceil(this.limit * FAST));
    if (this.grown) this.#growth.borne(this.limit);
    return this.#grow(this.limit + this.#growth.step);
  }

  #grow(to: number): true {
    this.#grownFrom = this.limit;
    this.limit = to;
    this.#credit = 0;
    return true;
  }

  /** It was proved, or proved wrong. */
  #judged(now: number, doubtful: boolean): void {
    this.changedAt = now;
    if (this.#tried) this.#quietMs = Math.min(MAX_QUIET_MS, this.#quietMs * QUIET_FACTOR);
    this.#tried = false;
    this.#obsoleteAt = now + this.#quietMs;
    this.#doubtful = doubtful;
  }
}
