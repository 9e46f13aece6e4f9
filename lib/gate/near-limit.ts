import type { RateLimit } from '../classify/rate-limit.ts';
import type { Adaptive } from '../learning/adaptive.ts';
import { REQUESTS, type Windows } from '../ledger/windows.ts';
import type { LimitSource } from '../words/causes.ts';
import type { QuotaRef } from '../words/types.ts';

/** Use of a window. */
export interface Use {
  readonly unit: string;
  readonly limit: number;
  /** Length of the window, in ms; absent if a header does not give it. */
  readonly per?: number | undefined;
  readonly used: number;
  readonly source: LimitSource;
  /** Moment at which the window resets, if a header gives it. */
  readonly resetAt?: number | undefined;
}

/** What limits a quota. */
interface Limits {
  readonly windows: Windows;
  readonly adaptive: Adaptive | undefined;
}

/** A window that was reported. */
interface Told {
  /** Moment from which it may be reported again. */
  readonly until: number;
  readonly unit: string;
  readonly limit: number;
  readonly source: LimitSource;
}

/** Minimum time between two reports of a window of unknown length and end, in ms. */
const UNKNOWN_MS = 60_000;
/** Fraction of the mark below which a window has reset, whatever the time. */
const ANEW = 0.5;
/** Maximum number of windows remembered. */
const MANY = 64;

/** Reports windows whose use reaches a mark, each once until it resets. */
export class NearLimit {
  /** The mark: a share of the limit. */
  readonly #share: number;
  readonly #limits: Limits;
  readonly #tell: (use: Use) => void;
  readonly #told = new Map<string, Told>();

  /** `undefined` for a quota without a `near` share. */
  static of(
    { key, near }: QuotaRef,
    limits: Limits,
    tell?: (key: string, use: Use) => void,
  ): NearLimit | undefined {
    return near === undefined || !tell ? undefined : new NearLimit(near, limits, (use) => tell(key, use));
  }

  /** @param tell called in a microtask: its listeners may ask for permits, and one may be being taken */
  constructor(share: number, limits: Limits, tell: (use: Use) => void) {
    this.#share = share;
    this.#limits = limits;
    this.#tell = tell;
  }

  /** Checks the quota's windows: before and after an attempt is sent, and once its cost is known. */
  look(now: number): void {
    const { windows, adaptive } = this.#limits;
    for (const use of windows.uses(now)) this.#look(now, { ...use, source: 'declared' });
    for (const { limit, per, count } of adaptive?.learner?.windows ?? [])
      this.#look(now, { unit: REQUESTS, limit, per, used: count.used(now), source: 'learned' });
  }

  /** Checks the server's limits as a header states them. */
  heard(now: number, limits: readonly RateLimit[]): void {
    for (const { name, requests, unit = name, limit, remaining, windowMs: per, resetMs } of limits) {
      if (limit === undefined || remaining === undefined) continue;
      const resetAt = resetMs ? now + resetMs : undefined;
      const used = limit - remaining;
      this.#look(now, { unit: requests ? REQUESTS : unit, limit, per, used, source: 'header', resetAt });
    }
  }

  #look(now: number, use: Use): void {
    if (this.#crosses(now, use)) queueMicrotask(() => this.#tell(use));
  }

  #crosses(now: number, use: Use): boolean {
    const { unit, limit, per, used, source, resetAt } = use;
    const key = `${source} ${unit} ${limit} ${per ?? ''}`;
    const told = this.#told.get(key);
    if (used < this.#share * limit) {
      if (told && (now >= told.until || used < this.#share * limit * ANEW)) this.#told.delete(key);
      return false;
    }
    // A window known from headers may reset unnoticed between two of them; then the time decides.
    if (told && !(source === 'header' && now >= told.until)) return false;
    const twice = this.#knows(now, use);
    if (this.#told.size >= MANY) this.#told.clear();
    this.#told.set(key, { until: resetAt ?? now + (per ?? UNKNOWN_MS), unit, limit, source });
    return !twice;
  }

  /** Whether the same limit was reported from another source. */
  #knows(now: number, { unit, limit, source }: Use): boolean {
    for (const told of this.#told.values()) {
      if (told.unit === unit && told.limit === limit && told.source !== source && told.until > now)
        return true;
    }
    return false;
  }
}
