/** A wider limit is tried again after so many windows at first, by how much later each time, and at the longest. */
const FIRST = 1;
const GROWTH = 2;
const RAREST = 6;
/** A limit is widened by at most this share of itself at once. */
const WIDEST_STEP = 0.5;
/** So many more may be refused than were sent beyond the limit: those that failed, or came a little early. */
const SPARE_EXCUSES = 2;
/** The time that a probe costs when it fails is to be so small a share of the time between two, at the most. */
const COST_SHARE = 1 / 8;

/**
 * The doubt whether a learned limit is wider: when the window is full, one attempt more than the limit is sent. If it is
 * served the limit grows by 1, 2, 4, …; if not, the next try comes after twice as many windows, up to 6, and never so
 * soon that failing would cost more than an eighth of the time.
 */
export class WiderProbe {
  #at: number;
  #step = 1;
  #every = FIRST;
  /** Attempts beyond the limit: sent, served and ended; and since when. */
  #extra = 0;
  #served = 0;
  #ended = 0;
  /** So many within the limit failed, which the server may not have counted: so many more prove nothing. */
  #failed = 0;
  #from = Infinity;
  /**
   * When those were sent, first and last, that the last extra ones may have overtaken on their way: one of them may be
   * refused in the place of an extra one.
   */
  #overtakenFrom = Infinity;
  #overtakenTo = -Infinity;
  /** So many refusals of those are explained by that. */
  #excuses = 0;
  /** By how much the limit grew since. */
  #gained = 0;

  constructor(at: number) {
    this.#at = at;
  }

  /** When one more than the limit may be risked. */
  get dueAt(): number {
    return this.#extra < this.#step + this.#failed ? this.#at : Infinity;
  }

  /** One more than the limit is out already. */
  get out(): boolean {
    return this.#extra > 0;
  }

  /** One more than the limit goes; it takes so many ms, and so many within the limit failed. */
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

  refunded(): void {
    this.#extra = Math.max(0, this.#extra - 1);
  }

  /** An attempt was served. Returns by how much a limit of so many grows. */
  served(now: number, sentAt: number, limit: number): number {
    if (!this.#concerns(sentAt)) return 0;
    this.#served += 1;
    if (this.#served < this.#step + this.#failed) return 0;
    const growth = this.#step;
    this.#step = Math.max(1, Math.min(growth * 2, Math.floor((limit + growth) * WIDEST_STEP)));
    this.#every = FIRST;
    this.#gained += growth;
    // Those that it overtook may still be refused in its place: they have half a round trip more.
    this.#end(now + (now - this.#from) / 2);
    return growth;
  }

  /** An attempt was refused. Returns by how much the limit grows all the same; `undefined` when it was no probe. */
  refused(now: number, sentAt: number, per: number): number | undefined {
    if (sentAt < this.#overtakenFrom || sentAt > this.#overtakenTo) return undefined;
    if (this.#excuses === 0) return undefined;
    this.#excuses -= 1;
    const probing = this.#extra > 0;
    const growth = probing ? Math.max(0, this.#served - this.#failed) : -Math.min(1, this.#gained);
    this.#gained += growth;
    if (!probing && this.#step === 1) return growth;
    this.#step = 1;
    this.#end(now + this.#every * per);
    this.#every = Math.min(RAREST, this.#every * GROWTH);
    return growth;
  }

  /** An attempt is over, and told nothing if nothing was heard of it before. */
  ended(now: number, sentAt: number, per: number): void {
    if (!this.#concerns(sentAt)) return;
    this.#ended += 1;
    if (this.#ended > this.#extra) this.#end(now + this.#every * per);
  }

  /** The last failure held the quota closed for so many ms longer than it would have been. */
  cost(now: number, ms: number): void {
    this.#at = Math.max(this.#at, now + ms / COST_SHARE);
  }

  /** The limit turned out to be much narrower: it is doubted anew. */
  narrowed(at: number): void {
    this.#every = FIRST;
    this.#at = at;
    this.settled(at);
  }

  /** The limit turned out a little otherwise: what was out tells nothing. */
  settled(at: number): void {
    this.#step = 1;
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
