import { LedgerError } from '../errors.ts';
import type { Window } from '../types.ts';
import { Demand } from './demand.ts';
import type { Account, Holder, Lease, Ledger } from './ledger.ts';
import type { Entry, Schedule } from './schedule.ts';
import { WindowCount } from './window-count.ts';

/** While anything is held, it is looked at anew this often, in ms: demand fades with time alone. */
const REVIEW_MS = 250;

/** What goes beyond the process's fair share of a window is leased so much later, in ms. */
const BEYOND_MS = 100;

/** Longest that the closing of a gate waits for what is in use to be spent, in ms. */
const LONGEST_CLOSE_MS = 5000;

/** A lease, and the moment to give it back at. */
interface Held {
  readonly lease: Lease;
  readonly size: number;
  readonly renewAt: number;
}

/** What the leases of a window need of their gate. */
export interface LeaseContext {
  readonly ledger: Ledger;
  readonly schedule: Schedule;
  now(): number;
  /** There may be permits to give. */
  changed(): void;
}

/**
 * One window of a quota, and the permits of it that are leased from the ledger.
 *
 * Where nobody shares the ledger, the first demand leases the whole window for good, and a permit costs arithmetic
 * alone. Where others do, leases are taken by demand, ahead of it while there is traffic. A spent permit is used
 * again, as long as there is demand, within the process's share of the window; what is held beyond, or has been held
 * for long, goes back as soon as as many permits are spent as a lease holds. (Permits of one window are alike, so one
 * slow response keeps one permit, not its whole lease.)
 */
export class Leases implements Holder {
  readonly limit: number;
  readonly count: WindowCount;
  readonly #context: LeaseContext;
  readonly #account: Account;
  readonly #demand: Demand;
  /** The oldest first. */
  #leases: Held[] = [];
  /** Permits asked for and not granted yet. */
  #pending = 0;
  #waiting = 0;
  /** Permits to make do with while the ledger is out of reach. */
  #share: number | undefined;
  /** Until then only what is in use already is leased. */
  #graceUntil = -Infinity;
  #asking: Entry | undefined;
  #tick: Entry | undefined;
  #tickHolds = false;
  #closed = false;

  constructor(key: string, { limit, per }: Window, context: LeaseContext) {
    this.limit = limit;
    this.count = new WindowCount(per);
    this.#context = context;
    this.#demand = new Demand(limit, context.now());
    this.#account = context.ledger.open({ key: `${key}|${limit}/${per}`, limit, per }, this);
    this.count.recycle = !this.#account.shared;
  }

  /** What keeps this window from admitting anything, when the ledger is out of reach and there is no share. */
  get failure(): LedgerError | undefined {
    return this.#share === 0
      ? new LedgerError('The ledger cannot be reached, and the gate fails closed')
      : undefined;
  }

  take(now: number): void {
    this.count.take();
    if (!this.#account.shared) return;
    this.#waiting = Math.max(0, this.#waiting - 1);
    this.#demand.use(now);
    this.#balance(now);
  }

  /** So many attempts wait: leases what they need, and gives back what is spent. */
  want(waiting: number): void {
    this.#waiting = waiting;
    if (this.#closed) return;
    if (this.#account.shared) this.#balance(this.#context.now());
    else if (waiting > 0 && this.count.capacity + this.#pending === 0) this.#ask(this.limit);
  }

  lost(lease: Lease): void {
    const index = this.#leases.findIndex((held) => held.lease === lease);
    if (index < 0) return;
    this.#leases.splice(index, 1);
    if (this.#share === undefined) this.count.capacity -= lease.size;
    this.#context.changed();
  }

  degraded(share: number): void {
    this.#share = share;
    this.count.recycle = true;
    this.count.capacity -= this.count.spent;
    this.count.spent = 0;
    // More than a share of what was held is kept back at once; what is missing may still be in another's use.
    const held = this.count.capacity;
    this.count.capacity = Math.min(held, share);
    if (held < share) {
      this.#context.schedule.at(this.#context.now() + this.count.per, false, () => {
        if (this.#share !== share) return;
        this.count.capacity = share;
        this.#context.changed();
      });
    }
    this.#context.changed();
  }

  restored(graceMs: number): void {
    this.#share = undefined;
    this.count.used(this.#context.now());
    this.count.recycle = false;
    this.count.capacity = this.#held();
    this.#graceUntil = this.#context.now() + graceMs;
    this.#context.changed();
  }

  /** Waits until what is in use is spent, if that is soon; a ledger that others share gets the rest when it runs out. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#tick?.cancel();
    this.#asking?.cancel();
    if (this.#account.shared && this.#share === undefined) {
      await this.#drained();
      this.#giveBack(Infinity);
    }
    await this.#account.close();
  }

  #drained(): Promise<void> {
    const { count } = this;
    const until = this.#context.now() + LONGEST_CLOSE_MS;
    return new Promise((resolve) => {
      const look = (): void => {
        const now = this.#context.now();
        this.#giveBack(this.count.capacity - count.used(now));
        const next = count.used(now) > count.unanswered ? count.nextExpiry(now) : now + 10;
        if (count.used(now) === 0 || next > until) resolve();
        else this.#context.schedule.at(next, true, look);
      };
      look();
    });
  }

  /** Gives back what is not needed, and leases what is missing. */
  #balance(now: number): void {
    if (this.#share !== undefined || this.#closed) return;
    const { count } = this;
    const grace = now < this.#graceUntil;
    const needed = grace ? 0 : this.#waiting || this.#demand.ahead(now);
    const surplus = count.free(now) + count.spent - needed;
    if (surplus > 0) this.#giveBack(surplus);
    if (count.spent > 0) this.#recycle(now);

    if (needed > count.free(now) + this.#pending) this.#askSoon(now);
    this.#reviewAt(grace ? this.#graceUntil : Math.min(count.nextExpiry(now), now + REVIEW_MS), now);
  }

  /** Uses spent permits again, but for the leases that have to go back. */
  #recycle(now: number): void {
    const { count } = this;
    for (let [oldest] = this.#leases; oldest; [oldest] = this.#leases) {
      const excess = count.capacity - oldest.size >= this.#account.share;
      if (!excess && now < oldest.renewAt) break;
      // What there is of it waits for the rest.
      if (count.spent < oldest.size) return;
      this.#giveBack(oldest.size);
    }
    count.spent = 0;
  }

  /** Ends leases, the oldest first, as long as `permits` cover them. */
  #giveBack(permits: number): void {
    let left = permits;
    this.#leases = this.#leases.filter(({ lease, size }) => {
      if (size > left) return true;
      left -= size;
      this.count.capacity -= size;
      this.count.spent = Math.max(0, this.count.spent - size);
      lease.end();
      return false;
    });
  }

  /**
   * Attempts come in swarms: waits for the others of this one, to lease for all of them at once. What goes beyond a
   * fair share of the window is leased a little later, so that others come to theirs.
   */
  #askSoon(now: number, beyond = false): void {
    this.#asking ??= this.#context.schedule.at(beyond ? now + BEYOND_MS : now, false, () => {
      this.#asking = undefined;
      if (this.#share !== undefined || this.#closed) return;
      const later = this.#context.now();
      const needed = later < this.#graceUntil ? 0 : this.#waiting || this.#demand.ahead(later);
      const most = beyond ? this.limit : Math.min(this.limit, this.#account.share);
      let missing = needed - this.count.free(later) - this.#pending;
      let room = most - this.#held() - this.#pending;
      while (missing > 0 && room > 0) {
        const size = Math.min(missing, this.#demand.block, room);
        this.#ask(size);
        missing -= size;
        room -= size;
      }
      if (missing > 0 && !beyond) this.#askSoon(later, true);
    });
  }

  #ask(size: number): void {
    this.#pending += size;
    this.#account.lease(size).then(
      (lease) => {
        this.#pending -= size;
        if (this.#closed) return lease.end();
        this.#leases.push({ lease, size, renewAt: this.#context.now() + this.#account.renewMs });
        if (this.#share === undefined) this.count.capacity += size;
        this.#context.changed();
      },
      () => {
        this.#pending -= size;
      },
    );
  }

  /** Permits in all leases. */
  #held(): number {
    return this.#leases.reduce((sum, { size }) => sum + size, 0);
  }

  /** Looks again at `at`, as long as anything is held or waited for. */
  #reviewAt(at: number, now: number): void {
    const hold = this.#waiting > 0;
    if (this.#tick && this.#tick.at <= at && this.#tick.at > now && this.#tickHolds === hold) return;
    this.#tick?.cancel();
    this.#tick = undefined;
    if (this.#leases.length === 0 && !hold) return;
    this.#tickHolds = hold;
    this.#tick = this.#context.schedule.at(Math.max(at, now), hold, () => {
      this.#tick = undefined;
      this.#context.changed();
    });
  }
}
