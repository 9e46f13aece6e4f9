/** Time over which the rate of use is measured, in ms. */
const SPAN_MS = 500;
/** Time by which leases are taken ahead of their use, in ms. */
const AHEAD_MS = 100;
/**
 * Time, in ms per doubling of the window's length, after which free permits are stale if attempts wait yet none was used:
 * two processes may each hold what the other needs. Those of the shorter window go back first, so that not all do.
 */
const STALE_MS = 250;
/** Minimum number of blocks in which a window is leased, so that others can get some of it too. */
const MIN_BLOCKS = 20;
/** Maximum number of blocks, if any number from the minimum to this divides the limit. */
const MOST_BLOCKS = 50;

/**
 * How much of a window to lease at once: as little as one permit when it is used slowly, a block when fast.
 *
 * `ahead(t)` = rate · 100 ms, at most a block. The rate is that of the previous 500 ms span or of the current one so far,
 * whichever is higher.
 */
export class Demand {
  /** Maximum number of permits per lease. It must be the same in all processes: Bottleneck favours small jobs. */
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

  /** Permits arrived or were used. */
  stir(now: number): void {
    this.#staleAt = now + this.#staleMs;
  }

  /** Whether free permits are sitting unused. */
  stale(now: number): boolean {
    return now >= this.#staleAt;
  }

  /** Whether no permit was used lately. */
  quiet(now: number): boolean {
    return now >= this.#usedAt + SPAN_MS;
  }

  /** Permits to hold while no attempts wait. */
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
 * Size of a block: the largest that divides the limit into 20 to 50 blocks, so that none is left incomplete; otherwise a
 * small one, which leaves few permits over.
 */
function blockOf(limit: number): number {
  for (let blocks = MIN_BLOCKS; blocks <= MOST_BLOCKS; blocks += 1) {
    if (limit % blocks === 0) return limit / blocks;
  }
  return Math.max(1, Math.floor(limit / MOST_BLOCKS));
}
