import type { Account, Book, Holder, Ledger, LedgerObserver } from './ledger.ts';
import { Seat } from './seat.ts';

/** Number of lingering windows examined whenever one is opened: forgetting them is amortised. */
const LOOK = 2;
/** Minimum number of pauses at which expired ones are removed. */
const LEAST_PAUSES = 64;

/**
 * The ledger of one process, for gates that share it.
 *
 * A window that only one gate uses is held by it whole, without asking: there is nothing to arbitrate. Once a second gate
 * opens the same window, a Bottleneck is created, from which each leases what it needs.
 */
class MemoryLedger implements Ledger {
  /** The latest seat at each window. */
  readonly #seats = new Map<string, Seat>();
  /** Keys of windows that only closed gates still use. */
  readonly #lingering = new Set<string>();
  readonly #observers = new Set<LedgerObserver>();
  /** Quotas closed by a gate, and until when. */
  readonly #pauses = new Map<string, number>();
  #mostPauses = LEAST_PAUSES;

  open(book: Book, holder: Holder): Account {
    this.#look();
    const seat = new Seat(this, book, holder);
    const known = this.#seats.get(book.key);
    if (known && !known.abandoned) known.welcome(seat);
    this.#seats.set(book.key, seat);
    this.#lingering.delete(book.key);
    return seat;
  }

  attach(observer: LedgerObserver): () => Promise<void> {
    this.#observers.add(observer);
    return async () => {
      this.#observers.delete(observer);
    };
  }

  pause(quota: string, ms: number, from: LedgerObserver, tryMs?: number): void {
    const now = from.now();
    this.#remember(quota, now + ms, now);
    for (const observer of this.#observers)
      if (observer !== from) observer.paused(quota, ms, tryMs !== undefined);
  }

  recall(quota: string, from: LedgerObserver): void {
    const until = this.#pauses.get(quota);
    if (until === undefined) return;
    const ms = until - from.now();
    if (ms > 0) from.paused(quota, ms);
  }

  /** @internal A seat was closed. */
  left({ key }: Seat): void {
    if (this.#seats.get(key)?.abandoned) this.#seats.delete(key);
    else this.#lingering.add(key);
  }

  #look(): void {
    let looked = 0;
    for (const key of this.#lingering) {
      this.#lingering.delete(key);
      const seat = this.#seats.get(key);
      if (seat?.closed) this.left(seat);
      looked += 1;
      if (looked === LOOK) return;
    }
  }

  #remember(quota: string, until: number, now: number): void {
    this.#pauses.set(quota, Math.max(until, this.#pauses.get(quota) ?? 0));
    if (this.#pauses.size <= this.#mostPauses) return;
    for (const [key, at] of this.#pauses) if (at <= now) this.#pauses.delete(key);
    this.#mostPauses = Math.max(LEAST_PAUSES, 2 * this.#pauses.size);
  }
}

/**
 * An in-memory ledger for the gates of one process. Gates given the same ledger share the windows of quotas with the same
 * name and limits, and each other's pauses. Concurrency limits are not shared.
 *
 * @example
 * const ledger = memory();
 * const gates = [headgate({ ledger }), headgate({ ledger })];
 */
export function memory(): Ledger {
  return new MemoryLedger();
}
