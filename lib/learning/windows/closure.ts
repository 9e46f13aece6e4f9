/** Maximum number of refusals beside a probe that may be requests the probe overtook in flight. */
const MAX_OVERTAKEN = 3;

/**
 * One closing of a quota, in moments of *sending*: an attempt sent at `refusedAt` was the first refused; one sent between `low` and
 * `high` would have been the first served again. So the time that answers take to come back does not matter.
 */
export class Closure {
  /** Moment at which the refusal arrived. */
  readonly at: number;
  readonly refusedAt: number;
  /** The wait was in whole seconds, probably rounded up. */
  readonly wholeSeconds: boolean;
  /** A 429 without Retry-After. */
  readonly silent: boolean;
  low: number;
  high: number;
  /** The refused attempt was a probe beyond a full window. */
  probed: boolean;
  /** The refusal only answers that probe: nothing new. */
  expected: boolean;
  /** ms from the refusal's arrival to the sending of the attempt that was served. */
  lastedMs: number = Infinity;
  /** When the refused attempt was sent. */
  readonly #sentAt: number;
  /**
   * Attempts that the server had in service when it refused: those sent no later than the refused one, and served no sooner than
   * halfway to its answer.
   */
  inService: number;
  #unexplained = 0;

  /**
   * @param at moment at which the refusal arrived
   * @param refusedAt moment at which the server refused, as far as known
   * @param probed it answers a probe
   * @param sentAt when the refused attempt was sent
   * @param inService attempts in service when it was refused that are answered
   */
  constructor(
    at: number,
    refusedAt: number,
    waitMs: number | undefined,
    probed: boolean,
    sentAt: number,
    inService: number,
  ) {
    this.at = at;
    this.#sentAt = sentAt;
    this.inService = inService;
    this.refusedAt = refusedAt;
    this.wholeSeconds = waitMs !== undefined && waitMs % 1000 === 0;
    this.silent = waitMs === undefined;
    [this.low, this.high] = opening(refusedAt, waitMs);
    this.probed = probed;
    this.expected = probed;
  }

  /** An attempt was served that was in flight. */
  served(sentAt: number): void {
    if (sentAt <= this.#sentAt) this.inService += 1;
  }

  /** Another attempt was refused. */
  again(sentAt: number, refusedAt: number, waitMs: number | undefined, probed: boolean): void {
    if (!probed) {
      this.#unexplained += 1;
      const many = this.#unexplained > MAX_OVERTAKEN;
      if (many) this.probed = false;
      // Refused again after the probe's own wait, or with many others: more than the probe's answer.
      if (many || sentAt > this.at) this.expected = false;
    }
    const [low, high] = opening(refusedAt, waitMs);
    this.low = Math.max(this.low, low);
    this.high = this.high === Infinity ? high : Math.max(this.high, high);
  }

  /** The quota reopened: an attempt that arrived at `servedAt` was served; `named` if the server had named that moment. */
  end(servedAt: number, named: boolean, sentAt: number): void {
    this.lastedMs = sentAt - this.at;
    if (!named || this.high === Infinity) this.high = servedAt;
    this.low = Math.min(this.low, this.high);
  }
}

/** Earliest and latest moment of reopening. */
function opening(refusedAt: number, waitMs: number | undefined): readonly [low: number, high: number] {
  if (waitMs === undefined) return [refusedAt, Infinity];
  const high = refusedAt + waitMs;
  return [waitMs % 1000 === 0 ? high - 1000 : high, high];
}
