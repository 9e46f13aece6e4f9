import type { Account, Book, Holder, Lease } from './ledger.ts';
import { Page } from './page.ts';

/** The owner of seats. */
interface Shelf {
  /** A seat was closed. */
  left(seat: Seat): void;
}

/** A requested lease. A job no longer needed is reused for the next request of the same size. */
interface Asked {
  readonly size: number;
  needed: boolean;
  grant: (lease: Lease) => void;
}

/**
 * One gate's account in the ledger of a process: the whole window while it is alone, then a seat at a {@link Page}.
 */
export class Seat implements Account {
  readonly key: string;
  readonly holder: Holder;
  closed = false;
  readonly #limit: number;
  readonly #shelf: Shelf;
  #page: Page | undefined;
  #asked: Asked[] | undefined;

  constructor(shelf: Shelf, { key, limit }: Book, holder: Holder) {
    this.#shelf = shelf;
    this.key = key;
    this.#limit = limit;
    this.holder = holder;
  }

  get shared(): boolean {
    return this.#page !== undefined;
  }

  get share(): number {
    return this.#page?.share ?? Infinity;
  }

  get renewMs(): number {
    return Infinity;
  }

  get lingers(): boolean {
    return true;
  }

  /** Whether it is closed and nothing it took is in use. */
  get spent(): boolean {
    return this.closed && this.holder.inUse === 0;
  }

  /** Whether no seat needs the window any longer. */
  get abandoned(): boolean {
    return this.#page ? this.#page.spent : this.spent;
  }

  /** Another gate joins. */
  welcome(other: Seat): void {
    const page = this.#page ?? new Page(this.#limit, this);
    other.#page = page;
    page.join(other);
    if (this.#page) return;
    this.#page = page;
    // This is the first job in the queue, so it starts before all others.
    this.holder.joined(page.start(this.#limit, () => true));
  }

  lease(size: number): Promise<Lease> {
    return new Promise((grant) => {
      this.#asked ??= [];
      const spare = this.#asked.find((asked) => !asked.needed && asked.size === size);
      if (spare) {
        spare.needed = true;
        spare.grant = grant;
        return;
      }
      const asked: Asked = { size, needed: true, grant };
      this.#asked.push(asked);
      this.#page?.start(size, (lease) => {
        this.#asked?.splice(this.#asked.indexOf(asked), 1);
        if (asked.needed) asked.grant(lease);
        return asked.needed;
      });
    });
  }

  withdraw(permits: number): number {
    let left = permits;
    for (const asked of this.#asked?.toReversed() ?? []) {
      if (!asked.needed || asked.size > left) continue;
      left -= asked.size;
      asked.needed = false;
    }
    return permits - left;
  }

  async close(): Promise<void> {
    this.closed = true;
    this.withdraw(Infinity);
    if (this.spent) this.#page?.leave(this);
    this.#shelf.left(this);
  }
}
