import { LedgerError } from '../errors.ts';
import type { Window } from '../types.ts';
import { Demand } from './demand.ts';
import type { Account, Holder, Lease, Ledger } from './ledger.ts';
import type { Entry, Schedule } from './schedule.ts';
import { WindowCount } from './window-count.ts';

/** What is leased and not asked for goes back after so many ms without a use. */
const IDLE_MS = 1000;

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
 * alone. Where others do, leases are taken by demand, ahead of it while there is traffic; a used permit is not used
 * again, and a lease ends as soon as as many permits as it holds are spent. (Permits of one window are alike, so one
 * slow response keeps one permit, not its whole lease.)
 */
export class Leases implements Holder {
  readonly limit: number;
  readonly count: WindowCount;
  readonly #context: LeaseContext;
  readonly #account: Account;
  readonly #demand: Demand;
  #leases: Lease[] = [];
  /** Permits asked for and not granted yet. */
  #pending = 0;
  #waiting = 0;
  /** Permits to make do with while the ledger is out of reach. */
  #share: number | undefined;
  /** Until then only what is in use already is leased. */
  #graceUntil = -Infinity;
  #tick: Entry | undefined;
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
    return this.#share === 0 ? new LedgerError('The ledger cannot be reached, and the gate fails closed') : undefined;
  }

  take(now: number): void {
    this.count.take();
    if (!this.#account.shared) return;
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
    const index = this.#leases.indexOf(lease);
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
    this.count.capacity = this.#leases.reduce((sum, { size }) => sum + size, 0);
    this.#graceUntil = this.#context.now() + graceMs;
    this.#context.changed();
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#tick?.cancel();
    return this.#account.close();
  }

  /** Gives back what is spent or idle, and leases what is missing. */
  #balance(now: number): void {
    if (this.#share !== undefined) return;
    const { count } = this;
    const free = count.free(now);
    const grace = now < this.#graceUntil;
    const idle = this.#waiting === 0 && this.#demand.idleMs(now) >= IDLE_MS;
    if (count.spent > 0 || idle) this.#giveBack(count.spent + (idle ? Math.max(0, free) : 0));

    let missing = (grace ? 0 : this.#waiting + (idle ? 0 : this.#demand.ahead(now))) - free - this.#pending;
    while (missing > 0) {
      const room = this.limit - this.#leasedSize() - this.#pending;
      const size = Math.min(missing, this.#demand.block, room);
      if (size <= 0) break;
      this.#ask(size);
      missing -= size;
    }
    this.#reviewAt(Math.min(count.nextExpiry(now), grace ? this.#graceUntil : now + IDLE_MS), now);
  }

  /** Ends leases, the oldest first, as long as `permits` cover them. */
  #giveBack(permits: number): void {
    let left = permits;
    this.#leases = this.#leases.filter((lease) => {
      if (lease.size > left) return true;
      left -= lease.size;
      this.count.capacity -= lease.size;
      this.count.spent = Math.max(0, this.count.spent - lease.size);
      lease.end();
      return false;
    });
  }

  #ask(size: number): void {
    this.#pending += size;
    this.#account.lease(size).then(
      (lease) => {
        this.#pending -= size;
        if (this.#closed) return lease.end();
        this.#leases.push(lease);
        if (this.#share === undefined) this.count.capacity += size;
        this.#context.changed();
      },
      () => {
        this.#pending -= size;
      },
    );
  }

  #leasedSize(): number {
    return this.#leases.reduce((sum, { size }) => sum + size, 0);
  }

  /** Looks again at `at`, as long as anything is held. */
  #reviewAt(at: number, now: number): void {
    if (this.#tick && this.#tick.at <= at && this.#tick.at > now) return;
    this.#tick?.cancel();
    this.#tick = undefined;
    if (this.#leases.length === 0 && this.#waiting === 0) return;
    this.#tick = this.#context.schedule.at(Math.max(at, now), false, () => {
      this.#tick = undefined;
      this.#context.changed();
    });
  }
}
