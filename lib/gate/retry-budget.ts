/** Maximum number of retries in the reserve, so that a quiet program is not left without any. */
const RESERVE = 10;
/** Time in which the reserve regains one retry, in ms. */
const RESERVE_REFILL_MS = 1000;
/** Number of first attempts whose shares can be saved up: a long calm must not pay for a storm. */
const SAVINGS = 100;

/**
 * How many retries a quota may spend: a share of its first attempts, above a small reserve.
 *
 * Two accounts: `savings` gains `share` with each first attempt, up to a cap; `reserve` gains one each second,
 * up to {@link RESERVE}. A retry spends one from savings, else one from the reserve.
 *
 * Source: Finagle's RetryBudget (deposits, withdrawals, minimum retries per second); the reserve in place of
 * its expiring deposits.
 */
export class RetryBudget {
  #savings = 0;
  #reserve = RESERVE;
  #refilledAt: number;

  constructor(now: number) {
    this.#refilledAt = now;
  }

  /** A call of this quota sends its first attempt. */
  deposit(share: number): void {
    if (share !== Infinity) this.#savings = Math.min(this.#savings + share, Math.max(1, share * SAVINGS));
  }

  /** Takes one retry; false when none is left. */
  spendRetry(share: number, now: number): boolean {
    if (share === Infinity) return true;
    if (share === 0) return false;
    if (this.#savings >= 1) {
      this.#savings -= 1;
      return true;
    }
    this.#reserve = this.#reserveAt(now);
    this.#refilledAt = now;
    if (this.#reserve < 1) return false;
    this.#reserve -= 1;
    return true;
  }

  /** Number of retries that may be spent now. */
  left(now: number): number {
    return Math.floor(this.#savings) + Math.floor(this.#reserveAt(now));
  }

  #reserveAt(now: number): number {
    return Math.min(RESERVE, this.#reserve + (now - this.#refilledAt) / RESERVE_REFILL_MS);
  }
}
