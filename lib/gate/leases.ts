import type { Window } from '../types.ts';
import type { Account, Ledger } from './ledger.ts';
import { WindowCount } from './window-count.ts';

/**
 * One window of a quota, and the permits leased for it from the ledger.
 *
 * Nobody shares the ledger of one process, so the first demand leases the whole window for good; from then on a
 * permit costs arithmetic alone.
 */
export class Leases {
  readonly count: WindowCount;
  readonly #account: Account;
  readonly #granted: () => void;
  #asked = false;

  constructor(key: string, { limit, per }: Window, ledger: Ledger, granted: () => void) {
    this.count = new WindowCount(limit, per);
    this.#account = ledger.open({ key: `${key}|${limit}/${per}`, limit, per });
    this.#granted = granted;
  }

  /** `waiting` attempts want permits: leases what is missing. */
  want(waiting: number, _now: number): void {
    if (waiting === 0 || this.#asked) return;
    this.#asked = true;
    this.#account.lease(this.count.limit).then(
      (lease) => {
        this.count.capacity += lease.size;
        this.#granted();
      },
      () => {
        // Rejected only when the ledger closes, and then so are all who wait.
      },
    );
  }

  close(): Promise<void> {
    return this.#account.close();
  }
}
