import type { Finding } from '../finding.ts';
import { InFlightLimit, NONE_KNOWN } from '../in-flight/refusals.ts';
import { RoundTrip } from '../round-trip.ts';
import { Closure } from './closure.ts';
import {
  BEYOND,
  type Estimate,
  estimate,
  inWholeSeconds,
  type Known,
  longestOf,
  revise,
} from './estimate.ts';
import { LearnedWindow } from './learned-window.ts';
import { FIRST_FLIGHT, paced } from './pace.ts';
import { SentLog } from './sent-log.ts';
import { SilentWait, shortest } from './silent-wait.ts';

/** Windows shorter than that, in ms and in latencies, cannot be told from noise. */
const SHORTEST_SPAN_MS = 100;
const SPAN_LATENCIES = 0.5;
/** Share of a limit just learned that is in flight at once when it is tried first. */
const RAMP_SHARE = 0.25;
/** When that many are out and nothing is heard of them, one more goes after so long, in latencies and in ms. */
const STALL_LATENCIES = 4;
const SHORTEST_STALL_MS = 100;
const LONGEST_STALL_MS = 1000;
/** Most windows of one quota that are learned. */
const MOST_WINDOWS = 3;
/** A window that full, as a share of its limit, agrees with a refusal. */
const FULL = 0.9;
/** A wait in whole seconds is taken for that of a window of whole seconds, until so many of them have passed. */
const BELIEVED = 5;
/** That it took longer than a window by this share of it is worth a second thought. */
const SURPRISE = 0.01;
/** A wait that ends before a full window would, by this share of it, is not for it. */
const REFUTED = 0.5;

/**
 * Finds the windows of a quota that nobody declared, from what is served and what is refused.
 * While nothing is known, attempts are {@link paced}. {@link estimate} and {@link revise} read what a closing tells,
 * {@link LearnedWindow} keeps a window and probes it, {@link InFlightLimit} finds a limit that is no matter of time. A
 * window never imposes a wait longer than its own length; a longer wait reveals another window.
 */
export class Learner {
  readonly #served = new SentLog();
  #windows: LearnedWindow[] = NO_WINDOWS;
  #unanswered: number;
  #successes = 0;
  readonly #trip = new RoundTrip();
  #inFlight: InFlightLimit = NONE_KNOWN;
  #lastTakeAt = -Infinity;
  #closing: Closure | undefined;
  readonly #silentWait = new SilentWait();
  /** The last reopening that was told from the one before: when an attempt had to be sent, and when one could be. */
  #reopenedAt = -Infinity;
  #openSince = -Infinity;
  /** Most attempts in flight since a reopening that taught something; grows as they are served. */
  #ramp = Infinity;

  constructor(unanswered = 0) {
    this.#unanswered = unanswered;
  }

  get windows(): readonly LearnedWindow[] {
    return this.#windows;
  }

  /** Most attempts in flight, where the server refuses more; `Infinity` where that is not known. */
  get inFlight(): number {
    return this.#inFlight.limit;
  }

  /** ms that an attempt takes; 0 while that is not known. */
  get latency(): number {
    return this.#trip.average;
  }

  /** The earliest moment at which the next attempt may go; `Infinity` when only an outcome can tell. */
  turnAt(now: number): number {
    const ramped = Math.max(now, this.#lastTakeAt + this.#stall);
    if (this.#windows.length > 0) {
      return this.#windows.reduce(
        (turn, window) => Math.max(turn, window.turnAt(now, this.#trip.average)),
        ramped,
      );
    }
    if (this.inFlight < Infinity) return ramped;
    return paced(now, this.#lastTakeAt, this.#unanswered, this.#successes);
  }

  take(now: number): void {
    this.#unanswered += 1;
    this.#lastTakeAt = now;
    for (const window of this.#windows) window.take(now, this.#trip.average);
  }

  /** An attempt sent at `sentAt` was answered. */
  answered(at: number, sentAt: number): void {
    this.#unanswered -= 1;
    for (const { count } of this.#windows) count.give(this.#trip.arrival(at, sentAt));
  }

  ended(now: number, sentAt: number): void {
    for (const window of this.#windows) window.ended(now, sentAt);
  }

  refunded(): void {
    this.#unanswered -= 1;
    for (const window of this.#windows) window.refund();
  }

  /** An attempt met a fault. */
  failed(sentAt: number): void {
    for (const window of this.#windows) window.failed(sentAt);
  }

  /** An attempt was answered, and not refused, with so many in flight, itself included. Returns what that taught. */
  served(now: number, sentAt: number, inFlight: number): Finding | undefined {
    this.#trip.push(now - sentAt);
    this.#served.push(this.#trip.arrival(now, sentAt));
    this.#successes += 1;
    this.#ramp += 1;
    let finding: Finding | undefined;
    if (this.#inFlight.served(inFlight)) finding = { limit: this.inFlight, perMs: 0 };
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
    const window = new LearnedWindow({ limit, low: per, high: per }, now, { stated: true });
    this.#windows = [...others, this.#remember(window, now)].sort((a, b) => a.per - b.per);
    return { limit, perMs: per };
  }

  /** An attempt was refused for the quota. Returns true when it may just go again when another has ended. */
  refused(now: number, sentAt: number, waitMs: number | undefined): boolean {
    if (waitMs === undefined && this.#inFlight.refused(now, sentAt)) return true;
    this.#refused(now, sentAt, waitMs);
    return false;
  }

  #refused(now: number, sentAt: number, waitMs: number | undefined): void {
    const doubted = this.#windows.map((window) => window.refused(now, sentAt)).includes(true);
    const arrival = this.#trip.arrival(now, sentAt);
    if (this.#closing) {
      this.#closing.again(sentAt, arrival, waitMs, doubted);
      return;
    }
    // One that was under way when the quota closed before tells nothing of how long it is open since.
    if (sentAt < this.#openSince) return;
    const closing = new Closure(now, arrival, waitMs, doubted);
    this.#closing = closing;
    const { jitter } = this.#trip;
    // Of a window that is full the server would ask for a longer wait: that it does not refutes the window. A wait
    // that short as attempts overtake each other tells no more than that.
    const told = closing.high - arrival > 2 * jitter;
    const kept = this.#windows.filter(({ dueAt, per }) => !told || closing.high >= dueAt - per * REFUTED);
    const refuted = kept.length < this.#windows.length;
    this.#windows = kept;
    const due = Math.max(...kept.map(({ dueAt, per }) => dueAt + per * SURPRISE));
    // To a doubt of ours the answer may be a surprise all the same: that it takes longer than the window.
    if (refuted || closing.low > due + jitter) closing.expected = false;
  }

  /** How long to wait for a server that names no wait, in ms; `first` is the longest first wait. */
  silentWait(now: number, first: number): number {
    const started = this.#closing?.at ?? now;
    if (now === started || this.#closing?.expected) {
      const next = Math.max(0, ...this.#windows.map(({ count }) => count.nextExpiry(now)));
      if (next > now && next < Infinity) return next - now;
    }
    const least = shortest(first, this.#trip.average, this.#windows);
    return now === started
      ? this.#silentWait.first(least, this.#trip.average, this.#inFlight.possible)
      : this.#silentWait.next(now - started, least);
  }

  /**
   * The quota is open again.
   *
   * @param at the moment that the server named, or at which the attempt was sent that it served
   * @param named whether it named one
   */
  reopened(now: number, at: number, named: boolean): Finding | undefined {
    const closing = this.#closing;
    this.#closing = undefined;
    if (!closing) return undefined;
    closing.end(this.#trip.arrival(now, at), named);
    const reopenedAt = this.#reopenedAt;
    if (closing.high - reopenedAt > this.#shortest) this.#reopenedAt = closing.high;
    this.#openSince = at;
    for (const window of this.#windows) window.reopened(now, closing.expected);
    if (closing.expected) return undefined;
    const trip = this.#trip.average;
    // What is sent within one round trip is in service at its end.
    const inService = this.#served.between(closing.refusedAt - trip, closing.refusedAt + 1).count;
    if (closing.silent && this.#inFlight === NONE_KNOWN) this.#inFlight = new InFlightLimit();
    if (closing.silent && this.#inFlight.reopened(at - closing.at, inService, trip)) {
      return { limit: this.inFlight, perMs: 0 };
    }
    return this.#learn(now, closing, reopenedAt);
  }

  /** Draws the conclusion from a closing, and drops what is superfluous after it. */
  #learn(now: number, closing: Closure, reopenedAt: number): Finding | undefined {
    const finding = this.#conclude(now, closing, reopenedAt);
    const windows = this.#windows;
    this.#windows = windows.filter((each) => each.stated || !windows.some((other) => implies(other, each)));
    return finding;
  }

  #conclude(now: number, closing: Closure, reopenedAt: number): Finding | undefined {
    const wait = closing.low - closing.refusedAt;
    const fitting = this.#windows.filter(({ per }) => wait <= per * BEYOND);
    const full = this.#windows.filter(
      ({ per, limit }) =>
        this.#served.between(closing.refusedAt - per, closing.refusedAt).count >= limit * FULL,
    );
    const near = fitting.find((window) => full.includes(window)) ?? fitting[0];
    const revised = near && revise(this.#served, closing, this.#knownOf(near), reopenedAt, this.#trip.jitter);
    if (near && revised) {
      near.revise(revised, now);
      return { limit: near.limit, perMs: near.per };
    }
    if (near?.regress()) return { limit: near.limit, perMs: near.per };
    // Where another window shows itself before a known one is full, the reopenings so far were those of that one.
    const rounded = closing.wholeSeconds && near && closing.high - closing.refusedAt > near.per * BEYOND;
    const beyond = rounded || !near;
    const other = beyond && !closing.doubted && full.length === 0 && this.#windows.length > 0;
    const since = other ? -Infinity : reopenedAt;
    const found = estimate(this.#served, closing, since, this.#shortest);
    if (!found) return undefined;
    const window = this.#remember(this.#windowOf(this.#bounded(found), closing, now), now);
    // A longer window that allows no more makes a shorter one superfluous.
    const others = this.#windows.filter(
      (each) => (other || each !== near) && (each.per > window.per || each.limit < window.limit),
    );
    this.#windows = [...others, window].sort((a, b) => a.per - b.per).slice(-MOST_WINDOWS);
    this.#ramp = Math.max(FIRST_FLIGHT, window.limit * RAMP_SHARE);
    return { limit: window.limit, perMs: window.per };
  }

  #knownOf({ limit, per, leastPer }: LearnedWindow): Known {
    return { limit, per, leastPer: Math.max(leastPer, this.#shortest) };
  }

  /** A wait in whole seconds is of a window of whole seconds, at first. */
  #windowOf(found: Estimate, closing: Closure, now: number): LearnedWindow {
    const whole = closing.wholeSeconds ? inWholeSeconds(found) : undefined;
    const { limit, low, high } = whole ?? found;
    const { silent } = closing;
    // The attempt that found a silent quota open is the first of its window.
    const since = silent ? closing.high - 1 : now;
    return new LearnedWindow({ limit, low, high }, since, {
      silent,
      believedMs: whole ? BELIEVED * high : 0,
    });
  }

  /** What was served before, in a shorter time, tells that a window is no longer; unless the limit was another then. */
  #bounded(found: Estimate): Estimate {
    const longest = longestOf(this.#served, found.limit);
    return longest > found.low && longest < found.high ? { ...found, high: longest } : found;
  }

  /** A new window counts what came before it. */
  #remember(window: LearnedWindow, now: number): LearnedWindow {
    this.#served.replay(now - window.per, (moment) => window.count.preset(moment));
    window.count.presetInFlight(this.#unanswered);
    return window;
  }

  /** When that many are out, another goes so long after the last, in ms: they may hang. */
  get #stall(): number {
    const ms = STALL_LATENCIES * this.#trip.average;
    // A limit of attempts in flight is kept as long as these may be under way yet.
    if (this.#unanswered >= this.inFlight) return Math.max(LONGEST_STALL_MS, ms);
    return this.#unanswered < this.#ramp ? 0 : Math.min(LONGEST_STALL_MS, Math.max(SHORTEST_STALL_MS, ms));
  }

  /** The shortest window that can be told from noise, in ms. */
  get #shortest(): number {
    return Math.max(SHORTEST_SPAN_MS, SPAN_LATENCIES * this.#trip.average);
  }
}

const NO_WINDOWS: LearnedWindow[] = [];

/** No more than that passes the longer window where the shorter is kept. */
function implies(shorter: LearnedWindow, longer: LearnedWindow): boolean {
  return shorter.per < longer.per && Math.ceil(longer.per / shorter.per) * shorter.limit <= longer.limit;
}
