import type { Closure } from './closure.ts';
import type { SentLog } from './sent-log.ts';

/** A window as far as it is known: its length lies between `low` and `high`, in ms. */
export interface Estimate {
  readonly limit: number;
  readonly low: number;
  readonly high: number;
}

/** What a window was thought to be. */
export interface Known {
  readonly limit: number;
  /** ms. */
  readonly per: number;
  /** ms; it cannot be shorter. */
  readonly leastPer: number;
}

/** A window is longer than it was thought by this share of itself at the most; if by more, it is another. */
const STRETCH = 0.25;
/** A window that is longer may be narrower too, to this share of its limit. */
const ALMOST = 0.9;
/** Where a reopening is known roughly, a limit turns out narrower by this share of itself at the most. */
const NARROWEST = 0.5;
/** A reopening is known exactly where attempts overtake each other by no more than this share of a window. */
const EXACT = 0.05;
/** A window is rather a part of what it was, 1 / 2 to 1 / 4, where that explains as much and gives more, by this factor. */
const PARTS = [2, 3, 4];
const MORE = 1.2;
/** Where the reopening is known roughly, that is considered of a limit that is narrower by much: this share. */
const MUCH = 0.8;
/** A wait this much longer than a window, by this factor, cannot be for it. */
export const BEYOND: number = 1.05;
/** The last reopening tells where a window began, if it is no longer ago than so many waits. */
const RECENT = 8;
/** Lengths that are tried where nothing tells when a window began, in waits. */
const SPANS = [1, 2, 4, 8];

/**
 * What the closing of a quota tells of a window that was known. Of these readings the first that fits:
 *
 * - *longer*: `limit` holds, and the limit-th last that was served, sent at b, keeps it closed: per = R − b; if all of
 *   them were sent since the last reopening;
 * - *longer and narrower*, by a little: the same, with a limit that was a little too high;
 * - *a part*: a half to a quarter of it, which gives more in that time;
 * - *narrower*: `per` holds, and those served since R − per are all it allows;
 * - where R is known too roughly for either, it is longer by as much as answers jitter.
 *
 * R is the reopening. They hold for rolling windows, for fixed ones, whose end is R, and for token buckets, of which
 * a window is a stretch of time and what they gave in it. `undefined` when it must be another window.
 *
 * @param reopenedAt the last reopening
 * @param jitter ms by which attempts may overtake each other
 */
export function revise(
  log: SentLog,
  closing: Closure,
  known: Known,
  reopenedAt: number,
  jitter: number,
): Estimate | undefined {
  const { limit, per } = known;
  const { low, high } = closing;
  const blocking = log.last(limit, high) ?? -Infinity;
  const whole = blocking >= reopenedAt - jitter;
  if (whole && high - blocking >= per && high - blocking <= per * (1 + STRETCH)) {
    return { limit, low: Math.max(per, low - blocking), high: high - blocking };
  }
  const { count } = log.between(low - per, high);
  if (count < limit * NARROWEST) {
    const almost = log.between(Math.max(reopenedAt - jitter, high - per * (1 + STRETCH)), high);
    if (almost.count < limit && almost.count >= limit * ALMOST) {
      return { limit: almost.count, low: Math.max(per, low - almost.oldest), high: high - almost.oldest };
    }
  }
  if (count < limit) {
    const exact = low === high;
    const part = count < limit * (exact ? 1 : MUCH) ? partOf(log, closing, known, count) : undefined;
    if (part) return part;
    const least = exact && jitter < per * EXACT ? 1 : limit * NARROWEST;
    return count >= least ? { limit: count, low: per, high: per } : undefined;
  }
  if (low - blocking > per * (1 + STRETCH)) return undefined;
  const longer = Math.max(per, low - blocking) + Math.max(1, jitter);
  return { limit, low: longer, high: longer };
}

/** A part of a window that explains a closing as well, and gives more than the `count` that were served in the whole. */
function partOf(
  log: SentLog,
  { refusedAt, low, high, wholeSeconds }: Closure,
  { per, leastPer }: Known,
  count: number,
): Estimate | undefined {
  let best: Estimate | undefined;
  let rate = (count / per) * MORE;
  for (const length of PARTS.map((parts) => per / parts)) {
    if (length < leastPer || low - refusedAt > length * BEYOND) break;
    if (wholeSeconds && per % 1000 === 0 && length % 1000 !== 0) continue;
    const { count: limit } = log.between(low - length, high);
    if (limit / length <= rate || longestOf(log, limit) < length) continue;
    rate = limit / length;
    best = { limit, low: low - refusedAt, high: length };
  }
  return best;
}

/**
 * What the closing of a quota tells where no window was known: of those served since some moment s,
 *
 *     limit = |{ served, sent in [s, R) }|,   per = R − first of them
 *
 * s is the last reopening; or, where that is long ago, R − (R − refusal) · 2^k, with the k that gives the highest rate: a
 * limit guessed too high is refused and mended, one too low costs time unnoticed.
 *
 * @param reopenedAt the last reopening
 * @param shortest the shortest window that can be told from noise, in ms
 */
export function estimate(
  log: SentLog,
  closing: Closure,
  reopenedAt: number,
  shortest: number,
): Estimate | undefined {
  const { refusedAt, low, high } = closing;
  const wait = high - refusedAt;
  const of = (from: number): Estimate | undefined => {
    const { count, oldest } = log.between(from, high);
    const begin = from === reopenedAt ? from : oldest;
    return count > 0 && high - begin >= shortest
      ? { limit: count, low: Math.max(0, low - begin), high: high - begin }
      : undefined;
  };
  const last = refusedAt - reopenedAt <= RECENT * wait ? of(reopenedAt) : undefined;
  if (last) return last;
  const base = Math.max(wait, shortest);
  const rate = (each: Estimate | undefined): number => (each ? each.limit / each.high : 0);
  return SPANS.map((times) => of(high - base * times)).reduce((best, each) =>
    rate(each) > rate(best) ? each : best,
  );
}

/** A window whose end was told in whole seconds is one of whole seconds, for all that is known. */
export function inWholeSeconds({ limit, low, high }: Estimate): Estimate | undefined {
  const whole = Math.floor(high / 1000) * 1000;
  return whole > low ? { limit, low, high: whole } : undefined;
}

/**
 * The longest that a window can be which allows `limit`, in ms: no window, wherever it begins, lets more than twice
 * its limit pass within its length.
 */
export function longestOf(log: SentLog, limit: number): number {
  return log.tightest(2 * limit);
}
