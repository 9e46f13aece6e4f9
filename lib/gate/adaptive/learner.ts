import { LearnedWindow } from './learned-window.ts';
import { ServedLog } from './served-log.ts';

/** Attempts in flight while nothing is known of a quota. */
const FIRST_FLIGHT = 8;
/** One more for so many that were served. */
const SERVED_PER_FLIGHT = 16;
/** And one more each so many ms, so that slow answers hold nobody up for long. */
const PACE_MS = 20;
/** Most windows of one quota that are learned. */
const MOST_WINDOWS = 3;
/** A wait that many times as long as a window tells of another, longer one. */
const LONGER = 4;
/** A silent server is asked again after the first wait, and then each time that is longer by this factor. */
const FIRST_SHARE = 1 / 8;
const GROWTH = 0.25;

/** What was learned of a quota. */
export interface Finding {
  readonly limit: number;
  /** ms; 0 for a limit of attempts in flight. */
  readonly perMs: number;
}

/**
 * Finds the windows of a quota that nobody declared, from what is served and what is refused.
 *
 * While nothing is known, attempts in flight are held to 8 + served/16, and one more each 20 ms: the first refusal
 * then costs few. When the quota reopens at R, after it refused at t, the served attempts of the span before t that
 * is as long as the wait tell its limit, and the first of them its length:
 *
 *     n = |{ served in (2t − R, R) }|,   limit = n,   per = R − first of them
 *
 * which holds for fixed windows (R is their end), rolling ones (R is when their first leaves) and token buckets
 * (n tokens came in that time). A wait that is far longer than what is known tells of another window.
 */
export class Learner {
  readonly #served = new ServedLog();
  #windows: LearnedWindow[] = [];
  #unanswered = 0;
  #successes = 0;
  #lastTakeAt = -Infinity;
  /** The first refusal of the current closing, and the last. */
  #refusedAt: number | undefined;
  #refusedLastAt = 0;
  /** The refusal answered a doubt of ours: nothing new. */
  #expected = false;

  get windows(): readonly LearnedWindow[] {
    return this.#windows;
  }

  /** The earliest moment at which the next attempt may go; `Infinity` when only an outcome can tell. */
  turnAt(now: number): number {
    if (this.#windows.length > 0) {
      return this.#windows.reduce((turn, window) => Math.max(turn, window.turnAt(now)), now);
    }
    const room = FIRST_FLIGHT + this.#successes / SERVED_PER_FLIGHT;
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
    let finding: Finding | undefined;
    for (const window of this.#windows) {
      if (window.served(now, sentAt)) finding = { limit: window.limit, perMs: window.per };
    }
    return finding;
  }

  /** An attempt was refused for the quota. */
  refused(now: number, sentAt: number): void {
    let expected = false;
    for (const window of this.#windows) {
      window.count.retract();
      expected = window.refused(now, sentAt) || expected;
    }
    this.#refusedLastAt = now;
    if (this.#refusedAt !== undefined) return;
    this.#refusedAt = now;
    this.#expected = expected;
  }

  /** How long to wait for a server that names no wait, in ms; `first` is the longest first wait. */
  silentWait(now: number, first: number): number {
    const started = this.#refusedAt ?? now;
    if (this.#expected) {
      const next = Math.max(...this.#windows.map(({ count }) => count.nextExpiry(now)));
      if (next > now && next < Infinity && now === started) return next - now;
    }
    const shortest = Math.min(first, ...this.#windows.map(({ per }) => per * FIRST_SHARE));
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
    this.#refusedAt = undefined;
    if (refusedAt === undefined || this.#expected || at <= refusedAt) return undefined;
    const wait = at - refusedAt;
    const known = this.#windows.find(({ per }) => wait <= per * LONGER);
    const span = this.#span(refusedAt, wait, known);
    if (!span) return undefined;
    const { limit, from } = span;
    const high = named ? wholeSeconds(at - from, wait) : at - from;
    const low = named ? high : Math.min(high, this.#refusedLastAt - from);
    const window = new LearnedWindow(limit, low, high, at);
    this.#served.replay(now - window.per, (moment) => window.count.preset(moment));
    window.count.presetInFlight(this.#unanswered);
    this.#windows = [...this.#windows.filter((each) => each !== known), window]
      .sort((a, b) => a.per - b.per)
      .slice(-MOST_WINDOWS);
    return { limit: window.limit, perMs: window.per };
  }

  /** The attempts of one window: how many, and the moment of the first. */
  #span(
    refusedAt: number,
    wait: number,
    known: LearnedWindow | undefined,
  ): { limit: number; from: number } | undefined {
    const spans = [wait, ...(known ? [known.per] : []), wait * 2, wait * 4, wait * 16];
    for (const span of spans) {
      const { count, oldest } = this.#served.since(refusedAt - span);
      if (count > 0) return { limit: count, from: oldest };
    }
    return undefined;
  }
}

/** A wait in whole seconds was rounded up: then the window is most likely one of whole seconds too. */
function wholeSeconds(per: number, wait: number): number {
  if (wait % 1000 > 1 && wait % 1000 < 999) return per;
  return Math.max(Math.round(wait), Math.floor(per / 1000) * 1000);
}
