import type { Entry } from '../time/schedule.ts';
import type { LeaseContext } from './context.ts';
import type { Account, Lease } from './ledger.ts';

/** Delay before leasing beyond the gate's fair share of a window, in ms. */
const BEYOND_MS = 40;
/** Time within which a ledger with free permits answers, in ms. */
const PROMPT_MS = 250;
/** Delay before a refused lease is requested again, in ms, doubled at each refusal in a row; and maximum. */
const RETRY_MS = 50;
const LONGEST_RETRY_MS = 2000;

/** The party for which leases are requested. */
export interface Asker {
  /** Limit of the window: the maximum number of permits to hold. */
  readonly limit: number;
  /** Maximum number of permits per lease. */
  readonly block: number;
  /** Permits held. */
  readonly held: number;
  /** Permits needed but neither held nor requested; 0 while nothing may be requested. */
  missing(now: number): number;
  granted(lease: Lease): void;
}

/** The requested leases of a window. */
export class Asking {
  /** Permits requested but not granted yet. */
  pending = 0;
  readonly #asker: Asker;
  readonly #account: Account;
  readonly #context: LeaseContext;
  /** When the first of them was requested. */
  #since = 0;
  #soon: Entry | undefined;
  #beyond: Entry | undefined;
  /** After a refusal: moment of the next request, and its delay. */
  #retryAt = 0;
  #retryMs = 0;
  #closed = false;

  constructor(asker: Asker, account: Account, context: LeaseContext) {
    this.#asker = asker;
    this.#account = account;
    this.#context = context;
  }

  /** Whether the ledger is taking longer than it would with free permits. */
  isLate(now: number): boolean {
    return this.pending > 0 && now > this.#since + PROMPT_MS;
  }

  /**
   * Requests arrive in bursts: waits for the rest of the burst, then leases once for all. Permits beyond the fair share of
   * the window are leased a little later, so that others can get theirs.
   */
  askSoon(now: number): void {
    this.#soon ??= this.#context.schedule.at(Math.max(now, this.#retryAt), false, () => {
      this.#soon = undefined;
      // A share of less than one permit still allows one.
      this.#ask(Math.min(this.#asker.limit, Math.max(1, this.#account.share)) - this.#asker.held);
      const later = this.#context.now();
      if (this.#asker.missing(later) <= 0) return;
      this.#beyond ??= this.#context.schedule.at(later + BEYOND_MS, false, () => {
        this.#beyond = undefined;
        this.#ask(this.#asker.limit);
      });
    });
  }

  /** Withdraws the latest requests, up to `permits`. */
  withdraw(permits: number): void {
    if (this.pending > 0) this.pending -= this.#account.withdraw(permits);
  }

  close(): void {
    this.#closed = true;
    this.#soon?.cancel();
    this.#beyond?.cancel();
  }

  /** Requests what is missing, up to `most` held and pending. */
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
