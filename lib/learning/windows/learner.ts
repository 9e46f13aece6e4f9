import type { LearnedQuota } from '../../words/learned.ts';
import type { Window } from '../../words/types.ts';
import type { Finding } from '../finding.ts';
import type { FlightLimit } from '../in-flight/limit.ts';
import { Closure } from './closure.ts';
import { confirmed, covers, missing } from './declared.ts';
import { BEYOND, type Estimate, estimate, inWholeSeconds, revise } from './estimate.ts';
import { LearnedWindow } from './learned-window.ts';
import { paced } from './pace.ts';
import { Ramp } from './ramp.ts';
import { Served } from './served.ts';
import { SilentWait, shortest } from './silent-wait.ts';

/** Maximum number of learned windows per quota. */
const MAX_WINDOWS = 3;
/** Fraction of its limit from which a window counts as full, so that it explains a refusal. */
const FULL = 0.9;
/** Number of windows during which a length of whole seconds is not probed, if the wait was in whole seconds. */
const BELIEVED = 5;
/** Fraction of a window by which a reopening must be late to count as new evidence. */
const SURPRISE = 0.01;
/** Fraction of a window by which a wait must end early to refute it. */
const REFUTED = 0.5;

/**
 * Learns a quota's undeclared windows from what is served and what is refused. While nothing is known, attempts are
 * {@link paced}. {@link estimate} and {@link revise} interpret a closing, {@link LearnedWindow} counts and probes a window, and
 * {@link FlightLimit} may explain it instead. A window never imposes a wait longer than its own length; a longer
 * wait reveals another window.
 */
export class Learner {
  readonly past: Served = new Served();
  protected known: LearnedWindow[] = NO_WINDOWS;
  /** Number of attempts sent and not answered. */
  unanswered: number;
  #successes = 0;
  protected readonly flight: FlightLimit;
  /** When the last attempt was sent. */
  takenAt: number = -Infinity;
  protected closing: Closure | undefined;
  readonly #silentWait = new SilentWait();
  /** Last reopening distinct from the one before, as estimated, and the moment since which the quota is open. */
  protected reopenedAt: number = -Infinity;
  #openSince = -Infinity;
  protected readonly ramp: Ramp = new Ramp();
  /** Windows enforced by the gate. */
  declared: readonly Window[];
  /** Attempts served since the last refusal. */
  #unrefused = 0;
  /** Whether attempts are paced while nothing is known. */
  paces = true;

  constructor(flight: FlightLimit, unanswered = 0, declared: readonly Window[] = NONE_DECLARED) {
    this.flight = flight;
    this.unanswered = unanswered;
    this.declared = declared;
  }

  /** Restores what an earlier run knew. */
  recall({ at, windows = [] }: LearnedQuota, now: number): void {
    const all = windows.filter((each) => !covers(this.declared, each)).slice(0, MAX_WINDOWS);
    this.known = all.map((each) => LearnedWindow.recalled(each, at, now)).sort((a, b) => a.per - b.per);
  }

  get windows(): readonly LearnedWindow[] {
    return this.known;
  }

  /** Average round trip, in ms; 0 if unknown. */
  get latency(): number {
    return this.past.trip.average;
  }

  /** Earliest moment at which the next attempt may go; `Infinity` if that depends on an outcome. */
  turnAt(now: number): number {
    if (this.known.length > 0 || this.flight.refused) {
      const stallMs = this.ramp.stallMs(this.unanswered, this.past.trip.average);
      return this.known.reduce(
        (turn, window) => Math.max(turn, window.turnAt(now, this.past.trip.average)),
        Math.max(now, this.takenAt + stallMs),
      );
    }
    return this.confirmed || !this.paces
      ? now
      : paced(now, this.takenAt, this.unanswered, this.#successes, this.sharers);
  }

  /** Number of processes that share the quota, this one included. */
  protected get sharers(): number {
    return 1;
  }

  /** Whether the windows enforced by the gate seem to be the server's only ones, so that attempts need not be paced. */
  protected get confirmed(): boolean {
    return confirmed(this.declared, this.#unrefused);
  }

  take(now: number): void {
    this.unanswered += 1;
    this.takenAt = now;
    for (const window of this.known) window.take(now, this.past.trip.average);
  }

  /** An attempt sent at `sentAt` was answered. */
  answered(at: number, sentAt: number): void {
    this.unanswered -= 1;
    for (const { count } of this.known) count.give(this.past.trip.arrival(at, sentAt));
  }

  ended(now: number, sentAt: number): void {
    for (const window of this.known) window.ended(now, sentAt);
  }

  refunded(sentAt: number): void {
    this.unanswered -= 1;
    for (const window of this.known) window.refund(sentAt);
  }

  /** An attempt sent at `sentAt` failed with a transient error. */
  failed(sentAt: number): void {
    for (const window of this.known) window.failed(sentAt);
  }

  /** An attempt was served. Returns what that taught. */
  served(now: number, sentAt: number): Finding | undefined {
    this.past.push(now, sentAt);
    this.closing?.served(sentAt);
    this.#successes += 1;
    this.#unrefused += 1;
    this.ramp.served();
    let finding: Finding | undefined;
    for (const window of this.known) {
      if (window.served(now, sentAt)) finding = { limit: window.limit, perMs: window.per };
    }
    return finding;
  }

  /** The server states one of its windows. Returns what is new. */
  stated(now: number, limit: number, per: number): Finding | undefined {
    const known = this.known.find((window) => window.per === per);
    if (known?.limit === limit) return undefined;
    const others = this.known.filter((window) => window !== known);
    if (covers(this.declared, { limit, per })) return undefined;
    if (others.length === MAX_WINDOWS) others.shift();
    const window = new LearnedWindow({ limit, low: per, high: per }, now, { stated: true });
    this.known = [...others, this.#remember(window, now)].sort((a, b) => a.per - b.per);
    return { limit, perMs: per };
  }

  /** The last attempt answered was refused for another quota, so that it does not count here. */
  spared(): void {
    for (const { count } of this.known) count.retract();
  }

  /** An attempt was refused. */
  refused(now: number, sentAt: number, waitMs: number | undefined): void {
    this.#unrefused = 0;
    const probed = this.known.map((window) => window.refused(now, sentAt)).includes(true);
    const arrival = this.past.trip.arrival(now, sentAt);
    if (this.closing) {
      this.closing.again(sentAt, arrival, waitMs, probed);
      return;
    }
    // An attempt that was in flight at the previous closing says nothing about how long the quota has been open since.
    if (sentAt < this.#openSince) return;
    const closing = new Closure(
      now,
      arrival,
      waitMs,
      probed,
      sentAt,
      this.past.inServiceAtRefusal(now, sentAt),
    );
    this.closing = closing;
    // If a window were right and full, the server would name a longer wait. A shorter one therefore refutes it.
    this.known = this.known.filter(({ dueAt, per }) => closing.high >= dueAt - per * REFUTED);
    const due = Math.max(...this.known.map(({ dueAt, per }) => dueAt + per * SURPRISE));
    // The answer to a probe may still be a surprise: a wait longer than the window.
    if (closing.low > due) closing.expected = false;
  }

  /** How long to wait after a 429 without Retry-After, in ms; `first` is the maximum first wait. */
  silentWait(now: number, first: number): number {
    const started = this.closing?.at ?? now;
    if (now === started || this.closing?.expected) {
      const next = Math.max(0, ...this.known.map(({ count }) => count.nextExpiry(now)));
      if (next > now && next < Infinity) return next - now;
    }
    const least = shortest(first, this.past.trip.average, this.known);
    return now === started
      ? this.#silentWait.first(least, this.past.trip.average, this.flight.refusable)
      : this.#silentWait.next(now - started, least);
  }

  /**
   * The quota reopened.
   *
   * @param at the moment that the server named, or the sending time of the attempt that it served
   * @param named whether the server named it
   */
  reopened(now: number, at: number, named: boolean): Finding | undefined {
    const closing = this.closing;
    this.closing = undefined;
    if (!closing) return undefined;
    closing.end(this.past.trip.arrival(now, at), named, at);
    const reopenedAt = this.reopenedAt;
    // A token bucket without Retry-After reopens for one attempt at a time: these reopenings mark no window's start.
    if (closing.high - reopenedAt > this.past.trip.shortestSpan) this.reopenedAt = closing.high;
    this.#openSince = at;
    for (const window of this.known) window.reopened(now, closing.expected);
    return closing.expected ? undefined : this.learn(now, closing, reopenedAt);
  }

  /** The number in service at a closing, if a limit of attempts in flight explains it. @param told total over all processes */
  protected explained(closing: Closure, told?: number): number | undefined {
    if (!closing.silent) return undefined;
    // A limit estimated too high is refused and lowered; one too low costs time unnoticed.
    const inService = told ?? Math.max(closing.inService, this.past.inServiceAt(closing.refusedAt));
    const explains = this.flight.reopened(closing.lastedMs, inService, this.past.trip.average);
    return explains ? inService : undefined;
  }

  protected learn(now: number, closing: Closure, reopenedAt: number): Finding | undefined {
    if (this.explained(closing) !== undefined) return { limit: this.flight.limit, perMs: 0 };
    return this.learnWindow(now, closing, reopenedAt);
  }

  protected learnWindow(now: number, closing: Closure, reopenedAt: number): Finding | undefined {
    const finding = this.#conclude(now, closing, reopenedAt);
    this.known = missing(this.declared, this.known);
    const kept = this.known.some(({ limit, per }) => limit === finding?.limit && per === finding.perMs);
    return kept ? finding : undefined;
  }

  #conclude(now: number, closing: Closure, reopenedAt: number): Finding | undefined {
    const wait = closing.low - closing.refusedAt;
    const near = this.known.find(({ per }) => wait <= per * BEYOND);
    const { log, trip } = this.past;
    const revised = near && revise(log, closing, near, reopenedAt, trip.shortestSpan);
    if (near && revised) {
      near.revise(revised, now);
      return { limit: near.limit, perMs: near.per };
    }
    if (near?.regress()) return { limit: near.limit, perMs: near.per };
    const rounded = closing.wholeSeconds && near && closing.high - closing.refusedAt > near.per * BEYOND;
    // If another window appears before a known one is full, the reopenings so far were the known one's.
    const isNew = (!near || rounded) && !closing.probed && this.known.length > 0;
    const since = isNew && !this.known.some((each) => this.#isFull(each, closing)) ? -Infinity : reopenedAt;
    const found = estimate(log, closing, since, trip.shortestSpan);
    if (!found) return undefined;
    const window = this.#remember(this.#windowOf(found, closing, now), now);
    // A longer window that allows no more makes a shorter one superfluous.
    const others = this.known.filter(
      (each) => (isNew || each !== near) && (each.per > window.per || each.limit < window.limit),
    );
    this.known = [...others, window].sort((a, b) => a.per - b.per).slice(-MAX_WINDOWS);
    this.ramp.begin(window.limit, this.sharers);
    return { limit: window.limit, perMs: window.per };
  }

  /** Whether a window was full when the quota closed. */
  #isFull({ per, limit }: LearnedWindow, { refusedAt }: Closure): boolean {
    return this.past.log.between(refusedAt - per, refusedAt).count >= limit * FULL;
  }

  /** If the wait was in whole seconds, the window's length is first assumed to be so too. */
  #windowOf(found: Estimate, closing: Closure, now: number): LearnedWindow {
    const whole = closing.wholeSeconds ? inWholeSeconds(found) : undefined;
    const { limit, low, high } = whole ?? found;
    const { silent } = closing;
    const believedMs = whole ? BELIEVED * high : 0;
    // The probe that found a silent quota open is the first of its window.
    return new LearnedWindow({ limit, low, high }, silent ? closing.high - 1 : now, { silent, believedMs });
  }

  /** Counts what was sent before the window was known. */
  #remember(window: LearnedWindow, now: number): LearnedWindow {
    this.past.log.replay(now - window.per, (moment) => window.count.preset(moment));
    window.count.presetInFlight(this.unanswered);
    return window;
  }
}

const NO_WINDOWS: LearnedWindow[] = [];
const NONE_DECLARED: readonly Window[] = [];
