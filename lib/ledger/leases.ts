import type { Entry } from '../time/schedule.ts';
import type { LedgerError } from '../words/errors.ts';
import { type Asker, Asking } from './asking.ts';
import type { LeaseContext } from './context.ts';
import { Demand } from './demand.ts';
import { Holdings } from './holdings.ts';
import type { Account, Lease } from './ledger.ts';
import { OutOfReach } from './out-of-reach.ts';
import { ROUNDING } from './ring.ts';
import type { WindowCount } from './window-count.ts';

/** Interval of reviews while permits are held, in ms: demand fades with time alone. */
const REVIEW_MS = 250;

/** Time for which permits to be given back wait until they fill a block, in ms. */
const TOGETHER_MS = 20;

/** Maximum wait of a closing gate for permits in use to be spent, in ms. */
const LONGEST_CLOSE_MS = 5000;

/** Interval of checks of what a closed gate still uses, with a ledger in memory, in ms. */
const LINGER_MS = 250;

/**
 * The permits of one window, leased from a ledger that others share.
 *
 * Leases are taken by demand, and ahead of it while there is traffic. A spent permit is used again while there is demand
 * and the gate is within its share of the window; permits held beyond the share, or for too long, go back once spent.
 * (Permits of one window are interchangeable, so a slow response keeps one permit, not its whole lease.)
 */
export class Leases implements Asker {
  limit: number;
  readonly count: WindowCount;
  readonly #context: LeaseContext;
  readonly #account: Account;
  #demand: Demand;
  readonly #held = new Holdings();
  readonly #asking: Asking;
  #waiting = 0;
  readonly #reach: OutOfReach;
  #tick: Entry | undefined;
  #tickHolds = false;
  /** Moment at which permits to be given back stop waiting for more. */
  #partAt = Infinity;
  #closed = false;

  /** @param whole lease of the window that is held already */
  constructor(limit: number, count: WindowCount, account: Account, context: LeaseContext, whole?: Lease) {
    this.limit = limit;
    this.count = count;
    this.#context = context;
    this.#account = account;
    this.#reach = new OutOfReach(count, context);
    this.#demand = new Demand(limit, count.per, context.now());
    this.#asking = new Asking(this, account, context);
    if (whole) this.#held.add(whole, Infinity);
  }

  /** Changes the limit: permits held beyond it go back once spent. */
  relimit(limit: number, now: number): void {
    if (limit === this.limit) return;
    this.limit = limit;
    this.#demand = new Demand(limit, this.count.per, now);
  }

  /** Whether a wait for permits may exceed the ledger's usual response time. */
  isLate(now: number): boolean {
    return this.#reach.state !== 'leasing' || this.#asking.isLate(now);
  }

  /** Reason why this window admits nothing: the ledger is unreachable, and no share is left without it. */
  get failure(): LedgerError | undefined {
    return this.#reach.failure;
  }

  /** Whether leases have become too old since the last check. */
  aged(now: number): boolean {
    return now >= this.#held.dueAt;
  }

  /** Withholds free permits of leases that are too old: they could expire in use. */
  retire(now: number): void {
    if (this.#reach.state !== 'leasing' || !this.#held.age(now)) return;
    const { count } = this;
    // Permits are interchangeable: count those in use as belonging to the old leases.
    const unused = this.#held.due - count.used(now) - count.unreleased;
    count.unreleased += Math.max(0, Math.min(unused, count.free(now)));
  }

  /** `permits` were taken. */
  taken(now: number, permits: number): void {
    this.#waiting = Math.max(0, this.#waiting - permits);
    this.#demand.use(now, permits);
    this.#balance(now);
  }

  /** Queued attempts need `waiting` permits: leases them and gives back what is spent. */
  want(waiting: number): void {
    this.#waiting = waiting;
    if (!this.#closed) this.#balance(this.#context.now());
  }

  get block(): number {
    return this.#demand.block;
  }

  get held(): number {
    return this.#held.permits;
  }

  /** Permits to request from the ledger; negative if more are pending than needed. */
  missing(now: number): number {
    if (this.#reach.state === 'degraded') return 0;
    // Ledgers count whole permits.
    return Math.ceil(
      this.#needed(now) + this.count.unreleased - this.#held.permits - this.#asking.pending - ROUNDING,
    );
  }

  /** The ledger granted a lease. */
  granted(lease: Lease): void {
    const now = this.#context.now();
    this.#demand.stir(now);
    this.#held.add(lease, now + this.#account.renewMs);
    if (this.#reach.state === 'leasing') this.count.hold(this.count.capacity + lease.size, now);
    this.#context.changed();
  }

  lost(lease: Lease): void {
    const size = this.#held.lose(lease);
    if (this.#reach.state === 'leasing') this.count.capacity -= size;
    this.#context.changed();
  }

  degraded(share: number): void {
    this.#reach.degraded(share);
  }

  restored(graceMs: number): void {
    this.#reach.restored(graceMs, () => this.#held.permits);
  }

  /**
   * Gives back unused permits at once, and those in use once spent. With a ledger in memory, that may be after this has resolved;
   * with any other, this waits if they are spent soon, and otherwise their leases expire.
   */
  async close(moved: boolean): Promise<void> {
    this.#closed = true;
    this.#tick?.cancel();
    this.#asking.close();
    this.#reach.end();
    const { lingers = false } = this.#account;
    if (this.#reach.state === 'degraded') return this.#account.close();
    const drained = this.#drained(lingers && !moved ? Infinity : LONGEST_CLOSE_MS, lingers);
    const closed = drained.then(() => this.#account.close());
    if (!lingers) await closed;
  }

  #drained(longestMs: number, lingers: boolean): Promise<void> {
    const { count } = this;
    const until = this.#context.now() + longestMs;
    return new Promise((resolve) => {
      const look = (): void => {
        const now = this.#context.now();
        this.#giveBack(this.#held.permits - count.used(now));
        const soon = now + (lingers ? LINGER_MS : 10);
        const next = count.used(now) > count.unanswered ? count.nextExpiry(now) : soon;
        const settled = this.#account.settles && count.unanswered === 0;
        if (settled || count.used(now) === 0 || next > until) resolve();
        else this.#context.schedule.at(next, !lingers, look);
      };
      look();
    });
  }

  /** Gives back surplus permits and leases missing ones. */
  #balance(now: number): void {
    if (this.#reach.state === 'degraded' || this.#closed) return;
    const { count } = this;
    this.retire(now);
    const surplus =
      this.#held.permits - Math.max(this.#needed(now), this.#reach.state === 'grace' ? count.capacity : 0);
    if (surplus > 0) this.#giveBackSurplus(surplus, now);
    else if (this.#waiting > 0 && this.#demand.stale(now) && this.#reach.state === 'leasing') {
      this.#demand.stir(now);
      this.#giveBack(count.free(now));
    }
    this.#recycle(now);

    const missing = this.missing(now);
    if (missing > 0) this.#asking.askSoon(now);
    else if (missing < 0) this.#asking.withdraw(-missing);
    this.#reviewAt(Math.min(count.nextExpiry(now), now + REVIEW_MS, this.#partAt), now);
  }

  /**
   * Permits to hold: for current and upcoming use. During the grace, and while more are in use than leased, for current use
   * alone: nobody may lease more until everything in use is leased.
   */
  #needed(now: number): number {
    const used = this.count.used(now);
    if (this.#reach.state === 'grace' || used > this.#held.permits) return used;
    return used + (this.#waiting || this.#demand.ahead(now));
  }

  /** Less than half a block may be needed again soon and stays for a while, except during the grace: others may be using it. */
  #giveBackSurplus(surplus: number, now: number): void {
    const { block } = this.#demand;
    const little = surplus % block;
    const all = 2 * little >= block || this.#demand.quiet(now) || this.#reach.state === 'grace';
    this.#giveBack(all ? surplus : surplus - little);
  }

  /** Releases used permits for reuse, except those that must return. */
  #recycle(now: number): void {
    const { count } = this;
    const mustReturn = Math.max(this.#held.due, count.capacity - this.#account.share);
    // Negative while more are in use than leased.
    const returnable = Math.min(count.unreleased, mustReturn, this.#held.permits - count.used(now));
    const partOfBlock = now >= this.#partAt ? 0 : Math.max(0, returnable) % this.#demand.block;
    const returned = Math.max(0, Math.floor(returnable - partOfBlock + ROUNDING));
    this.#return(returned);
    count.unreleased = Math.max(0, returnable - returned);
    this.#partAt = partOfBlock === 0 ? Infinity : Math.min(this.#partAt, now + TOGETHER_MS);
  }

  /** Gives back whole permits, the unreleased ones first. */
  #giveBack(asked: number): void {
    const permits = Math.floor(asked + ROUNDING);
    if (permits <= 0) return;
    this.#return(permits);
    const { count } = this;
    if (this.#reach.state === 'leasing') count.unreleased = Math.max(0, count.unreleased - permits);
  }

  #return(permits: number): void {
    this.#held.giveBack(permits);
    // During an outage of the ledger, and the grace after it, the capacity does not follow the leases.
    if (this.#reach.state === 'leasing') this.count.capacity -= permits;
  }

  /** Schedules a review at `at`, if permits are held or attempts wait. */
  #reviewAt(at: number, now: number): void {
    const hold = this.#waiting > 0;
    if (this.#tick && this.#tick.at <= at && this.#tick.at > now && this.#tickHolds === hold) return;
    this.#tick?.cancel();
    this.#tick = undefined;
    if (this.#held.permits === 0 && !hold) return;
    this.#tickHolds = hold;
    this.#tick = this.#context.schedule.at(Math.max(at, now), hold, () => {
      this.#tick = undefined;
      this.#context.changed();
    });
  }
}
