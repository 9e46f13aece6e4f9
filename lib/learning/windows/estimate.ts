import type { Window } from '../../words/types.ts';
import type { Closure } from './closure.ts';
import type { SentLog } from './sent-log.ts';

/** An estimated window: its length lies between `low` and `high`, in ms. */
export interface Estimate {
  readonly limit: number;
  readonly low: number;
  readonly high: number;
}

/** A window as known so far. */
type Known = Pick<Window, 'limit' | 'per'>;

/** Maximum fraction by which a window may turn out longer; beyond it, it is another window. */
const MAX_STRETCH = 0.25;
/** Minimum fraction of its known limit that a window may turn out to have if the reopening is known only roughly. */
const MIN_NARROWED = 0.5;
/** Divisors of a window's length to consider, and the factor by which such a part must raise throughput. */
const PARTS = [2, 3, 4];
const MORE = 1.2;
/** Fraction of the limit below which a part is considered if the reopening is known only roughly. */
const MUCH = 0.8;
/** Factor by which a wait must exceed a window's length to reveal another window. */
export const BEYOND: number = 1.05;
/** Maximum age of the last reopening, in waits, at which it marks the start of the window. */
const RECENT = 8;
/** Lengths to try, in waits, if nothing marks the start of the window. */
const SPANS = [1, 2, 4, 8];

/**
 * Infers from a closing how a known window differs. The first of these that fits, R being the reopening:
 *
 * - *longer*: `limit` is right, and the limit-th last served attempt, sent at b, kept the quota closed: per = R − b, if all of
 *   them were sent since the last reopening;
 * - *a part*: half to a quarter of the length, with more throughput;
 * - *narrower*: `per` is right, and the limit is the number of attempts served since R − per;
 * - if R is known too roughly for any of these: longer by 1 ms.
 *
 * This applies to rolling windows, to fixed ones, which end at R, and to token buckets, for which a window is a time span and
 * what the bucket granted in it. `undefined` if the closing must be due to another window.
 *
 * @param reopenedAt the last reopening
 * @param shortest minimum length of a part, in ms
 */
export function revise(
  log: SentLog,
  closing: Closure,
  { limit, per }: Known,
  reopenedAt: number,
  shortest: number,
): Estimate | undefined {
  const { low, high } = closing;
  const blocking = log.last(limit, high) ?? -Infinity;
  const whole = blocking >= reopenedAt;
  if (whole && high - blocking >= per && high - blocking <= per * (1 + MAX_STRETCH)) {
    return { limit, low: Math.max(per, low - blocking), high: high - blocking };
  }
  const { count } = log.between(low - per, high);
  if (count < limit) {
    const exact = low === high;
    const isPart = count < limit * (exact ? 1 : MUCH);
    const part = isPart ? partOf(log, closing, { limit: count, per }, shortest) : undefined;
    if (part) return part;
    const least = exact ? 1 : limit * MIN_NARROWED;
    return count >= least ? { limit: count, low: per, high: per } : undefined;
  }
  if (low - blocking > per * (1 + MAX_STRETCH)) return undefined;
  const longer = Math.max(per, low - blocking) + 1;
  return { limit, low: longer, high: longer };
}

/** A part of a window that explains the closing as well, with more throughput than the whole. */
function partOf(
  log: SentLog,
  { refusedAt, low, high, wholeSeconds }: Closure,
  { limit: count, per }: Known,
  shortest: number,
): Estimate | undefined {
  let best: Estimate | undefined;
  let rate = (count / per) * MORE;
  for (const length of PARTS.map((parts) => per / parts)) {
    if (length < shortest) break;
    if (wholeSeconds && per % 1000 === 0 && length % 1000 !== 0) continue;
    const { count: limit } = log.between(low - length, high);
    if (limit / length <= rate || longestOf(log, limit) < length) continue;
    rate = limit / length;
    best = { limit, low: low - refusedAt, high: length };
  }
  return best;
}

/**
 * Infers a window from a closing when none was known, from the attempts served since a moment s:
 *
 *     limit = |{ served, sent in [s, R) }|,   per = R − first of them
 *
 * s is the last reopening or, if that is long ago, R − (R − refusal) · 2^k for the k with the highest rate: a limit guessed too
 * high is refused and corrected, while one too low costs time unnoticed.
 *
 * @param reopenedAt the last reopening
 * @param shortest length of the shortest window distinguishable from noise, in ms
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

/** The estimate narrowed to a whole number of seconds, if one fits. */
export function inWholeSeconds({ limit, low, high }: Estimate): Estimate | undefined {
  const whole = Math.floor(high / 1000) * 1000;
  return whole > low ? { limit, low, high: whole } : undefined;
}

/**
 * Maximum length of a window that allows `limit`, in ms: no window of any phase lets more than twice its limit pass within its
 * length.
 */
function longestOf(log: SentLog, limit: number): number {
  return log.tightest(2 * limit);
}
