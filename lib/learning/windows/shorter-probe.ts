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
  /** What it was before the last trial that succeeded. */
  #before: number;
  /** So many have to be served yet to bear that trial out. */
  #unproved = 0;
  /** The longest that turned out too short. */
  #refutedPer = 0;
  #state: State = 'none';
  #from = Infinity;
  /** When it is due, the length that it tests then, and the one that it tested: longer, as it went later. */
  #dueAt = Infinity;
  #length = Infinity;
  #tested = Infinity;
  /** So many have to be served before it has told something. */
  #missing = 1;
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
    this.#before = high;
    this.#after = since;
    this.#notBefore = since + believedMs;
  }

  /** ms; it is longer than that. */
  get refutedPer(): number {
    return this.#refutedPer;
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

  /**
   * The window is full, `oldest` the first in it, and so many of it failed, which the server may not have counted. Returns
   * the moment of the trial; `Infinity` where there is none.
   */
  turnAt(now: number, oldest: number, latency: number, failed: number): number {
    if (this.#state === 'armed') return this.#dueAt;
    if (this.#state !== 'none' || now < this.#notBefore || !this.due(oldest, latency)) return Infinity;
    const middle = this.#middle;
    // Later than its moment a trial would prove nothing.
    if (oldest === Infinity || oldest + middle < now) return Infinity;
    this.#state = 'armed';
    this.#dueAt = oldest + middle;
    this.#length = middle;
    this.#missing = 1 + failed;
    return this.#dueAt;
  }

  /** The window whose first is `oldest` may end with a trial. */
  due(oldest: number, latency: number): boolean {
    return oldest > this.#after && oldest + this.#middle >= this.#notBefore && this.#doubtful(latency);
  }

  /** An attempt goes, of a full window or of one with room. Returns true when it is the trial. */
  taken(now: number, full: boolean): boolean {
    if (this.#state !== 'armed') return false;
    this.#tested = this.#length + Math.max(0, now - this.#dueAt);
    // Too late, a trial would prove nothing.
    const trial = full && now >= this.#dueAt && this.#tested < this.#high;
    this.#state = trial ? 'out' : 'none';
    this.#from = now;
    return trial;
  }

  /** It told nothing. */
  drop(): void {
    this.#state = 'none';
  }

  /** An attempt was served, of a window that allows so many. Returns true when it was the trial. */
  served(sentAt: number, limit: number): boolean {
    if (!this.concerns(sentAt)) {
      if (this.unsure && sentAt > this.#from) this.#unproved -= 1;
      return false;
    }
    this.#missing -= 1;
    if (this.#missing > 0) {
      this.#state = 'armed';
      return false;
    }
    this.#before = this.#high;
    this.#high = this.#tested;
    this.#unproved = limit;
    this.#end();
    return true;
  }

  /** One that was sent before the trial failed. */
  failed(): void {
    this.#missing += 1;
  }

  /** A trial was served, and not yet as many as bear it out. */
  get unsure(): boolean {
    return this.#unproved > 0;
  }

  /** An attempt was refused. Returns true when that is an answer to the trial. */
  refused(sentAt: number): boolean {
    if (this.concerns(sentAt)) {
      this.#low = this.#tested;
      this.#refutedPer = this.#tested;
      this.#end();
      return true;
    }
    // One was served early, but not as many as the limit: a token bucket has its rate, and no length.
    return this.unsure && this.regress();
  }

  /** The last failure held the quota closed for so many ms longer than it would have been. */
  cost(now: number, ms: number): void {
    const doubt = (this.#high - this.#low) / this.#high;
    if (doubt > 0) this.#notBefore = Math.max(this.#notBefore, now + (PAYMENT * ms) / doubt);
  }

  /** The last trial that succeeded was a stroke of luck: its length is refuted. Returns false where there was none. */
  regress(): boolean {
    if (this.#before === this.#high) return false;
    this.#low = this.#high;
    this.#refutedPer = this.#high;
    this.#high = this.#before;
    this.#unproved = 0;
    this.#state = 'none';
    return true;
  }

  /** The length turned out to be otherwise; where it did not, the doubt is what it was. */
  revise(low: number, high: number): void {
    this.#state = 'none';
    if (high === this.#high) return;
    this.#low = low;
    this.#high = high;
    this.#before = high;
    this.#unproved = 0;
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
