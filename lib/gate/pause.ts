import { backoffMs, type Random } from '../policy/backoff.ts';
import type { Backoff } from '../policy/policy.ts';
import type { PauseCause } from '../words/causes.ts';
import { LONGEST_WAIT_MS } from '../words/types.ts';

/** Longest time over which a backlog is released after a pause, in ms. */
const LONGEST_SPREAD_MS = 1000;
/** Share of the pause over which its backlog is released. */
const SPREAD_SHARE = 0.1;
/** Most jitter added to a reopening, in ms, and as a share of the pause. */
const LONGEST_START_MS = 100;
const START_SHARE = 0.02;
/** A trial that is out for so long, in ms and in latencies, may hang: another is made beside it. */
const TRIAL_PATIENCE_MS = 1000;
const TRIAL_PATIENCE_LATENCIES = 4;
/** Jitter added to a wait that the server did not name, as a share. */
const SILENT_JITTER = 0.02;

/**
 * How long a throttled quota stays closed, in ms.
 *
 * The server's own wait is kept to the millisecond; jitter only ever adds. Where it named none, or refuses again
 * though its wait was kept, the wait grows: base · 2^(n − 1) up to max, and some more at random.
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

/** The pause of one quota: closed until a moment, and then a backlog to release. A later moment wins. */
export class Pause {
  readonly #random: Random;
  /** The moment that the server, or our backoff, set; `-Infinity` before the first. */
  until: number = -Infinity;
  /** `until` and a little jitter, so that processes do not start as one: nothing is sent before. */
  opensAt: number = -Infinity;
  cause: PauseCause = 'backoff';
  #length = 0;
  /** How often in a row the quota closed with no success between. */
  #strikes = 0;
  #release: Release | undefined;
  #trial: 'none' | 'armed' | 'out' = 'none';
  #trialAt = -Infinity;
  #patienceMs = TRIAL_PATIENCE_MS;

  constructor(random: Random) {
    this.#random = random;
  }

  /**
   * An attempt sent at `sentAt` was throttled: how long to close for, in ms; `undefined` when that tells nothing
   * new, since the quota is closed already and the server named no other wait.
   *
   * @param silentMs the wait to take where the server named none, when something is known of it
   */
  judge(
    now: number,
    sentAt: number,
    retryAfterMs: number | undefined,
    backoff: Backoff,
    silentMs: number | undefined,
  ): number | undefined {
    const paused = now < this.until;
    if (paused && retryAfterMs === undefined) return undefined;
    this.#trial = 'none';
    // Those sent before the last reopening tell of the pause before it.
    if (!paused && sentAt >= this.opensAt) this.#strikes += 1;
    if (retryAfterMs === undefined && silentMs !== undefined) {
      return silentMs * (1 + this.#random() * SILENT_JITTER);
    }
    return pauseMs(retryAfterMs, Math.max(1, this.#strikes), backoff, this.#random);
  }

  /** Closes for `ms`; false when it is closed for longer already. */
  close(now: number, ms: number, cause: PauseCause): boolean {
    const until = now + Math.min(ms, LONGEST_WAIT_MS);
    if (!(ms > 0 && until > this.until)) return false;
    this.until = until;
    this.opensAt = until + this.#random() * Math.min(LONGEST_START_MS, ms * START_SHARE);
    this.cause = cause;
    this.#length = ms;
    this.#release = undefined;
    return true;
  }

  /**
   * An attempt sent at `sentAt` was answered, and not throttled. Returns that moment, if it was a trial of a quota
   * whose server named no wait.
   */
  served(sentAt: number): number | undefined {
    this.#strikes = 0;
    if (this.#trial === 'none' || sentAt < this.opensAt) return undefined;
    this.#trial = 'none';
    return sentAt;
  }

  /** An attempt goes, which takes so many ms, as far as that is known. */
  taken(now: number, latency: number): void {
    if (this.#trial === 'none') return;
    this.#trial = 'out';
    this.#patienceMs = Math.max(TRIAL_PATIENCE_MS, TRIAL_PATIENCE_LATENCIES * latency);
    this.#trialAt = now;
  }

  /** An attempt is over; if it was the last trial and told nothing, another is made. */
  ended(sentAt: number): void {
    if (this.#trial === 'out' && sentAt >= this.#trialAt) this.#trial = 'armed';
  }

  /** The quota reopens, with so many waiting: for one of them first, where the server named no wait. */
  reopen(now: number, backlog: number): void {
    if (this.cause === 'backoff') this.#trial = 'armed';
    if (backlog > 1) this.#release = new Release(now, this.#length, backlog);
  }

  /** The earliest moment at which the next attempt may go, as far as the pause tells. */
  get nextAt(): number {
    if (this.#trial === 'out') return Math.max(this.opensAt, this.#trialAt + this.#patienceMs);
    return this.#release ? this.#release.nextAt : this.opensAt;
  }

  /** One of the backlog went. */
  released(): void {
    if (this.#release?.count() === 0) this.#release = undefined;
  }

  /** Nobody waits any more. */
  cleared(): void {
    this.#release = undefined;
  }
}

/** The pause of a quota that was never closed: it has no state to share. */
export const NEVER_PAUSED: Pause = new Pause(() => 0);

/**
 * The release of a backlog: not a herd, but one by one, evenly over a tenth of the pause, a second at the most.
 * Attempt n may go at start + n · gap.
 */
class Release {
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
