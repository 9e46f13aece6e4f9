import { WindowCount } from '../../ledger/window-count.ts';
import type { Estimate } from './estimate.ts';
import { ShorterTrial } from './shorter-probe.ts';
import { WiderProbe } from './wider-probe.ts';

/** A limit is doubted so soon after the window was filled, in ms and in round trips: later, what holds may be its length. */
const SOON_MS = 5;
const SOON_LATENCIES = 2;
const SOON_SHARE = 0.25;
/** After so many windows in which no doubt could be tried, a wider limit is. */
const UNDOUBTED = 4;
/** A window in which more failed than that tells nothing of its length; so many more at the most prove a limit wider. */
const MOST_FAILURES = 2;
/** A limit that is narrower than that share of what it was has changed: it may change again soon. */
const MUCH = 0.8;
/** The first attempt beyond a limit goes so much later than the last within it, in ms. */
const APART_MS = 0.5;

/** What is known of a {@link LearnedWindow} beside its estimate. */
export interface LearnedWindowOptions {
  readonly stated?: boolean;
  readonly silent?: boolean;
  readonly believedMs?: number;
}

/**
 * A window that nobody declared, as learned: so many in so long, counted as those of a declared one are, by
 * {@link WindowCount}. Where the server refuses all the same, the window is {@link revise}d.
 *
 * And it is doubted a little: whether it is {@link WiderProbe wider}, and whether it is {@link ShorterTrial shorter}.
 */
export class LearnedWindow {
  readonly count: WindowCount;
  readonly #shorter: ShorterTrial;
  readonly #wider: WiderProbe;
  readonly #silent: boolean;
  /** The server itself stated it. */
  readonly stated: boolean;
  /** When the last of those that failed were sent: the server may not have counted them. */
  #failures: number[] = [];
  #takenAt = -Infinity;
  /** When a doubt was tried last. */
  #doubtedAt: number;
  #dueAt = -Infinity;

  /**
   * @param since all in its first window is later than this
   * @param stated by the server itself: nothing to doubt
   * @param silent where the server names no wait
   * @param believedMs for so long its length is not doubted
   */
  constructor(
    estimate: Estimate,
    since: number,
    { stated = false, silent = false, believedMs = 0 }: LearnedWindowOptions = {},
  ) {
    this.#doubtedAt = since;
    this.#shorter = new ShorterTrial(estimate, since, believedMs);
    this.#wider = new WiderProbe(stated ? Infinity : since);
    this.#silent = silent;
    this.stated = stated;
    this.count = new WindowCount(this.#shorter.per, estimate.limit);
  }

  get limit(): number {
    return this.count.capacity;
  }

  /** When the next permit was due, at the last refusal that answered a doubt. */
  get dueAt(): number {
    return this.#dueAt;
  }

  /** ms. */
  get per(): number {
    return this.count.per;
  }

  /** ms; it is no shorter, as a trial has shown. */
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
    const trialAt = failed > MOST_FAILURES ? Infinity : this.#shorter.turnAt(now, oldest, latency, failed);
    return Math.min(Math.max(now, trialAt), this.count.nextExpiry(now));
  }

  take(now: number, latency: number): void {
    const full = this.count.free(now) < 1;
    const trial = this.#shorter.taken(now, full);
    if (full && !trial)
      this.#wider.taken(now, latency, Math.min(MOST_FAILURES, this.#failedSince(this.count.oldest)));
    if (full) this.#doubtedAt = now;
    this.count.take();
    this.#takenAt = now;
  }

  refund(): void {
    this.count.refund();
    this.#shorter.drop();
    this.#wider.refunded();
  }

  /** An attempt sent at `sentAt` met a fault. */
  failed(sentAt: number): void {
    this.#failures = [...this.#failures.slice(-MOST_FAILURES), sentAt];
    if (!this.#shorter.concerns(sentAt)) this.#shorter.failed();
  }

  /** An attempt sent at `sentAt` was served. Returns true when that changed what is known. */
  served(now: number, sentAt: number): boolean {
    if (this.#shorter.served(sentAt, this.limit)) {
      this.count.per = this.#shorter.per;
      return true;
    }
    const growth = this.#wider.served(now, sentAt, this.limit);
    this.count.capacity += growth;
    return growth > 0;
  }

  /** An attempt sent at `sentAt` was refused. Returns true when that is no more than an answer to a doubt of ours. */
  refused(now: number, sentAt: number): boolean {
    this.count.retract();
    const growth = this.#wider.refused(now, sentAt, this.per);
    this.count.capacity = Math.max(1, this.limit + (growth ?? 0));
    if (growth === undefined) {
      if (!this.#shorter.refused(sentAt)) return false;
      this.count.per = this.#shorter.per;
    }
    // Where none was answered yet, that is the latest.
    this.#dueAt = Math.min(this.count.nextExpiry(now), now + this.per);
    return true;
  }

  /** The quota is open again; `doubted` when it was closed because of a doubt of ours, which has cost what it took. */
  reopened(now: number, doubted: boolean): void {
    const ms = doubted && this.#dueAt !== -Infinity ? Math.max(0, now - this.#dueAt) : 0;
    this.#dueAt = -Infinity;
    this.#shorter.cost(now, ms);
    this.#wider.cost(now, ms);
  }

  /** An attempt is over, and told nothing if nothing was heard of it before. */
  ended(now: number, sentAt: number): void {
    if (this.#shorter.concerns(sentAt)) this.#shorter.drop();
    this.#wider.ended(now, sentAt, this.per);
  }

  /** It turned out to be otherwise. */
  revise({ limit, low, high }: Estimate, now: number): void {
    if (limit < this.limit * MUCH) this.#wider.narrowed(now + high);
    else this.#wider.settled(now + high);
    this.#shorter.revise(low, high);
    this.count.capacity = limit;
    this.count.per = this.#shorter.per;
  }

  /** It turned out to be as long as before its last trial: returns false where there was none. */
  regress(): boolean {
    if (!this.#shorter.regress()) return false;
    this.count.per = this.#shorter.per;
    return true;
  }

  /** How many failed that were sent from then on; one more than {@link MOST_FAILURES} stands for many. */
  #failedSince(from: number): number {
    return this.#failures.filter((at) => at >= from).length;
  }

  #justFilled(now: number, latency: number): boolean {
    const { oldest } = this.count;
    if (this.#shorter.unsure) return false;
    // Where attempts are spread over the window, there may never be a moment at which the one doubt excludes the other.
    if (now - this.#doubtedAt <= UNDOUBTED * this.per) {
      if (!this.#shorter.holds(now - oldest, latency)) return false;
      // Refused, it would close a silent server until the window is over, and leave no room for a trial of its length.
      if (this.#silent && this.#shorter.due(oldest, latency)) return false;
    }
    const soon = Math.min(Math.max(SOON_MS, latency * SOON_LATENCIES), this.per * SOON_SHARE);
    const gap = Math.min(soon, this.per / (2 * this.limit));
    return now - this.#takenAt <= soon && oldest + this.per - now > gap;
  }
}
