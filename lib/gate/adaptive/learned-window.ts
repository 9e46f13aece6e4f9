import { WindowCount } from '../window-count.ts';

/** After how many windows a wider limit is tried first, by how much later each time, and at the longest. */
const FIRST_PROBE = 4;
const PROBE_GROWTH = 2;
const RAREST_PROBE = 16;
/** A limit is widened by at most this share of itself at once. */
const WIDEST_STEP = 0.5;
/** How finely the length of a window is measured, as a share of it and in ms. */
const GRAIN_SHARE = 0.02;
const GRAIN_MS = 5;

/** A trial that is out for so long, in ms and in latencies, may hang: it told nothing. */
const PATIENCE_MS = 1000;
const PATIENCE_LATENCIES = 4;

type Trial = 'none' | 'armed' | 'out';

/**
 * A window that nobody declared, as learned: so many in so long. Enforced as a declared one is, by
 * {@link WindowCount}; and doubted a little:
 *
 * - **wider**: now and then one attempt more than the limit is sent. If it is served the limit grows by 1, 2, 4, …;
 *   if not, the next try comes after twice as many windows, up to 16.
 * - **shorter**: where the server names no wait, the length lies between the last moment that was refused and the
 *   first that was served. The first attempt of each window is sent alone, at the middle, until that is known to 2 %, or to the time that an attempt takes.
 */
export class LearnedWindow {
  readonly count: WindowCount;
  /** The length is more than this, as far as is known, in ms. */
  #low: number;
  #high: number;
  /** The length before the first trial, and when the last one succeeded. */
  readonly #proved: number;
  #triedAt = -Infinity;
  #trial: Trial = 'none';
  /** The window has turned over once all in it is later than this: time for another trial. */
  #trialAfter: number;
  #step = 1;
  #every = FIRST_PROBE;
  #probeAt: number;
  /** Attempts beyond the limit that are out, and that were served; and since when. */
  #extra = 0;
  #extraServed = 0;
  #extraEnded = 0;
  #extraFrom = Infinity;
  #filledAt = -Infinity;
  #trialFrom = Infinity;

  /** @param stated by the server itself: nothing to doubt */
  constructor(limit: number, low: number, high: number, now: number, stated = false) {
    this.#low = low;
    this.#high = high;
    this.#proved = high;
    this.#trialAfter = now;
    this.count = new WindowCount(high, limit);
    this.#probeAt = stated ? Infinity : now + high * FIRST_PROBE;
  }

  get limit(): number {
    return this.count.capacity;
  }

  /** ms. */
  get per(): number {
    return this.count.per;
  }

  /**
   * The earliest moment at which an attempt may go.
   *
   * @param latency ms that an attempt takes
   */
  turnAt(now: number, latency: number): number {
    if (this.#trial === 'out') {
      const patience = Math.max(PATIENCE_MS, PATIENCE_LATENCIES * latency);
      if (now < this.#trialFrom + patience) return this.#trialFrom + patience;
      this.count.per = this.#high;
      this.#endTrial();
    }
    if (this.count.free(now) >= 1) return now;
    if (this.#mayProbe(now, latency)) return now;
    if (this.#trial === 'none' && this.count.oldest > this.#trialAfter) this.#arm(latency);
    return this.count.nextExpiry(now);
  }

  take(now: number): void {
    if (this.count.free(now) < 1) {
      if (this.#extra === 0) this.#extraFrom = now;
      this.#extra += 1;
    } else if (this.#trial === 'armed') {
      this.#trial = 'out';
      this.#trialFrom = now;
    }
    this.count.take();
    if (this.count.free(now) === 0) this.#filledAt = now;
  }

  refund(): void {
    this.count.refund();
    this.#trial = 'none';
    this.#extra = Math.max(0, this.#extra - 1);
  }

  /** An attempt sent at `sentAt` was served. Returns true when that changed what is known. */
  served(now: number, sentAt: number): boolean {
    if (this.#trial === 'out' && sentAt >= this.#trialFrom) {
      this.#high = this.per;
      this.#triedAt = now;
      this.#endTrial();
      return true;
    }
    if (this.#extra === 0 || sentAt < this.#extraFrom) return false;
    this.#extraServed += 1;
    if (this.#extraServed < this.#step) return false;
    this.count.capacity += this.#step;
    this.#step = Math.max(1, Math.min(this.#step * 2, Math.floor(this.limit * WIDEST_STEP)));
    this.#every = FIRST_PROBE;
    this.#endProbe(now);
    return true;
  }

  /** An attempt sent at `sentAt` was refused. Returns true when that is no more than an answer to a doubt of ours. */
  refused(now: number, sentAt: number): boolean {
    if (this.#trial === 'out' && sentAt >= this.#trialFrom) {
      this.#low = this.per;
      this.#endTrial();
      this.count.per = this.#high;
      return true;
    }
    if (this.#high < this.#proved && now - this.#triedAt <= this.#proved) {
      // One was served early, but not as many as the limit: a token bucket. It has its rate, and no length.
      this.#low = this.#high = this.count.per = this.#proved;
      return true;
    }
    if (this.#extra === 0 || sentAt < this.#extraFrom) return false;
    this.count.capacity += this.#extraServed;
    this.#step = 1;
    this.#every = Math.min(RAREST_PROBE, this.#every * PROBE_GROWTH);
    this.#endProbe(now + this.#every * this.per);
    return true;
  }

  /** An attempt is over, and told nothing if nothing was heard of it before. */
  ended(now: number, sentAt: number): void {
    if (this.#trial === 'out' && sentAt >= this.#trialFrom) this.#trial = 'none';
    if (this.#extra === 0 || sentAt < this.#extraFrom) return;
    this.#extraEnded += 1;
    if (this.#extraEnded > this.#extra) this.#endProbe(now + this.#every * this.per);
  }

  /**
   * Just after the window was filled: then a refusal costs the least. And with nothing about to leave it: what our
   * count holds for as long as an attempt takes after the server let it go would tell nothing.
   */
  #mayProbe(now: number, latency: number): boolean {
    if (now < this.#probeAt || this.#extra >= this.#step) return false;
    const soon = Math.max(GRAIN_MS, 2 * latency);
    return now - this.#filledAt <= soon && this.count.nextExpiry(now) - now > soon;
  }

  #endProbe(probeAt: number): void {
    this.#probeAt = probeAt;
    this.#extra = 0;
    this.#extraServed = 0;
    this.#extraEnded = 0;
    this.#extraFrom = Infinity;
  }

  #endTrial(): void {
    this.#trial = 'none';
    this.#trialAfter = this.#trialFrom;
  }

  /** The next window ends in the middle of what its length may be, if that can be told from noise. */
  #arm(latency: number): void {
    const gap = this.#high - this.#low;
    if (gap <= Math.max(GRAIN_MS, latency, this.#high * GRAIN_SHARE)) return;
    this.count.per = (this.#low + this.#high) / 2;
    this.#trial = 'armed';
  }
}
