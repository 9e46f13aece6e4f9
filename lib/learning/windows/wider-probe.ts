import { Growth } from '../growth.ts';

/** Number of windows between two probes: after the first failure, and at most. */
const FIRST_WINDOWS = 1;
const MAX_WINDOWS = 6;
/** Maximum growth in one step, as a fraction of the limit. */
const MAX_STEP = 0.5;
/** Number of refusals explained beyond the number of extra attempts: of attempts that failed, or came a little early. */
const SPARE_EXCUSES = 2;
/** Maximum cost of a failed probe, as a fraction of the time until the next. */
const COST_SHARE = 1 / 8;

/**
 * Probes whether a learned limit is wider: when the window is full, attempts beyond the limit are sent, at first one. If they are
 * served, the limit grows by 1, 2, 4, …; if not, the next probe follows after twice as many windows, up to 6, and late enough that
 * failures cost at most an eighth of the time.
 */
export class WiderProbe {
  #at: number;
  readonly #growth = new Growth(FIRST_WINDOWS, MAX_WINDOWS, MAX_STEP);
  /** Number of attempts beyond the limit: sent, served, ended. */
  #extra = 0;
  #served = 0;
  #ended = 0;
  /** Number of failed attempts within the limit: the server may not have counted them, so as many extra ones prove nothing. */
  #failed = 0;
  /** When the first attempt beyond the limit was sent. */
  #from = Infinity;
  /**
   * First and last sending time of attempts that the extra ones may have overtaken: one of them may be refused in place of an
   * extra one.
   */
  #overtakenFrom = Infinity;
  #overtakenTo = -Infinity;
  /** Number of refusals that this can still explain. */
  #excuses = 0;
  /** Growth of the limit since `#overtakenFrom`. */
  #gained = 0;

  constructor(at: number) {
    this.#at = at;
  }

  /** Moment at which one attempt beyond the limit may be sent. */
  get dueAt(): number {
    return this.#extra < this.#growth.step + this.#failed ? this.#at : Infinity;
  }

  /** Whether an attempt beyond the limit is in flight. */
  get out(): boolean {
    return this.#extra > 0;
  }

  /** An attempt beyond the limit is sent; attempts take `latency` ms, and `failed` within the limit failed. */
  taken(now: number, latency: number, failed: number): void {
    if (this.#extra === 0) {
      this.#from = now;
      this.#failed = failed;
      this.#excuses = SPARE_EXCUSES;
    }
    this.#excuses += 1;
    this.#extra += 1;
    if (now - latency > this.#overtakenTo) {
      this.#overtakenFrom = now - latency;
      this.#gained = 0;
    }
    this.#overtakenTo = now;
  }

  /** The permit taken at `sentAt` was not used. */
  refunded(sentAt: number): void {
    if (this.#concerns(sentAt)) this.#extra -= 1;
  }

  /** An attempt was served. Returns the growth of `limit`. */
  served(now: number, sentAt: number, limit: number): number {
    if (!this.#concerns(sentAt)) return 0;
    this.#served += 1;
    if (this.#served < this.#growth.step + this.#failed) return 0;
    const growth = this.#growth.step;
    this.#growth.borne(limit + growth);
    this.#gained += growth;
    // Attempts that the probe overtook may still be refused in its place: allow half a round trip more.
    this.#end(now + (now - this.#from) / 2);
    return growth;
  }

  /** An attempt was refused. Returns the change of the limit, or `undefined` if the refusal does not answer a probe. */
  refused(now: number, sentAt: number, per: number): number | undefined {
    if (sentAt < this.#overtakenFrom || sentAt > this.#overtakenTo) return undefined;
    if (this.#excuses === 0) return undefined;
    this.#excuses -= 1;
    const probing = this.#extra > 0;
    const growth = probing ? Math.max(0, this.#served - this.#failed) : -Math.min(1, this.#gained);
    this.#gained += growth;
    if (!probing && this.#growth.step === 1) return growth;
    this.#end(now + this.#growth.rounds * per);
    this.#growth.refuted();
    return growth;
  }

  /** An attempt ended. A probe that ended without a response says nothing. */
  ended(now: number, sentAt: number): void {
    if (!this.#concerns(sentAt)) return;
    this.#ended += 1;
    if (this.#ended > this.#extra) this.#end(now);
  }

  /** The last failed probe kept the quota closed for an extra `ms`. */
  cost(now: number, ms: number): void {
    this.#at = Math.max(this.#at, now + ms / COST_SHARE);
  }

  /** The limit turned out to be different: ignore probes in flight. */
  settled(at: number): void {
    this.#growth.step = 1;
    this.#gained = 0;
    this.#end(Math.max(this.#at, at));
  }

  #concerns(sentAt: number): boolean {
    return this.#extra > 0 && sentAt >= this.#from;
  }

  #end(at: number): void {
    this.#at = at;
    this.#extra = 0;
    this.#served = 0;
    this.#ended = 0;
    this.#failed = 0;
    this.#from = Infinity;
  }
}
