import type { Entry } from '../time/schedule.ts';
import type { LeaseContext } from './context.ts';
import type { Account, Lease } from './ledger.ts';

/** What goes beyond a gate's fair share of a window is leased this much later, in ms. */
const BEYOND_MS = 40;
/** A ledger that has the permits answers within this, in ms. */
const PROMPT_MS = 250;
/** Delay before a refused lease is asked for again, in ms: doubled at each refusal in a row, up to the longest. */
const RETRY_MS = 50;
const LONGEST_RETRY_MS = 2000;

/** For whom leases are asked. */
export interface Asker {
  /** Permits to have; a gate asks for no more than all of them. */
  readonly limit: number;
  /** Most permits of one lease. */
  readonly block: number;
  /** Permits held. */
  readonly held: number;
  /** Permits that are needed, and neither held nor asked for. None while nothing may be asked for. */
  missing(now: number): number;
  granted(lease: Lease): void;
}

/** The leases of a window that are asked for. */
export class Asking {
  /** Permits asked for and not granted yet. */
  pending = 0;
  readonly #asker: Asker;
  readonly #account: Account;
  readonly #context: LeaseContext;
  /** When the first of them was asked for. */
  #since = 0;
  #soon: Entry | undefined;
  #beyond: Entry | undefined;
  /** After a refusal: when the next may be asked for, and how long after the last. */
  #retryAt = 0;
  #retryMs = 0;
  #closed = false;

  constructor(asker: Asker, account: Account, context: LeaseContext) {
    this.#asker = asker;
    this.#account = account;
    this.#context = context;
  }

  /** Whether the ledger takes longer than it would with free permits. */
  isLate(now: number): boolean {
    return this.pending > 0 && now > this.#since + PROMPT_MS;
  }

  /**
   * Requests arrive in bursts: waits for the rest of the burst, then leases once for all. What goes beyond a fair share
   * of the window is leased a little later, so that others come to theirs.
   */
  askSoon(now: number): void {
    this.#soon ??= this.#context.schedule.at(Math.max(now, this.#retryAt), false, () => {
      this.#soon = undefined;
      // A share of less than one permit is still worth the first.
      this.#ask(Math.min(this.#asker.limit, Math.max(1, this.#account.share)) - this.#asker.held);
      const later = this.#context.now();
      if (this.#asker.missing(later) <= 0) return;
      this.#beyond ??= this.#context.schedule.at(later + BEYOND_MS, false, () => {
        this.#beyond = undefined;
        this.#ask(this.#asker.limit);
      });
    });
  }

  /** Takes back what was asked for last, as far as `permits` cover it. */
  withdraw(permits: number): void {
    if (this.pending > 0) this.pending -= this.#account.withdraw(permits);
  }

  close(): void {
    this.#closed = true;
    this.#soon?.cancel();
    this.#beyond?.cancel();
  }

  /** Asks for what is missing, `most` at once. If that is more than there is room for, what goes back comes again. */
  #ask(most: number): void {
    if (this.#closed) return;
    let missing = this.#asker.missing(this.#context.now());
    let room = most - this.pending;
    while (missing > 0 && room > 0) {
      const size = Math.min(missing, this.#asker.block, room);
      this.#lease(size);
      missing -= size;
      room -= size;
    }
  }

  #lease(size: number): void {
    if (this.pending === 0) this.#since = this.#context.now();
    this.pending += size;
    this.#account.lease(size).then(
      (lease) => {
        this.pending -= size;
        this.#retryMs = 0;
        if (this.#closed) lease.end();
        else this.#asker.granted(lease);
      },
      () => {
        this.pending -= size;
        this.#refused(this.#context.now());
      },
    );
  }

  #refused(now: number): void {
    if (this.#closed || now < this.#retryAt) return;
    this.#retryMs = Math.min(LONGEST_RETRY_MS, Math.max(RETRY_MS, 2 * this.#retryMs));
    this.#retryAt = now + this.#retryMs;
    this.#context.changed();
  }
}
