import type { Estimate } from './estimate.ts';

/** How finely the length of a window is measured, as a share of it, in ms, and as a share of a round trip. */
const GRAIN_SHARE = 0.02;
const GRAIN_MS = 5;
const GRAIN_LATENCIES = 0.25;
/** A trial that is out for so long, in ms and in latencies, may hang: it told nothing. */
const PATIENCE_MS = 1000;
const PATIENCE_LATENCIES = 4;
/** What a failed trial cost must be paid, by what half of the doubt is worth, so many times over before the next. */
const PAYMENT = 2;

type State = 'none' | 'armed' | 'out';

/**
 * The doubt whether a learned window is shorter. Its length lies between `low` and `high`: the first attempt of a window is
 * sent alone, at the middle, until that is known to 2 %, or to what cannot be told from the jitter of a round trip. A
 * trial that fails costs time, in which the quota is closed; the next comes when it would have paid for that:
 *
 *     after  2 · cost / ((high − low) / high)
 */
export class ShorterTrial {
  #low: number;
  #high: number;
  /** What it was before the last trial that succeeded, and when that was. */
  #proved: number;
  #triedAt = -Infinity;
  #state: State = 'none';
  #from = Infinity;
  /** When it was due, and the length that it tests: longer, if it goes later. */
  #dueAt = Infinity;
  #tested = Infinity;
  /** A window has turned over once all in it is later than this, and not before: time for another trial. */
  #after: number;
  #notBefore: number;

  /**
   * @param since all in its first window is later than this
   * @param believedMs for so long there is no doubt
   */
  constructor({ low, high }: Estimate, since: number, believedMs: number) {
    this.#low = low;
    this.#high = high;
    this.#proved = high;
    this.#after = since;
    this.#notBefore = since + believedMs;
  }

  /** The length that is proved, in ms. */
  get per(): number {
    return this.#high;
  }

  /** All in the window are surely in that of the server too, so many ms after the first of them. */
  holds(ms: number, latency: number): boolean {
    return ms + latency < this.#low || !this.#doubtful(latency);
  }

  /** While one is out nothing else goes; `undefined` when none is. */
  waitsUntil(latency: number): number | undefined {
    if (this.#state !== 'out') return undefined;
    return this.#from + Math.max(PATIENCE_MS, PATIENCE_LATENCIES * latency);
  }

  /** The window is full, `oldest` the first in it: returns the length to try next, if there is doubt. */
  arm(now: number, oldest: number, latency: number): number | undefined {
    if (this.#state !== 'none' || now < this.#notBefore || !this.due(oldest, latency)) return undefined;
    const middle = this.#middle;
    // Later than its moment a trial would prove nothing.
    if (oldest + middle < now) return undefined;
    this.#state = 'armed';
    this.#dueAt = oldest + middle;
    this.#tested = middle;
    return middle;
  }

  /** The window whose first is `oldest` may end with a trial. */
  due(oldest: number, latency: number): boolean {
    return oldest > this.#after && oldest + this.#middle >= this.#notBefore && this.#doubtful(latency);
  }

  /** An attempt goes. Returns false when it comes too late to be the trial. */
  taken(now: number): boolean {
    if (this.#state !== 'armed') return true;
    this.#tested += Math.max(0, now - this.#dueAt);
    this.#state = this.#tested < this.#high ? 'out' : 'none';
    this.#from = now;
    return this.#state === 'out';
  }

  /** It told nothing. */
  drop(): void {
    this.#state = 'none';
  }

  /** An attempt was served. Returns true when it was the trial. */
  served(now: number, sentAt: number): boolean {
    if (!this.concerns(sentAt)) return false;
    this.#proved = this.#high;
    this.#high = this.#tested;
    this.#triedAt = now;
    this.#end();
    return true;
  }

  /** An attempt was refused. Returns true when that is an answer to the trial. */
  refused(now: number, sentAt: number): boolean {
    if (this.concerns(sentAt)) {
      this.#low = this.#tested;
      this.#end();
      return true;
    }
    if (this.#high === this.#proved || now - this.#triedAt > this.#proved) return false;
    // One was served early, but not as many as the limit: a token bucket has its rate, and no length.
    this.#low = this.#high;
    this.#high = this.#proved;
    return true;
  }

  /** The last failure held the quota closed for so many ms longer than it would have been. */
  cost(now: number, ms: number): void {
    const doubt = (this.#high - this.#low) / this.#high;
    if (doubt > 0) this.#notBefore = Math.max(this.#notBefore, now + (PAYMENT * ms) / doubt);
  }

  /** The length turned out to be otherwise; where it did not, the doubt is what it was. */
  revise(low: number, high: number): void {
    this.#state = 'none';
    if (high <= this.#high) return;
    this.#low = low;
    this.#high = high;
    this.#proved = high;
  }

  concerns(sentAt: number): boolean {
    return this.#state === 'out' && sentAt >= this.#from;
  }

  get #middle(): number {
    return (this.#low + this.#high) / 2;
  }

  #doubtful(latency: number): boolean {
    const grain = Math.max(GRAIN_MS, latency * GRAIN_LATENCIES, this.#high * GRAIN_SHARE);
    return this.#high - this.#low > grain;
  }

  #end(): void {
    this.#state = 'none';
    this.#after = this.#from;
  }
}
