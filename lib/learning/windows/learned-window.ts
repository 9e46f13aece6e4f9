import { WindowCount } from '../../ledger/window-count.ts';
import type { LearnedWindowRecord } from '../../words/learned.ts';
import type { Estimate } from './estimate.ts';
import { ShorterProbe } from './shorter-probe.ts';
import { WiderProbe } from './wider-probe.ts';

/** Maximum delay of a wider probe after the window was filled: the larger of ms and round trips, up to a fraction of the window. */
const SOON_MS = 5;
const SOON_LATENCIES = 2;
const SOON_SHARE = 0.25;
/** Number of windows without a probe after which a wider limit is probed even if the length is in doubt. */
const MAX_UNPROBED = 4;
/** Maximum number of faults in a window that still allow a probe. */
const MAX_FAILURES = 2;
/** Delay before the first attempt beyond a limit, after the last within it, in ms. */
const APART_MS = 0.5;

/** Properties of a {@link LearnedWindow} beyond its estimate. */
export interface LearnedWindowOptions {
  readonly stated?: boolean;
  readonly silent?: boolean;
  readonly believedMs?: number;
  /** Time before its limit is probed, in ms. */
  readonly settledMs?: number;
}

/**
 * A learned window: a limit over time, counted by {@link WindowCount} like a declared one. If the server refuses although the
 * window has room, it is {@link revise}d. Now and then it is probed: is it {@link WiderProbe wider}, or {@link ShorterProbe
 * shorter}?
 */
export class LearnedWindow {
  readonly count: WindowCount;
  readonly #shorter: ShorterProbe;
  readonly #wider: WiderProbe;
  readonly #silent: boolean;
  /** Whether the server itself stated it. */
  readonly stated: boolean;
  /** Sending times of the last attempts that failed: the server may not have counted them. */
  #failures: number[] = [];
  #takenAt = -Infinity;
  /** Moment of the last probe. */
  #probedAt: number;
  #dueAt = -Infinity;

  /**
   * @param since moment after which its first window begins
   * @param stated whether the server itself stated it: its limit is then not probed
   * @param silent whether the server sends 429s without Retry-After
   * @param believedMs time before its length is probed, in ms
   */
  constructor(
    estimate: Estimate,
    since: number,
    { stated = false, silent = false, believedMs = 0, settledMs = 0 }: LearnedWindowOptions = {},
  ) {
    this.#probedAt = since;
    this.#shorter = new ShorterProbe(estimate, since, believedMs);
    this.#wider = new WiderProbe(stated ? Infinity : since + settledMs);
    this.#silent = silent;
    this.stated = stated;
    this.count = new WindowCount(this.#shorter.per, estimate.limit);
  }

  /** A window that an earlier run knew at `at`: neither its limit nor its length is probed for the first four windows. */
  static recalled(record: LearnedWindowRecord, at: number, now: number): LearnedWindow {
    const { limit, per, least = per, used = 0, stated = false, silent = false } = record;
    const settledMs = MAX_UNPROBED * per;
    const window = new LearnedWindow({ limit, low: Math.min(least, per), high: per }, now, {
      ...{ stated, silent, settledMs },
      believedMs: settledMs,
    });
    window.count.preset(Math.min(at, now), used);
    return window;
  }

  /** State from which another run can continue. */
  record(now: number): LearnedWindowRecord {
    const { limit, per, stated } = this;
    const used = this.count.used(now);
    return {
      ...{ limit, per, least: this.#shorter.least },
      ...(used > 0 && { used }),
      ...(stated && { stated }),
      ...(this.#silent && { silent: true }),
    };
  }

  get limit(): number {
    return this.count.capacity;
  }

  /** When the next permit was due, as of the last refusal that answered a probe. */
  get dueAt(): number {
    return this.#dueAt;
  }

  /** ms. */
  get per(): number {
    return this.count.per;
  }

  /**
   * Earliest moment at which an attempt may go.
   *
   * @param latency average round trip, in ms
   */
  turnAt(now: number, latency: number): number {
    const { probe } = this.#shorter;
    if (now < probe.until) return probe.until;
    if (probe.out) this.#shorter.drop();
    if (this.count.free(now) >= 1) return now;
    // Slightly later than the others, so that its outcome can be told from theirs.
    const probeAt = Math.max(now, this.#wider.dueAt, this.#wider.out ? now : this.#takenAt + APART_MS);
    if (this.#justFilled(probeAt, latency)) return probeAt;
    const { oldest } = this.count;
    const failed = this.#failedSince(oldest);
    const shorterAt = failed > MAX_FAILURES ? Infinity : this.#shorter.turnAt(now, oldest, latency, failed);
    return Math.min(Math.max(now, shorterAt), this.count.nextExpiry(now));
  }

  take(now: number, latency: number): void {
    const full = this.count.free(now) < 1;
    const probes = this.#shorter.taken(now, full, latency);
    if (full && !probes)
      this.#wider.taken(now, latency, Math.min(MAX_FAILURES, this.#failedSince(this.count.oldest)));
    if (full) this.#probedAt = now;
    this.count.take();
    this.#takenAt = now;
  }

  /** The permit taken at `sentAt` was not used; if it was for a probe, that said nothing. */
  refund(sentAt: number): void {
    this.count.refund();
    if (this.#shorter.concerns(sentAt)) this.#shorter.drop();
    this.#wider.refunded(sentAt);
  }

  /** An attempt sent at `sentAt` failed with a transient error. */
  failed(sentAt: number): void {
    this.#failures = [...this.#failures.slice(-MAX_FAILURES), sentAt];
    if (!this.#shorter.concerns(sentAt)) this.#shorter.failed();
  }

  /** An attempt sent at `sentAt` was served. Returns true if that changed the window. */
  served(now: number, sentAt: number): boolean {
    if (this.#shorter.served(sentAt, this.limit)) {
      this.count.per = this.#shorter.per;
      return true;
    }
    const growth = this.#wider.served(now, sentAt, this.limit);
    this.count.capacity += growth;
    return growth > 0;
  }

  /** An attempt sent at `sentAt` was refused. Returns true if that only answers a probe. */
  refused(now: number, sentAt: number): boolean {
    this.count.retract();
    const growth = this.#wider.refused(now, sentAt, this.per);
    this.count.capacity = Math.max(1, this.limit + (growth ?? 0));
    if (growth === undefined) {
      if (!this.#shorter.refused(sentAt)) return false;
      this.count.per = this.#shorter.per;
    }
    // If no attempt in the window was answered yet, the latest possible moment.
    this.#dueAt = Math.min(this.count.nextExpiry(now), now + this.per);
    return true;
  }

  /** The quota reopened. If a probe had closed it (`probed`), the probe cost the time beyond the next permit's due time. */
  reopened(now: number, probed: boolean): void {
    const ms = probed && this.#dueAt !== -Infinity ? Math.max(0, now - this.#dueAt) : 0;
    this.#dueAt = -Infinity;
    this.#shorter.cost(now, ms);
    this.#wider.cost(now, ms);
  }

  /** An attempt ended. A probe that ended without a response says nothing. */
  ended(now: number, sentAt: number): void {
    if (this.#shorter.concerns(sentAt)) this.#shorter.drop();
    this.#wider.ended(now, sentAt);
  }

  /** The window turned out to be different. */
  revise({ limit, low, high }: Estimate, now: number): void {
    this.#wider.settled(now + high);
    this.#shorter.revise(low, high);
    this.count.capacity = limit;
    this.count.per = this.#shorter.per;
  }

  /** Restores the length from before the last successful probe. Returns false if there was none. */
  regress(): boolean {
    if (!this.#shorter.regress()) return false;
    this.count.per = this.#shorter.per;
    return true;
  }

  /** Number of failed attempts sent at `from` or later, counted up to {@link MAX_FAILURES} + 1. */
  #failedSince(from: number): number {
    return this.#failures.filter((at) => at >= from).length;
  }

  #justFilled(now: number, latency: number): boolean {
    const { oldest } = this.count;
    // With attempts spread over the window, each kind of probe could block the other forever: hence the time limit.
    if (now - this.#probedAt <= MAX_UNPROBED * this.per) {
      if (!this.#shorter.holds(now - oldest, latency)) return false;
      // Without Retry-After, a refusal would close the quota until the window ends, which leaves no room to probe its length.
      if (this.#silent && this.#shorter.due(oldest, latency)) return false;
    }
    const soon = Math.min(Math.max(SOON_MS, latency * SOON_LATENCIES), this.per * SOON_SHARE);
    const gap = Math.min(soon, this.per / (2 * this.limit));
    return now - this.#takenAt <= soon && oldest + this.per - now > gap;
  }
}
