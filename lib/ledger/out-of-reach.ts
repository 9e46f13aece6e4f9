import type { Entry } from '../time/schedule.ts';
import { LedgerError } from '../words/errors.ts';
import type { LeaseContext } from './context.ts';
import type { WindowCount } from './window-count.ts';

/**
 * A window's behaviour while its ledger is unreachable, and during the grace after that: it keeps to the capacity it has, by its
 * own arithmetic alone.
 */
export class OutOfReach {
  /** What determines the window's capacity: the ledger's leases, or its own share. */
  state: 'leasing' | 'degraded' | 'grace' = 'leasing';
  readonly #count: WindowCount;
  readonly #context: LeaseContext;
  /** End of the grace, or the moment from which the whole share may be used. */
  #turn: Entry | undefined;
  /** Number of permits to keep to; if 0, nothing is admitted while the ledger is unreachable. */
  #share = Infinity;

  constructor(count: WindowCount, context: LeaseContext) {
    this.#count = count;
    this.#context = context;
  }

  /** Reason why the window admits nothing. */
  get failure(): LedgerError | undefined {
    return this.state === 'degraded' && this.#share === 0
      ? new LedgerError('The ledger is unreachable, and this process has no share of the quota without it')
      : undefined;
  }

  /** Uses the whole share only one window later, counted from the last call: until then others may be using part of it. */
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
   * During the grace, all keep to what they could use before, which together is within the limit, and lease it.
   *
   * @param held number of permits leased at its end
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

  end(): void {
    this.#turn?.cancel();
  }

  /** Keeps to the present capacity, at most `most`. */
  #makeshift(state: 'degraded' | 'grace', most: number): void {
    const count = this.#count;
    this.state = state;
    this.#share = most;
    count.recycle = true;
    count.unreleased = 0;
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
