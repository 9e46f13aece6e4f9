/** Time over which the rate of use is measured, in ms. */
const SPAN_MS = 500;
/** Leases are taken so far ahead of their use, in ms. */
const AHEAD_MS = 100;
/**
 * Permits of which none was used for so long, though somebody waits, are stale, in ms per doubling of the window: each
 * of two processes may hold what the other lacks. Those of the shorter window go first, so that not all do.
 */
const STALE_MS = 250;
/** Minimum number of blocks a window is leased in, so that others find some of it too. */
const MIN_BLOCKS = 20;
/** Nor in many more, unless no number near divides the limit. */
const MOST_BLOCKS = 50;

/**
 * How much of a window to lease at once: as little as one permit when it is used slowly, a block when fast.
 *
 * `ahead(t)` = rate · 100 ms, at most a block, the rate being the uses per ms in the span before the current one and
 * in it so far, whichever is more.
 */
export class Demand {
  /** Most permits of one lease. All processes have to agree on it: Bottleneck favours small jobs. */
  readonly block: number;
  readonly #staleMs: number;
  #staleAt = Infinity;
  #spanStart: number;
  #usedAt = -Infinity;
  #uses = 0;
  #rate = 0;

  constructor(limit: number, per: number, now: number) {
    this.#staleMs = STALE_MS * Math.log2(2 + per);
    this.block = blockOf(limit);
    this.#spanStart = now;
  }

  use(now: number, permits = 1): void {
    this.#roll(now);
    this.#uses += permits;
    this.#usedAt = now;
    this.stir(now);
  }

  /** Permits came, or were used. */
  stir(now: number): void {
    this.#staleAt = now + this.#staleMs;
  }

  /** Whether what is free lies about in vain. */
  stale(now: number): boolean {
    return now >= this.#staleAt;
  }

  /** Whether none was used lately. */
  quiet(now: number): boolean {
    return now >= this.#usedAt + SPAN_MS;
  }

  /** Permits to hold while none are waited for. */
  ahead(now: number): number {
    this.#roll(now);
    const rate = Math.max(this.#rate, this.#uses / SPAN_MS);
    return Math.min(this.block, Math.ceil(rate * AHEAD_MS));
  }

  #roll(now: number): void {
    const elapsed = now - this.#spanStart;
    if (elapsed < SPAN_MS) return;
    this.#rate = elapsed < 2 * SPAN_MS ? this.#uses / elapsed : 0;
    this.#uses = 0;
    this.#spanStart = now;
  }
}

/**
 * The size of a block: the largest that divides the limit, so that no permits are left over that fill none; if none of a
 * good size does, a small one, which leaves few.
 */
function blockOf(limit: number): number {
  for (let blocks = MIN_BLOCKS; blocks <= MOST_BLOCKS; blocks += 1) {
    if (limit % blocks === 0) return limit / blocks;
  }
  return Math.max(1, Math.floor(limit / MOST_BLOCKS));
}
