import type { Account, Book, Holder, Lease, Use } from '../ledger/ledger.ts';
import { ROUNDING } from '../ledger/ring.ts';
import { type Clock, LONGEST_TIMER, type Timer } from '../time/clock.ts';
import type { Connection } from './connection.ts';
import { type Grant, type Settlement, StaleGrant } from './grant.ts';
import { Limiter } from './limiter.ts';
import { limiterId } from './scripts.ts';

/** Maximum wait of a closing account for a grant on its way, in ms. */
const LAST_GRANT_MS = 100;
/** Margin on the lifetime of leases that outlive their holder, in ms. */
const SLACK_MS = 5000;
/** Maximum time between permits becoming free at which they go back together, in ms. */
const TOGETHER_MS = 10;
/** Maximum fraction by which a lease goes back early, so that leases are not all renewed at once. */
const RENEW_SPREAD = 0.5;

/** The parts of the ledger that an account needs. */
export interface AccountContext {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly prefix: string;
  readonly renewMs: number;
  readonly longestAttemptMs: number;
  /** Number of permits of this limit that a process may keep. */
  share(limit: number): number;
  /** Redis refused a lease of this account. */
  refused(account: RedisAccount, error: Error): void;
  /** Checks whether Redis has kept its data before this account continues. */
  doubted(): Promise<void>;
  /** Redis lost the data of this account only. */
  forgotten(account: RedisAccount): void;
  /** This account now has a limiter. */
  opened(account: RedisAccount): void;
  closed(account: RedisAccount): void;
}

interface Held {
  readonly lease: Lease;
  readonly grant: Grant;
  timer?: Timer;
  /** Time at which the lease expires. */
  until: number;
}

/**
 * One window's account in Redis, whose leases expire by Redis's clock.
 *
 * Its limiter is created on first use and released after some idle time, so an idle quota costs neither commands nor
 * memory.
 */
export class RedisAccount implements Account {
  readonly shared: boolean = true;
  readonly settles: boolean = true;
  book: Book;
  readonly holder: Holder;
  readonly #context: AccountContext;
  readonly #expirationMs: number;
  readonly #held = new Map<Lease, Held>();
  #limiter: Limiter | undefined;
  /** Whether the account was idle when {@link rest} was last called. */
  #rested = false;
  #closed = false;

  constructor(book: Book, holder: Holder, context: AccountContext) {
    this.book = book;
    this.holder = holder;
    this.#context = context;
    this.#expirationMs = Math.ceil(context.renewMs + book.per + context.longestAttemptMs + SLACK_MS);
  }

  get share(): number {
    return this.#context.share(this.book.limit);
  }

  get renewMs(): number {
    return this.#context.renewMs * (1 - Math.random() * RENEW_SPREAD);
  }

  async lease(size: number): Promise<Lease> {
    if (this.#closed) throw new Error('closed');
    const limiter = this.#open();
    try {
      return this.#take(await limiter.ask(size), limiter);
    } catch (error) {
      if (!this.#closed && !(error instanceof StaleGrant)) this.#context.refused(this, error as Error);
      throw error;
    }
  }

  withdraw(permits: number): number {
    return this.#limiter?.withdraw(permits) ?? 0;
  }

  relimit(limit: number): void {
    if (limit === this.book.limit) return;
    this.book = { ...this.book, limit };
    this.#limiter?.relimit(limit);
  }

  /** Extends all held leases as if granted now, and drops those that Redis has given to others. */
  async extend(): Promise<void> {
    const limiter = this.#limiter;
    if (!limiter || this.#isIdle(limiter)) return;
    const until = this.#context.clock.now() + this.#expirationMs;
    const held = [...this.#held.values()];
    const kept = await limiter.settle(held.map(({ grant }) => [grant.index, -1, this.#expirationMs]));
    for (const [number, record] of held.entries()) {
      if (!this.#held.has(record.lease)) continue;
      if (kept[number]) this.#run(record, until);
      else this.#lose(record.lease);
    }
  }

  /** Checks that Redis grants again. Rejects with its error if it does not. */
  async mend(): Promise<void> {
    await this.#open().check();
    await this.extend();
  }

  /** Drops all held leases: Redis has lost them. */
  forget(): void {
    for (const lease of [...this.#held.keys()]) this.#lose(lease);
  }

  nudge(): void {
    this.#limiter?.nudge();
  }

  /** Called periodically. Releases the limiter if the account was idle last time too. True if it has no limiter. */
  rest(): boolean {
    const limiter = this.#limiter;
    const idle = !limiter || this.#isIdle(limiter);
    if (idle && this.#rested) this.#release();
    this.#rested = idle;
    return this.#limiter === undefined;
  }

  /** Gives back unused permits. Permits in use stay leased until they are certainly spent. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#limiter) {
      await this.#limiter.stop(LAST_GRANT_MS);
      this.settle();
      for (const { timer } of this.#held.values()) timer?.cancel();
      this.#held.clear();
      this.#release();
    }
    this.#context.closed(this);
  }

  /**
   * Returns unused permits to Redis and tells it when the rest are free again. The command is written before this
   * returns, as the process may exit right after.
   */
  settle(): void {
    const limiter = this.#limiter;
    if (!limiter || this.#isIdle(limiter)) return;
    const now = this.#context.clock.now();
    const inFlightMs = this.book.per + this.#context.longestAttemptMs + SLACK_MS;
    const uses = this.holder.uses().sort((a, b) => a.freeIn - b.freeIn);
    // Redis counts whole permits.
    let inUse = Math.ceil(uses.reduce((sum, { permits }) => sum + permits, -ROUNDING));
    const next = inTurn(uses);
    const jobs = [...this.#held.values()].flatMap(({ grant, lease, until }): Settlement[] => {
      const keep = Math.max(0, Math.min(lease.size, inUse));
      inUse -= keep;
      const longestMs = Math.max(0, Math.min(until - now, inFlightMs));
      const parts = partsOf(keep, () => Math.min(longestMs, next()));
      const last = parts.pop();
      // The job itself lasts as long as its last part; the parts that are free earlier are split off.
      return [
        [grant.index, keep, last?.[2] ?? 0],
        ...parts.map(([, permits, ms]): Settlement => ['', permits, ms]),
      ];
    });
    limiter.settle(jobs, true).catch(() => undefined);
  }

  #isIdle(limiter: Limiter): boolean {
    return this.#held.size === 0 && limiter.isIdle;
  }

  #open(): Limiter {
    this.#rested = false;
    if (this.#limiter?.isFailed) this.#release();
    if (this.#limiter) return this.#limiter;
    const { connection, clock, prefix } = this.#context;
    const { key, limit } = this.book;
    const settings = { id: limiterId(prefix, key), limit, expirationMs: this.#expirationMs };
    this.#limiter = new Limiter(settings, connection, clock, (made) => this.#doubt(made));
    this.#context.opened(this);
    return this.#limiter;
  }

  #release(): void {
    this.#limiter?.end();
    this.#limiter = undefined;
  }

  /** Redis may have lost this account's data, along with all its data or with one node of a cluster. */
  async #doubt(made: boolean): Promise<void> {
    if (!made && this.#held.size === 0) return;
    await this.#context.doubted();
    const limiter = this.#limiter;
    const held = [...this.#held.values()];
    if (!limiter || held.length === 0) return;
    const now = this.#context.clock.now();
    const kept = await limiter.settle(
      held.map(({ grant, until }) => [grant.index, -1, Math.ceil(until - now)]),
    );
    const lost = held.filter(({ lease }, number) => !kept[number] && this.#held.has(lease));
    if (lost.length === 0) return;
    this.#context.forgotten(this);
    for (const { lease } of lost) this.#lose(lease);
  }

  #take(grant: Grant, limiter: Limiter): Lease {
    let left = grant.size;
    const lease: Lease = {
      get size() {
        return left;
      },
      shrink: (permits) => {
        left -= permits;
        limiter.shrink(grant.index, left);
      },
      end: () => {
        this.#held.get(lease)?.timer?.cancel();
        this.#held.delete(lease);
        grant.free();
      },
    };
    this.#run({ lease, grant, until: 0 }, grant.at + this.#expirationMs);
    return lease;
  }

  #run(record: Held, until: number): void {
    const { clock } = this.#context;
    record.timer?.cancel();
    record.until = until;
    record.timer = later(clock, until - clock.now(), () => this.#lose(record.lease));
    this.#held.set(record.lease, record);
  }

  #lose(lease: Lease): void {
    lease.end();
    this.holder.lost(lease);
  }
}

/** Returns a function that yields, permit by permit, for how many ms each is still in use. */
function inTurn(uses: readonly Use[]): () => number {
  let freed = 0;
  let at = 0;
  let told = 0;
  return () => {
    told += 1;
    while (at < uses.length && freed < told - ROUNDING) freed += (uses[at++] as Use).permits;
    return uses[at - 1]?.freeIn ?? 0;
  };
}

/** Groups permits in use that become free at about the same time. */
function partsOf(permits: number, next: () => number): Settlement[] {
  const parts: Settlement[] = [];
  let from = -Infinity;
  for (let left = permits; left > 0; left -= 1) {
    const ms = Math.ceil(next());
    const last = ms - from <= TOGETHER_MS ? parts.pop() : undefined;
    if (!last) from = ms;
    parts.push(['', (last?.[1] ?? 0) + 1, ms]);
  }
  return parts;
}

/** Calls `fire` after `ms`, however long; does not keep the process alive. */
function later(clock: Clock, ms: number, fire: () => void): Timer {
  let timer: Timer;
  const wait = (left: number): void => {
    const step = Math.min(LONGEST_TIMER, left);
    timer = clock.setTimer(() => (left > step ? wait(left - step) : fire()), Math.max(0, step), false);
  };
  wait(ms);
  return { cancel: () => timer.cancel() };
}
