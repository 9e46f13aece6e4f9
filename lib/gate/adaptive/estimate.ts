import type { SentLog } from './sent-log.ts';

/**
 * A quota that closed, in moments of *sending*: an attempt sent at `refusedAt` was the first that was refused, and one
 * sent between `low` and `high` would have been the first to be served again. What an answer takes on its way back
 * does not matter so.
 */
export interface Closing {
  readonly refusedAt: number;
  readonly low: number;
  readonly high: number;
}

/** A window as far as it is known: its length lies between `low` and `high`, in ms. */
export interface Estimate {
  readonly limit: number;
  readonly low: number;
  readonly high: number;
}

/** A window is longer than it was thought by this share of itself at the most; if by more, it is another. */
const STRETCH = 0.25;
/** Where a reopening is known roughly, a limit turns out narrower by this share of itself at the most. */
const NARROWEST = 0.5;
/** The last reopening tells where a window began, if it is no longer ago than so many waits. */
const RECENT = 8;
/** Lengths that are tried where nothing tells when a window began, in waits. */
const SPANS = [1, 2, 4, 8];

/**
 * What the closing of a quota tells of a window that was thought to be so many in `per`. Of three readings the first that
 * fits:
 *
 * - *longer*: `limit` holds, and the limit-th last that was served, sent at b, keeps it closed: per = R − b; if all of
 *   them were sent since the last reopening;
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
  closing: Closing,
  { limit, per }: { readonly limit: number; readonly per: number },
  reopenedAt: number,
  jitter: number,
): Estimate | undefined {
  const { low, high } = closing;
  const blocking = log.last(limit, high) ?? -Infinity;
  const whole = blocking >= reopenedAt - jitter;
  if (whole && high - blocking >= per && high - blocking <= per * (1 + STRETCH)) {
    return { limit, low: Math.max(per, low - blocking), high: high - blocking };
  }
  const { count } = log.between(low - per, high);
  const least = low === high ? 1 : limit * NARROWEST;
  if (count >= least && count < limit) return { limit: count, low: per, high: per };
  if (count < limit || low - blocking > per * (1 + STRETCH)) return undefined;
  const longer = Math.max(per, low - blocking) + Math.max(1, jitter);
  return { limit, low: longer, high: longer };
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
  closing: Closing,
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
