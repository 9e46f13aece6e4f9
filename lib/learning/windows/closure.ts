/** Maximum number of refusals beside a probe that may be requests the probe overtook in flight. */
const MAX_OVERTAKEN = 3;

/**
 * One closing of a quota, from the first refusal until an attempt is served again. The first refusal was at `refusedAt`, the
 * reopening between `low` and `high`: estimated *arrivals at the server*, so that response times do not matter.
 */
export class Closure {
  /** Moment at which the refusal arrived here. */
  readonly at: number;
  readonly refusedAt: number;
  /** The named wait was in whole seconds, probably rounded up. */
  readonly wholeSeconds: boolean;
  /** A 429 without Retry-After. */
  readonly silent: boolean;
  low: number;
  high: number;
  /** The refused attempt was a probe of a full window. */
  probed: boolean;
  /** The refusal only answers that probe: it is no new evidence. */
  expected: boolean;
  /** ms from the first refusal's response to the sending of the attempt that was served. */
  lastedMs: number = Infinity;
  /** When the refused attempt was sent. */
  readonly #sentAt: number;
  /**
   * Attempts the server had in service when it refused: those sent no later than the refused one and answered no earlier than
   * halfway between its sending and its refusal.
   */
  inService: number;
  #unexplained = 0;

  /**
   * @param at moment at which the refusal arrived here
   * @param refusedAt estimated moment at which the server refused
   * @param probed whether the refused attempt was a probe
   * @param sentAt when the refused attempt was sent
   * @param inService attempts in service at the refusal that have been answered since
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

  /** An attempt was served. */
  served(sentAt: number): void {
    if (sentAt <= this.#sentAt) this.inService += 1;
  }

  /** Another attempt was refused. */
  again(sentAt: number, refusedAt: number, waitMs: number | undefined, probed: boolean): void {
    if (!probed) {
      this.#unexplained += 1;
      const many = this.#unexplained > MAX_OVERTAKEN;
      if (many) this.probed = false;
      // More than the probe's answer: too many others were refused, or one sent after the first refusal was known.
      if (many || sentAt > this.at) this.expected = false;
    }
    const [low, high] = opening(refusedAt, waitMs);
    this.low = Math.max(this.low, low);
    this.high = this.high === Infinity ? high : Math.max(this.high, high);
  }

  /** The quota reopened: an attempt that reached the server at `servedAt` was served; `named` if the server named that moment. */
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
