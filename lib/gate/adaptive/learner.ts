import { LearnedWindow } from './learned-window.ts';
import { ServedLog } from './served-log.ts';

/** Attempts in flight while nothing is known of a quota. */
const FIRST_FLIGHT = 12;
/** One more for so many that were served; and after so many, for fewer: a quota that bears that much is large. */
const SERVED_PER_FLIGHT = 12;
const MANY = 240;
const SERVED_PER_FLIGHT_OF_MANY = 5;
/** And one more each so many ms, so that slow answers hold nobody up for long. */
const PACE_MS = 20;
/** Reopenings nearer to each other than that, in ms and in latencies, are taken as one: their noise is too loud. */
const SHORTEST_SPAN_MS = 100;
const SPAN_LATENCIES = 4;
/** Share of a limit just learned that is in flight at once when it is tried first. */
const RAMP_SHARE = 0.25;
/** When that many are out and nothing is heard of them, one more goes after so long, in latencies and in ms. */
const STALL_LATENCIES = 4;
const SHORTEST_STALL_MS = 100;
const LONGEST_STALL_MS = 1000;
/** Weight of the newest latency in their average. */
const LATENCY_SHARE = 0.1;
/** Most windows of one quota that are learned. */
const MOST_WINDOWS = 3;
/** A window that full, as a share of its limit, agrees with a refusal. */
const FULL = 0.9;
/** A wait this much longer than a window cannot be for it. */
const BEYOND = 1.05;
/** The last reopening tells where a window began, if it is no longer ago than so many of them. */
const RECENT = 8;
const RECENT_IF_FULL = 1.5;
/** A silent server is asked again after the first wait, and then each time that is longer by this factor. */
const FIRST_SHARE = 1 / 8;
const GROWTH = 0.25;
const SHORTEST_WAIT_MS = 25;

/** What was learned of a quota. */
export interface Finding {
  readonly limit: number;
  /** ms; 0 for a limit of attempts in flight. */
  readonly perMs: number;
}

/**
 * Finds the windows of a quota that nobody declared, from what is served and what is refused.
 *
 * While nothing is known, attempts in flight are held to 12 + served/12 (beyond 240 served, /5), and one more each 20 ms: the first refusal
 * then costs few. When the quota reopens at R, after it refused at t, the attempts served since some moment s tell
 * its limit, and the first of them its length:
 *
 *     n = |{ served in (s, R) }|,   limit = n,   per = R − first of them
 *
 * which holds for fixed windows (R is their end), rolling ones (R is when their first leaves) and token buckets
 * (n tokens came in that time). s is the last reopening; or, where that is long ago, t − (R − t) · 2^k, with the k
 * that gives the highest rate: a limit guessed too high is refused and mended, one too low costs time unnoticed.
 *
 * No window asks for a wait longer than itself: one that is tells of another window.
 */
export class Learner {
  readonly #served = new ServedLog();
  #windows: LearnedWindow[] = [];
  #unanswered: number;
  #successes = 0;
  /** Exponential average, in ms. */
  #latency = 0;
  #lastTakeAt = -Infinity;
  /** The first refusal of the current closing, and the last. */
  #refusedAt: number | undefined;
  #refusedLastAt = 0;
  /** The refusal answered a doubt of ours: nothing new. */
  #expected = false;
  /** The server rounds its waits up to seconds. */
  #wholeSeconds = false;
  #reopenedAt = -Infinity;
  /** Windows that were full at the refusal. */
  #full: readonly LearnedWindow[] = [];
  /** Most attempts in flight since a reopening that taught something; grows as they are served. */
  #ramp = Infinity;

  constructor(unanswered = 0) {
    this.#unanswered = unanswered;
  }

  get windows(): readonly LearnedWindow[] {
    return this.#windows;
  }

  /** The earliest moment at which the next attempt may go; `Infinity` when only an outcome can tell. */
  turnAt(now: number): number {
    const ramped = this.#unanswered < this.#ramp ? now : Math.max(now, this.#lastTakeAt + this.#stall);
    if (this.#windows.length > 0) {
      return this.#windows.reduce(
        (turn, window) => Math.max(turn, window.turnAt(now, this.#latency)),
        ramped,
      );
    }
    const few = Math.min(MANY, this.#successes);
    const room = FIRST_FLIGHT + few / SERVED_PER_FLIGHT + (this.#successes - few) / SERVED_PER_FLIGHT_OF_MANY;
    return this.#unanswered < Math.floor(room) ? now : Math.max(now, this.#lastTakeAt + PACE_MS);
  }

  take(now: number): void {
    this.#unanswered += 1;
    this.#lastTakeAt = now;
    for (const window of this.#windows) window.take(now);
  }

  answered(at: number): void {
    this.#unanswered -= 1;
    for (const { count } of this.#windows) count.give(at);
  }

  ended(now: number, sentAt: number): void {
    for (const window of this.#windows) window.ended(now, sentAt);
  }

  refunded(): void {
    this.#unanswered -= 1;
    for (const window of this.#windows) window.refund();
  }

  /** An attempt was answered, and not refused. Returns what that taught. */
  served(now: number, sentAt: number): Finding | undefined {
    this.#served.push(now);
    this.#successes += 1;
    this.#ramp += 1;
    this.#latency += (now - sentAt - this.#latency) * (this.#successes === 1 ? 1 : LATENCY_SHARE);
    let finding: Finding | undefined;
    for (const window of this.#windows) {
      if (window.served(now, sentAt)) finding = { limit: window.limit, perMs: window.per };
    }
    return finding;
  }

  /** The server states one of its windows. Returns what was not known. */
  stated(now: number, limit: number, per: number): Finding | undefined {
    const known = this.#windows.find((window) => window.per === per);
    if (known?.limit === limit) return undefined;
    const others = this.#windows.filter((window) => window !== known);
    if (others.length === MOST_WINDOWS) others.shift();
    this.#windows = [...others, this.#remember(new LearnedWindow(limit, per, per, now, true), now)].sort(
      (a, b) => a.per - b.per,
    );
    return { limit, perMs: per };
  }

  /** An attempt was refused for the quota. */
  refused(now: number, sentAt: number, waitMs: number | undefined): void {
    let expected = false;
    const full = this.#windows.filter(({ count, limit }) => count.used(now) >= limit * FULL);
    for (const window of this.#windows) {
      window.count.retract();
      expected = window.refused(now, sentAt) || expected;
    }
    this.#refusedLastAt = now;
    if (this.#refusedAt !== undefined) {
      // Refused again after the wait that our own doubt asked for: it was more than that.
      if (sentAt > this.#refusedAt) this.#expected = false;
      return;
    }
    this.#refusedAt = now;
    this.#expected = expected;
    this.#full = full;
    this.#wholeSeconds = waitMs !== undefined && waitMs % 1000 === 0;
  }

  /** How long to wait for a server that names no wait, in ms; `first` is the longest first wait. */
  silentWait(now: number, first: number): number {
    const started = this.#refusedAt ?? now;
    if (now === started) {
      const next = Math.max(0, ...this.#windows.map(({ count }) => count.nextExpiry(now)));
      if (next > now && next < Infinity) return next - now;
    }
    const floor = Math.max(SHORTEST_WAIT_MS, this.#latency);
    const shortest = Math.max(floor, Math.min(first, ...this.#windows.map(({ per }) => per * FIRST_SHARE)));
    return Math.max(shortest * (now === started ? 1 : GROWTH), (now - started) * GROWTH);
  }

  /**
   * The quota is open again.
   *
   * @param at the moment that the server named, or at which the attempt was sent that it served
   * @param named whether it named one
   */
  reopened(now: number, at: number, named: boolean): Finding | undefined {
    const refusedAt = this.#refusedAt;
    const reopenedAt = this.#reopenedAt;
    this.#refusedAt = undefined;
    if (at - reopenedAt > this.#shortest) this.#reopenedAt = at;
    if (refusedAt === undefined || this.#expected || at <= refusedAt) return undefined;
    const wait = at - refusedAt;
    // It was rounded up by half a second, on average.
    const slack = this.#wholeSeconds ? 500 : 0;
    const near = this.#windows.find(({ per }) => wait <= per * BEYOND + slack);
    const from = this.#beginning(at, refusedAt, wait, near, reopenedAt);
    if (from === undefined) return undefined;
    const served = this.#served.between(from, at);
    // A wait in whole seconds was rounded up; then the window is most likely one of whole seconds too.
    const begin = from === reopenedAt ? from : served.oldest;
    const per = at - begin;
    if (served.count === 0 || per < this.#shortest) return undefined;
    const high = this.#wholeSeconds ? Math.max(wait, Math.floor(per / 1000) * 1000) : per;
    const low = named ? high : Math.min(high, this.#refusedLastAt - begin);
    const window = this.#remember(new LearnedWindow(served.count, low, high, at), now);
    // A longer window that allows no more makes a shorter one superfluous.
    const others = this.#windows.filter(
      (each) => each !== near && (each.per > window.per || each.limit < window.limit),
    );
    this.#windows = [...others, window].sort((a, b) => a.per - b.per).slice(-MOST_WINDOWS);
    this.#ramp = Math.max(FIRST_FLIGHT, window.limit * RAMP_SHARE);
    return { limit: window.limit, perMs: window.per };
  }

  /** A new window counts what came before it. */
  #remember(window: LearnedWindow, now: number): LearnedWindow {
    this.#served.replay(now - window.per, (moment) => window.count.preset(moment));
    window.count.presetInFlight(this.#unanswered);
    return window;
  }

  get #stall(): number {
    return Math.min(LONGEST_STALL_MS, Math.max(SHORTEST_STALL_MS, STALL_LATENCIES * this.#latency));
  }

  /** The shortest window that can be told from noise, in ms. */
  get #shortest(): number {
    return Math.max(SHORTEST_SPAN_MS, SPAN_LATENCIES * this.#latency);
  }

  /** The moment from which the served attempts of a window are counted; `undefined` when there are none. */
  #beginning(
    at: number,
    refusedAt: number,
    wait: number,
    near: LearnedWindow | undefined,
    reopenedAt: number,
  ): number | undefined {
    const served = (from: number): number => this.#served.between(from, at).count;
    const full = near !== undefined && this.#full.includes(near);
    const recent = full ? RECENT_IF_FULL * near.per : RECENT * Math.max(wait, near?.per ?? 0);
    if (refusedAt - reopenedAt <= recent && served(reopenedAt) > 0) return reopenedAt;
    if (full) return refusedAt - near.per;
    const base = Math.max(wait, this.#shortest);
    const spans = [1, 2, 4, 8].map((times) => base * times).filter((span) => span >= (near?.per ?? 0) / 4);
    if (near) spans.push(near.per);
    let best: number | undefined;
    let bestRate = 0;
    for (const span of spans) {
      const { count, oldest } = this.#served.between(refusedAt - span, at);
      const rate = count / (at - oldest);
      if (count === 0 || rate <= bestRate) continue;
      bestRate = rate;
      best = refusedAt - span;
    }
    return best;
  }
}
