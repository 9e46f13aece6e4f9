import type { RateLimit } from '../classify/rate-limit.ts';
import type { Adaptive } from '../learning/adaptive.ts';
import { REQUESTS, type Windows } from '../ledger/windows.ts';
import type { LimitSource } from '../words/causes.ts';
import type { QuotaRef } from '../words/types.ts';

/** How far a window is used. */
export interface Use {
  readonly unit: string;
  readonly limit: number;
  /** Length of the window, in ms; absent where a header does not tell it. */
  readonly per?: number | undefined;
  readonly used: number;
  readonly source: LimitSource;
  /** Moment at which it begins anew, if a header says so. */
  readonly resetAt?: number | undefined;
}

/** What limits a quota. */
interface Limits {
  readonly windows: Windows;
  readonly adaptive: Adaptive | undefined;
}

/** A window that was told of. */
interface Told {
  /** Moment from which it may be told of again. */
  readonly until: number;
  readonly unit: string;
  readonly limit: number;
  readonly source: LimitSource;
}

/** Time for which a window that tells neither its length nor its end is not told of again, in ms. */
const UNKNOWN_MS = 60_000;
/** Share of the mark below which a window has begun anew, whatever the time. */
const ANEW = 0.5;
/** Maximum number of windows kept. */
const MANY = 64;

/** Finds windows that are used up to a mark, each once until it begins anew. */
export class Near {
  /** The mark: a share of the limit. */
  readonly #share: number;
  readonly #limits: Limits;
  readonly #tell: (use: Use) => void;
  readonly #told = new Map<string, Told>();

  /** Absent for a quota that names no share. */
  static of(
    { key, near }: QuotaRef,
    limits: Limits,
    tell?: (key: string, use: Use) => void,
  ): Near | undefined {
    return near === undefined || !tell ? undefined : new Near(near, limits, (use) => tell(key, use));
  }

  /** @param tell told in a microtask: whoever listens may ask for permits, and one may be just being taken */
  constructor(share: number, limits: Limits, tell: (use: Use) => void) {
    this.#share = share;
    this.#limits = limits;
    this.#tell = tell;
  }

  /** Looks at the windows of the quota: before and after an attempt goes, and when what it cost is known. */
  look(now: number): void {
    const { windows, adaptive } = this.#limits;
    for (const use of windows.uses(now)) this.#look(now, { ...use, source: 'declared' });
    for (const { limit, per, count } of adaptive?.learner?.windows ?? [])
      this.#look(now, { unit: REQUESTS, limit, per, used: count.used(now), source: 'learned' });
  }

  /** Looks at what a header told of a server's limits. */
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
    // A header that names no end may tell of a new window without a look between: then the time decides.
    if (told && !(source === 'header' && now >= told.until)) return false;
    const twice = this.#knows(now, use);
    if (this.#told.size >= MANY) this.#told.clear();
    this.#told.set(key, { until: resetAt ?? now + (per ?? UNKNOWN_MS), unit, limit, source });
    return !twice;
  }

  /** Whether the same limit was told of, as known in another way. */
  #knows(now: number, { unit, limit, source }: Use): boolean {
    for (const told of this.#told.values()) {
      if (told.unit === unit && told.limit === limit && told.source !== source && told.until > now)
        return true;
    }
    return false;
  }
}
