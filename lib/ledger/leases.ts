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

/** While anything is held, it is looked at anew this often, in ms: demand fades with time alone. */
const REVIEW_MS = 250;

/** Permits that have to go back wait so long for a block of them, in ms. */
const TOGETHER_MS = 20;

/** Longest that the closing of a gate waits for what is in use to be spent, in ms. */
const LONGEST_CLOSE_MS = 5000;

/** Time between two looks at what a closed gate still uses of a ledger in memory, in ms. */
const LINGER_MS = 250;

/**
 * The permits of one window that are leased from a ledger on which others draw too.
 *
 * Leases are taken by demand, ahead of it while there is traffic. A spent permit is used again while there is demand,
 * within this gate's share of the window; what is held beyond it, or has been held for long, goes back when it is
 * spent. (Permits of one window are alike, so one slow response keeps one permit, not its whole lease.)
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
  /** When permits that have to go back do not wait for others any more. */
  #partAt = Infinity;
  #closed = false;

  /** @param whole what is held of the window already */
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

  /** Another limit from now on: what is held beyond it goes back when it is spent. */
  relimit(limit: number, now: number): void {
    if (limit === this.limit) return;
    this.limit = limit;
    this.#demand = new Demand(limit, this.count.per, now);
  }

  /** Whether a wait for permits may be more than the ledger's prompt answer. */
  isLate(now: number): boolean {
    return this.#reach.state !== 'leasing' || this.#asking.isLate(now);
  }

  /** What keeps this window from admitting anything, when the ledger is out of reach and there is no share. */
  get failure(): LedgerError | undefined {
    return this.#reach.failure;
  }

  /** Whether leases have grown old since it was looked last. */
  aged(now: number): boolean {
    return now >= this.#held.dueAt;
  }

  /** What is free of leases that are too old is not used any more: they could run out in use. */
  retire(now: number): void {
    if (this.#reach.state !== 'leasing' || !this.#held.age(now)) return;
    const { count } = this;
    // All in use was taken before: it may as well be of those.
    const unused = this.#held.due - count.used(now) - count.spent;
    count.spent += Math.max(0, Math.min(unused, count.free(now)));
  }

  /** That many permits were taken. */
  taken(now: number, permits: number): void {
    this.#waiting = Math.max(0, this.#waiting - permits);
    this.#demand.use(now, permits);
    this.#balance(now);
  }

  /** Attempts are queued that need that many permits: leases them and gives back what is spent. */
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

  /** Permits to ask the ledger for; below 0 where more is asked for than is needed. */
  missing(now: number): number {
    if (this.#reach.state === 'degraded') return 0;
    // A ledger counts whole permits.
    return Math.ceil(
      this.#needed(now) + this.count.spent - this.#held.permits - this.#asking.pending - ROUNDING,
    );
  }

  /** The ledger granted what was asked for. */
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
   * Gives back what is not in use, and the rest when it is spent: a ledger in memory gets that after this has resolved;
   * another has to be told before, if that is soon, or gets it when it runs out.
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

  /** Gives back what is not needed, and leases what is missing. */
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
   * Permits to have leased: for what is in use, and for what is to come. In the grace, and as long as what is in use is
   * not leased itself, for that alone: nobody may lease beyond what all use.
   */
  #needed(now: number): number {
    const used = this.count.used(now);
    if (this.#reach.state === 'grace' || used > this.#held.permits) return used;
    return used + (this.#waiting || this.#demand.ahead(now));
  }

  /** Less than a block, which may be needed again soon, stays for a while, but in the grace: others may be using it. */
  #giveBackSurplus(surplus: number, now: number): void {
    const { block } = this.#demand;
    const little = surplus % block;
    const all = 2 * little >= block || this.#demand.quiet(now) || this.#reach.state === 'grace';
    this.#giveBack(all ? surplus : surplus - little);
  }

  /** Uses spent permits again, but for those that have to go back. */
  #recycle(now: number): void {
    const { count } = this;
    const { block } = this.#demand;
    const beyond = Math.max(this.#held.due, count.capacity - this.#account.share);
    const back = Math.min(count.spent, beyond, this.#held.permits - count.used(now));
    const rest = now >= this.#partAt ? 0 : Math.max(0, back) % block;
    const whole = Math.floor(back - rest + ROUNDING);
    this.#giveBack(whole);
    count.spent = Math.max(0, back - Math.max(0, whole));
    this.#partAt = rest === 0 ? Infinity : Math.min(this.#partAt, now + TOGETHER_MS);
  }

  #giveBack(asked: number): void {
    const permits = Math.floor(asked + ROUNDING);
    if (permits <= 0) return;
    const { count } = this;
    this.#held.giveBack(permits);
    if (this.#reach.state !== 'leasing') return;
    count.capacity -= permits;
    count.spent = Math.max(0, count.spent - permits);
  }

  /** Looks again at `at`, as long as anything is held or waited for. */
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
