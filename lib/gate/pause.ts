import { backoffMs, type Random } from '../policy/backoff.ts';
import type { Backoff } from '../policy/policy.ts';

/** Longest time over which a backlog is released after a pause, in ms. */
const LONGEST_SPREAD_MS = 1000;
/** Share of the pause over which its backlog is released. */
const SPREAD_SHARE = 0.1;
/** Most jitter added to a reopening, in ms, and as a share of the pause. */
const LONGEST_START_MS = 100;
const START_SHARE = 0.02;

/**
 * How long a throttled quota stays closed, in ms.
 *
 * The server's own wait is kept to the millisecond; jitter only ever adds. Where it named none, or refuses again
 * though its wait was kept, the wait grows: base · 2^(n − 1) up to max, and as much again at random.
 *
 * @param strike how many times in a row the quota has closed with no success between, this one included
 */
export function pauseMs(
  retryAfterMs: number | undefined,
  strike: number,
  backoff: Backoff,
  random: Random,
): number {
  const doubling = { ...backoff, jitter: 'none' } as const;
  if (retryAfterMs === undefined) return backoffMs(doubling, strike, undefined, random) * (1 + random() / 2);
  if (strike < 2) return retryAfterMs;
  return retryAfterMs + backoffMs(doubling, strike - 1, undefined, random) * random();
}

/** Time after the reopening at which the first attempt may go, in ms: so that processes do not start as one. */
export function startDelayMs(pausedMs: number, random: Random): number {
  return random() * Math.min(LONGEST_START_MS, pausedMs * START_SHARE);
}

/**
 * The release of a backlog: not a herd, but one by one, evenly over a tenth of the pause, a second at the most.
 * Attempt n may go at start + n · gap.
 */
export class Release {
  readonly #startedAt: number;
  readonly #gap: number;
  #left: number;
  #released = 0;

  constructor(startedAt: number, pausedMs: number, backlog: number) {
    this.#startedAt = startedAt;
    this.#left = backlog;
    this.#gap = Math.min(LONGEST_SPREAD_MS, pausedMs * SPREAD_SHARE) / Math.max(1, backlog);
  }

  /** The moment at which the next attempt may go. */
  get nextAt(): number {
    return this.#startedAt + this.#released * this.#gap;
  }

  /** One went; returns how many of the backlog are left. */
  count(): number {
    this.#released += 1;
    this.#left -= 1;
    return this.#left;
  }
}
