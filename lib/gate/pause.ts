import { Probe } from '../learning/probe.ts';
import { backoffMs, type Random } from '../policy/backoff.ts';
import type { Backoff } from '../policy/policy.ts';
import { CLOCK_GRAIN_MS } from '../time/clock.ts';
import type { PauseCause } from '../words/causes.ts';
import { LONGEST_WAIT_MS } from '../words/types.ts';

/** Maximum time over which a backlog is released after a pause, in ms. */
const LONGEST_SPREAD_MS = 1000;
/** Fraction of the pause over which its backlog is released. */
const SPREAD_SHARE = 0.1;
/** Maximum jitter added to a reopening, in ms, and as a fraction of the pause. */
const LONGEST_START_MS = 100;
const START_SHARE = 0.02;
/**
 * Minimum extension of a closing that counts as news, as a fraction of the pause, within bounds in ms:
 * refusals of one burst arrive one after another, and most servers name whole seconds.
 */
const NEWS_SHARE = 0.5;
const LEAST_NEWS_MS = 100;
const MOST_NEWS_MS = 1000;
/** Jitter added to a wait after a 429 without Retry-After, as a fraction. */
const SILENT_JITTER = 0.02;

/**
 * How long a throttled quota stays closed, in ms.
 *
 * The server's own wait is kept to the millisecond; jitter only ever adds. If the server named none, or
 * refuses again although its wait was kept, the wait grows: base · 2^(n − 1) up to max, plus a random part.
 *
 * @param strike number of consecutive closings without a success, this one included
 */
function pauseMs(retryAfterMs: number | undefined, strike: number, backoff: Backoff, random: Random): number {
  const doubling = { ...backoff, jitter: 'none' } as const;
  if (retryAfterMs === undefined) return backoffMs(doubling, strike, undefined, random) * (1 + random() / 2);
  if (strike < 2) return retryAfterMs;
  return retryAfterMs + backoffMs(doubling, strike - 1, undefined, random) * random();
}

/** A closing that the server asked for. */
interface ServerPause {
  readonly until: number;
  readonly opensAt: number;
  readonly cause: PauseCause;
  /** The server named no wait, so a probe goes first. */
  readonly silent: boolean;
}

/**
 * The pause of one quota: the moment until which it is closed, and the backlog to release then. A later
 * moment wins.
 */
export class Pause {
  readonly #random: Random;
  /** End of the pause as set by the server, a backoff or the user; `-Infinity` before the first. */
  until: number = -Infinity;
  /** `until` plus a little jitter, so that processes do not resume in step; nothing is sent before. */
  opensAt: number = -Infinity;
  cause: PauseCause = 'backoff';
  silent: boolean = false;
  /**
   * Number of refusals still being read, while nothing goes, and the latest moment until which they would
   * close the quota.
   */
  doubts = 0;
  doubtedUntil = 0;
  /** Whether the last {@link close} began a pause, or extended it notably beyond the last report. */
  isNews = false;
  /** End of the pause as last reported to listeners. */
  #reportedUntil = -Infinity;
  #length = 0;
  /** During a manual pause: the pause that the server asked for, which may outlast it. */
  #beneath: ServerPause | undefined;
  /** Number of consecutive closings without a success. */
  #strikes = 0;
  #release: Release | undefined;
  /** Present from a reopening after a 429 without Retry-After until an attempt is served or throttled. */
  #probe: Probe | undefined;

  constructor(random: Random) {
    this.#random = random;
  }

  /**
   * An attempt sent at `sentAt` was throttled: returns how long to close, in ms; `undefined` if the quota is
   * already closed and the server named no wait.
   *
   * @param silentMs wait after a 429 without Retry-After, if one is known
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
    this.#probe = undefined;
    // Attempts sent before the last reopening belong to the pause before it.
    if (!paused && sentAt >= this.opensAt) this.#strikes += 1;
    if (retryAfterMs === undefined && silentMs !== undefined) {
      return silentMs * (1 + this.#random() * SILENT_JITTER);
    }
    return pauseMs(retryAfterMs, Math.max(1, this.#strikes), backoff, this.#random);
  }

  /** Closes for `ms`; false if it is already closed for longer. `silent`: the server named no wait. */
  close(now: number, ms: number, cause: PauseCause, silent: boolean = cause === 'backoff'): boolean {
    const until = now + Math.min(ms, LONGEST_WAIT_MS);
    if (!(ms > 0 && until > this.until)) {
      if (this.cause === 'manual' && cause !== 'manual' && until > (this.#beneath?.until ?? now)) {
        this.#beneath = { until, opensAt: until, cause, silent };
      }
      return false;
    }
    if (cause !== 'manual') this.#beneath = undefined;
    else if (this.cause !== 'manual') {
      this.#beneath =
        this.until > now
          ? { until: this.until, opensAt: this.opensAt, cause: this.cause, silent: this.silent }
          : undefined;
    }
    const same = Math.min(MOST_NEWS_MS, Math.max(LEAST_NEWS_MS, (until - now) * NEWS_SHARE));
    this.isNews = until - this.#reportedUntil > same;
    if (this.isNews) this.#reportedUntil = until;
    this.until = until;
    this.opensAt = until + this.#random() * Math.min(LONGEST_START_MS, ms * START_SHARE);
    this.cause = cause;
    this.silent = silent;
    this.#length = ms;
    this.#release = undefined;
    return true;
  }

  /** The body of a refusal that would close it until `until` is being read; 0: one such body was read. */
  doubted(until: number): void {
    this.doubts += until > 0 ? 1 : -1;
    this.doubtedUntil = this.doubts > 0 ? Math.max(this.doubtedUntil, until) : 0;
  }

  /** Ends a manual pause; false if there is none. A pause that the server asked for stays in force. */
  release(now: number): boolean {
    if (this.cause !== 'manual' || this.opensAt <= now) return false;
    const beneath = this.#beneath;
    if (beneath && beneath.opensAt > now) {
      Object.assign(this, beneath);
      this.#reportedUntil = beneath.until;
      this.#beneath = undefined;
    } else {
      this.until = now;
      this.opensAt = now;
    }
    return true;
  }

  /** Ends the pause if it ends no later than `until`; false otherwise. */
  lift(now: number, until: number): boolean {
    if (this.until > until + CLOCK_GRAIN_MS || this.opensAt <= now) return false;
    this.until = now;
    this.opensAt = now;
    return true;
  }

  /** The part of the pause that the server asked for, if any. */
  get serverPause(): ServerPause | undefined {
    return this.cause === 'manual' ? this.#beneath : this;
  }

  /**
   * An attempt sent at `sentAt` was answered and not throttled. Returns `sentAt` if it was a probe after a
   * 429 without Retry-After.
   */
  served(sentAt: number): number | undefined {
    this.#strikes = 0;
    if (!this.#probe || sentAt < this.opensAt) return undefined;
    this.#probe = undefined;
    return sentAt;
  }

  /** An attempt is sent; attempts take `latency` ms, 0 if unknown. */
  taken(now: number, latency: number): void {
    this.#probe?.sent(now, latency);
  }

  /** An attempt ended. */
  ended(sentAt: number): void {
    // If a probe decided nothing, another one follows.
    if (this.#probe?.concerns(sentAt)) this.#probe.end();
  }

  /** The quota reopens with `backlog` attempts queued; after a 429 without Retry-After, one probe goes first. */
  reopen(now: number, backlog: number): void {
    this.#reportedUntil = -Infinity;
    if (this.serverPause?.silent) this.#probe = new Probe();
    this.#beneath = undefined;
    if (backlog > 1) this.#release = new Release(now, this.#length, backlog);
  }

  /** The earliest moment at which the pause lets the next attempt go. */
  get nextAt(): number {
    if (this.#probe?.out) return Math.max(this.opensAt, this.#probe.until);
    return this.#release ? this.#release.nextAt : this.opensAt;
  }

  /** One attempt of the backlog was sent. */
  released(): void {
    if (this.#release?.count() === 0) this.#release = undefined;
  }

  /** The queue is empty. */
  cleared(): void {
    this.#release = undefined;
  }
}

/** Shared by quotas that were never closed; it has no state. */
export const NEVER_PAUSED: Pause = new Pause(() => 0);

/**
 * The release of a backlog: one attempt at a time, evenly over a tenth of the pause, at most a second, to
 * avoid a thundering herd.
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

  /** Counts one attempt sent. Returns how many of the backlog are left. */
  count(): number {
    this.#released += 1;
    this.#left -= 1;
    return this.#left;
  }
}
