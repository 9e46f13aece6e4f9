import type { Entry } from '../time/schedule.ts';
import { LedgerError } from '../words/errors.ts';
import type { LeaseContext } from './context.ts';
import type { WindowCount } from './window-count.ts';

/**
 * How a window makes do while its ledger is out of reach, and in the grace after it: with the capacity that it has, by
 * its own arithmetic alone.
 */
export class OutOfReach {
  /** Whether the ledger tells what the window may use. */
  state: 'leasing' | 'degraded' | 'grace' = 'leasing';
  readonly #count: WindowCount;
  readonly #context: LeaseContext;
  /** The end of the grace, or the moment from which on the whole share may be used. */
  #turn: Entry | undefined;
  /** Permits to make do with; with none, nothing is admitted while the ledger is out of reach. */
  #share = Infinity;

  constructor(count: WindowCount, context: LeaseContext) {
    this.#count = count;
    this.#context = context;
  }

  /** What keeps the window from admitting anything. */
  get failure(): LedgerError | undefined {
    return this.state === 'degraded' && this.#share === 0
      ? new LedgerError('The ledger cannot be reached, and no share of the quota is left without it')
      : undefined;
  }

  /** Others may use what is missing of the share for one more window, from the last time that this is told. */
  degraded(share: number): void {
    this.#makeshift('degraded', share);
    if (this.#count.capacity < share) {
      this.#turnAt(this.#count.per, () => {
        this.#count.hold(share, this.#context.now());
      });
    }
    this.#context.changed();
  }

  /**
   * In the grace, all make do with what they could use before, and lease that: together it is within the limit.
   *
   * @param held permits that are leased at its end
   */
  restored(graceMs: number, held: () => number): void {
    this.#makeshift('grace', Infinity);
    this.#turnAt(graceMs, () => {
      this.state = 'leasing';
      this.#count.recycle = false;
      this.#count.hold(held(), this.#context.now());
    });
    this.#context.changed();
  }

  /** The window is closed. */
  end(): void {
    this.#turn?.cancel();
  }

  /** No more than it could use, and than `most`. */
  #makeshift(state: 'degraded' | 'grace', most: number): void {
    const count = this.#count;
    this.state = state;
    this.#share = most;
    count.recycle = true;
    count.spent = 0;
    count.capacity = Math.min(count.capacity, most);
  }

  #turnAt(ms: number, then: () => void): void {
    this.#turn?.cancel();
    this.#turn = this.#context.schedule.at(this.#context.now() + ms, false, () => {
      then();
      this.#context.changed();
    });
  }
}
