/** So many of those that were refused with an attempt that was a doubt of ours may have been overtaken on their way. */
const OVERTAKEN = 3;

/**
 * A quota that closed, in moments of *sending*: an attempt sent at `refusedAt` was the first that was refused, and one
 * sent between `low` and `high` would have been the first to be served again. What an answer takes on its way back
 * does not matter so.
 */
export class Closure {
  /** When we heard of it. */
  readonly at: number;
  readonly refusedAt: number;
  /** The wait was told in whole seconds, rounded up for all that is known. */
  readonly wholeSeconds: boolean;
  /** No wait was told. */
  readonly silent: boolean;
  low: number;
  high: number;
  /** A window was full, and one more was risked. */
  doubted: boolean;
  /** It answers that doubt: nothing new. */
  expected: boolean;
  #unexplained = 0;

  /**
   * @param at when the refusal was heard
   * @param refusedAt when it was spoken, as far as that is known
   * @param doubted it answers a doubt of ours
   */
  constructor(at: number, refusedAt: number, waitMs: number | undefined, doubted: boolean) {
    this.at = at;
    this.refusedAt = refusedAt;
    this.wholeSeconds = waitMs !== undefined && waitMs % 1000 === 0;
    this.silent = waitMs === undefined;
    [this.low, this.high] = opening(refusedAt, waitMs);
    this.doubted = doubted;
    this.expected = doubted;
  }

  /** Another attempt was refused: does it answer a doubt of ours? */
  again(sentAt: number, refusedAt: number, waitMs: number | undefined, doubted: boolean): void {
    if (!doubted) {
      this.#unexplained += 1;
      const many = this.#unexplained > OVERTAKEN;
      if (many) this.doubted = false;
      // Refused again after the wait that our own doubt asked for, or so many with it: it was more than that.
      if (many || sentAt > this.at) this.expected = false;
    }
    const [low, high] = opening(refusedAt, waitMs);
    this.low = Math.max(this.low, low);
    this.high = this.high === Infinity ? high : Math.max(this.high, high);
  }

  /** It is over: an attempt was served that was sent at `servedAt`; `named` where that was the moment told. */
  end(servedAt: number, named: boolean): void {
    if (!named || this.high === Infinity) this.high = servedAt;
    this.low = Math.min(this.low, this.high);
  }
}

/** Between which moments the quota opens again. */
function opening(refusedAt: number, waitMs: number | undefined): readonly [low: number, high: number] {
  if (waitMs === undefined) return [refusedAt, Infinity];
  const high = refusedAt + waitMs;
  return [waitMs % 1000 === 0 ? high - 1000 : high, high];
}
