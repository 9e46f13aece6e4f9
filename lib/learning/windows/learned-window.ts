import { WindowCount } from '../../ledger/window-count.ts';
import type { LearnedWindowRecord } from '../../words/learned.ts';
import type { Estimate } from './estimate.ts';
import { ShorterProbe } from './shorter-probe.ts';
import { WiderProbe } from './wider-probe.ts';

/** Maximum time after the window was filled at which a wider limit is probed: ms, round trips, fraction of the window. */
const SOON_MS = 5;
const SOON_LATENCIES = 2;
const SOON_SHARE = 0.25;
/** Number of windows without any probe after which a wider limit is probed anyway. */
const MAX_UNPROBED = 4;
/** Maximum number of faults in a window that still allows a probe. */
const MAX_FAILURES = 2;
/** Fraction of its former value below which a limit has changed, and may change again soon. */
const MUCH = 0.8;
/** Delay of the first attempt beyond a limit after the last within it, in ms. */
const APART_MS = 0.5;

/** What is known of a {@link LearnedWindow} beside its estimate. */
export interface LearnedWindowOptions {
  readonly stated?: boolean;
  readonly silent?: boolean;
  readonly believedMs?: number;
  /** Time for which its limit is not probed, in ms. */
  readonly settledMs?: number;
}

/**
 * A learned window: a limit per time, counted by {@link WindowCount} as a declared one is. If the server refuses although the window
 * has room, the window is {@link revise}d. Now and then it is probed: is it {@link WiderProbe wider}, is it
 * {@link ShorterProbe shorter}?
 */
export class LearnedWindow {
  readonly count: WindowCount;
  readonly #shorter: ShorterProbe;
  readonly #wider: WiderProbe;
  readonly #silent: boolean;
  /** The server itself stated it. */
  readonly stated: boolean;
  /** Sending times of the last attempts that failed: the server may not have counted them. */
  #failures: number[] = [];
  #takenAt = -Infinity;
  /** Moment of the last probe. */
  #probedAt: number;
  #dueAt = -Infinity;

  /**
   * @param since all in its first window is later than this
   * @param stated by the server itself: its limit is not probed
   * @param silent the server sends 429s without Retry-After
   * @param believedMs time for which its length is not probed, in ms
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

  /** A window that an earlier run knew at `at`; it is probed as one that was settled. */
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

  /** What another run needs to go on from. */
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

  /** When the next permit was due, at the last refusal that answered a probe. */
  get dueAt(): number {
    return this.#dueAt;
  }

  /** ms. */
  get per(): number {
    return this.count.per;
  }

  /** Length that a probe refuted, in ms: the window is no shorter. */
  get leastPer(): number {
    return this.#shorter.refutedPer;
  }

  /**
   * The earliest moment at which an attempt may go.
   *
   * @param latency ms that an attempt takes
   */
  turnAt(now: number, latency: number): number {
    const until = this.#shorter.waitsUntil(latency);
    if (until !== undefined) {
      if (now < until) return until;
      this.#shorter.drop();
    }
    if (this.count.free(now) >= 1) return now;
    // A little later than the others, so that its answer can be told from theirs.
    const probeAt = Math.max(now, this.#wider.dueAt, this.#wider.out ? now : this.#takenAt + APART_MS);
    if (this.#justFilled(probeAt, latency)) return probeAt;
    const { oldest } = this.count;
    const failed = this.#failedSince(oldest);
    const shorterAt = failed > MAX_FAILURES ? Infinity : this.#shorter.turnAt(now, oldest, latency, failed);
    return Math.min(Math.max(now, shorterAt), this.count.nextExpiry(now));
  }

  take(now: number, latency: number): void {
    const full = this.count.free(now) < 1;
    const probes = this.#shorter.taken(now, full);
    if (full && !probes)
      this.#wider.taken(now, latency, Math.min(MAX_FAILURES, this.#failedSince(this.count.oldest)));
    if (full) this.#probedAt = now;
    this.count.take();
    this.#takenAt = now;
  }

  /** The permit taken at `sentAt` was not used; if it was a probe, that told nothing. */
  refund(sentAt: number): void {
    this.count.refund();
    if (this.#shorter.concerns(sentAt)) this.#shorter.drop();
    this.#wider.refunded(sentAt);
  }

  /** An attempt sent at `sentAt` met a fault. */
  failed(sentAt: number): void {
    this.#failures = [...this.#failures.slice(-MAX_FAILURES), sentAt];
    if (!this.#shorter.concerns(sentAt)) this.#shorter.failed();
  }

  /** An attempt sent at `sentAt` was served. Returns true if that changed what is known. */
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
    // The latest possible moment, if none was answered yet.
    this.#dueAt = Math.min(this.count.nextExpiry(now), now + this.per);
    return true;
  }

  /** The quota reopened; `probed` if a probe had closed it, which then cost the time it was closed. */
  reopened(now: number, probed: boolean): void {
    const ms = probed && this.#dueAt !== -Infinity ? Math.max(0, now - this.#dueAt) : 0;
    this.#dueAt = -Infinity;
    this.#shorter.cost(now, ms);
    this.#wider.cost(now, ms);
  }

  /** An attempt ended; if it was a probe without an answer, it said nothing. */
  ended(now: number, sentAt: number): void {
    if (this.#shorter.concerns(sentAt)) this.#shorter.drop();
    this.#wider.ended(now, sentAt, this.per);
  }

  /** The window turned out to be different. */
  revise({ limit, low, high }: Estimate, now: number): void {
    if (limit < this.limit * MUCH) this.#wider.narrowed(now + high);
    else this.#wider.settled(now + high);
    this.#shorter.revise(low, high);
    this.count.capacity = limit;
    this.count.per = this.#shorter.per;
  }

  /** The window is as long as before its last probe. Returns false if there was none. */
  regress(): boolean {
    if (!this.#shorter.regress()) return false;
    this.count.per = this.#shorter.per;
    return true;
  }

  /** Number of failed attempts sent from then on; {@link MAX_FAILURES} + 1 stands for more. */
  #failedSince(from: number): number {
    return this.#failures.filter((at) => at >= from).length;
  }

  #justFilled(now: number, latency: number): boolean {
    const { oldest } = this.count;
    if (this.#shorter.unsure) return false;
    // If attempts are spread over the window, the two probes may exclude each other for ever.
    if (now - this.#probedAt <= MAX_UNPROBED * this.per) {
      if (!this.#shorter.holds(now - oldest, latency)) return false;
      // A refusal would close a silent quota until the window is over, which leaves no room to probe its length.
      if (this.#silent && this.#shorter.due(oldest, latency)) return false;
    }
    const soon = Math.min(Math.max(SOON_MS, latency * SOON_LATENCIES), this.per * SOON_SHARE);
    const gap = Math.min(soon, this.per / (2 * this.limit));
    return now - this.#takenAt <= soon && oldest + this.per - now > gap;
  }
}
