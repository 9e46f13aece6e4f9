import { Probe } from '../probe.ts';
import type { Estimate } from './estimate.ts';

/** Precision to which a window's length is measured: as a fraction of it, in ms, and as a fraction of a round trip. */
const GRAIN_SHARE = 0.02;
const GRAIN_MS = 5;
const GRAIN_LATENCIES = 0.25;
/** Factor of a failed probe's cost: a success gains half of the doubt, so earning the cost back takes 2 · cost / doubt. */
const PAYBACK = 2;

/**
 * Probes whether a learned window is shorter. Its length lies between `low` and `high`: the first attempt of the next window is
 * sent alone, at the middle of the two, until the length is known to 2 %, 5 ms, or a quarter of a round trip. A failed probe keeps
 * the quota closed for longer; the next follows once a success could have earned that back:
 *
 *     after  2 · cost / ((high − low) / high)
 */
export class ShorterProbe {
  #low: number;
  #high: number;
  /** Upper bound before the last successful probe. */
  #before: number;
  /** Number of attempts still to be served before that probe is confirmed. */
  #unproved = 0;
  /** While it is in flight, everything else waits for it. */
  readonly probe: Probe = new Probe();
  #armed = false;
  /** When the probe is due, the length it is to test, and the length it tested: longer if it was sent later. */
  #dueAt = Infinity;
  #length = Infinity;
  #tested = Infinity;
  /** Number of attempts to be served before the probe has succeeded. */
  #missing = 1;
  /** A window may be probed if its first attempt is later than this; and the earliest moment of another probe. */
  #after: number;
  #notBefore: number;

  /**
   * @param since moment after which the first window begins
   * @param believedMs time before the length is probed, in ms
   */
  constructor({ low, high }: Estimate, since: number, believedMs: number) {
    this.#low = low;
    this.#high = high;
    this.#before = high;
    this.#after = since;
    this.#notBefore = since + believedMs;
  }

  /** Lower bound of the length, in ms. */
  get least(): number {
    return this.#low;
  }

  /** Proved length, in ms. */
  get per(): number {
    return this.#high;
  }

  /** Whether the server surely still counts everything in the window, `ms` after its first attempt. */
  holds(ms: number, latency: number): boolean {
    return ms + latency < this.#low || !this.#doubtful(latency);
  }

  /**
   * The window is full, `oldest` is its first attempt, and `failed` of its attempts failed: the server may not have counted
   * them. Returns the moment of the probe, or `Infinity`.
   */
  turnAt(now: number, oldest: number, latency: number, failed: number): number {
    if (this.#armed) return this.#dueAt;
    if (this.probe.out || now < this.#notBefore || !this.due(oldest, latency)) return Infinity;
    const middle = this.#middle;
    // It is too late for a probe at the middle.
    if (oldest === Infinity || oldest + middle < now) return Infinity;
    this.#armed = true;
    this.#dueAt = oldest + middle;
    this.#length = middle;
    this.#missing = 1 + failed;
    return this.#dueAt;
  }

  /** Whether the window that begins with `oldest` may be followed by a probe. */
  due(oldest: number, latency: number): boolean {
    return oldest > this.#after && oldest + this.#middle >= this.#notBefore && this.#doubtful(latency);
  }

  /** An attempt is sent while the window is `full` or has room. Returns true if it is the probe. */
  taken(now: number, full: boolean, latency: number): boolean {
    if (!this.#armed) return false;
    this.#armed = false;
    this.#tested = this.#length + Math.max(0, now - this.#dueAt);
    // A probe sent too late would prove nothing.
    const probe = full && now >= this.#dueAt && this.#tested < this.#high;
    if (probe) this.probe.sent(now, latency);
    return probe;
  }

  /** Discards the probe. */
  drop(): void {
    this.#armed = false;
    this.probe.end();
  }

  /** An attempt was served; the window allows `limit`. Returns true if it was the probe. */
  served(sentAt: number, limit: number): boolean {
    if (!this.concerns(sentAt)) {
      if (this.unsure && sentAt > this.#after) this.#unproved -= 1;
      return false;
    }
    this.#missing -= 1;
    if (this.#missing > 0) {
      this.probe.end();
      this.#armed = true;
      return false;
    }
    this.#before = this.#high;
    this.#high = this.#tested;
    this.#unproved = limit;
    this.#end();
    return true;
  }

  /** An attempt sent before the probe failed. */
  failed(): void {
    this.#missing += 1;
  }

  /** Whether a probe was served but is not confirmed yet. */
  get unsure(): boolean {
    return this.#unproved > 0;
  }

  /** An attempt was refused. Returns true if that answers the probe. */
  refused(sentAt: number): boolean {
    if (this.concerns(sentAt)) {
      this.#low = this.#tested;
      this.#end();
      return true;
    }
    // The probe was served early, but not the whole limit: a token bucket has a rate, not a length.
    return this.unsure && this.regress();
  }

  /** The last failed probe kept the quota closed for an extra `ms`. */
  cost(now: number, ms: number): void {
    const doubt = (this.#high - this.#low) / this.#high;
    if (doubt > 0) this.#notBefore = Math.max(this.#notBefore, now + (PAYBACK * ms) / doubt);
  }

  /** The last successful probe succeeded by luck: its length is refuted. Returns false if there was none. */
  regress(): boolean {
    if (this.#before === this.#high) return false;
    this.#low = this.#high;
    this.#high = this.#before;
    this.#unproved = 0;
    this.drop();
    return true;
  }

  /** The length turned out to be different; if `high` is unchanged, so are the bounds. */
  revise(low: number, high: number): void {
    this.drop();
    if (high === this.#high) return;
    this.#low = low;
    this.#high = high;
    this.#before = high;
    this.#unproved = 0;
  }

  concerns(sentAt: number): boolean {
    return this.probe.concerns(sentAt);
  }

  get #middle(): number {
    return (this.#low + this.#high) / 2;
  }

  #doubtful(latency: number): boolean {
    const grain = Math.max(GRAIN_MS, latency * GRAIN_LATENCIES, this.#high * GRAIN_SHARE);
    return this.#high - this.#low > grain;
  }

  #end(): void {
    this.#after = this.probe.sentAt;
    this.probe.end();
  }
}
