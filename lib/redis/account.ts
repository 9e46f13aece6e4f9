import type { Account, Book, Holder, Lease } from '../ledger/ledger.ts';
import { type Clock, LONGEST_TIMER, type Timer } from '../time/clock.ts';
import type { Connection } from './connection.ts';
import { type Grant, type Settlement, StaleGrant } from './grant.ts';
import { Limiter } from './limiter.ts';
import { limiterId } from './scripts.ts';

/** An account that closes waits this long for what Redis is about to grant, in ms. */
const LAST_GRANT_MS = 100;
/** What runs on after its holder is gone runs this much longer than is known to be needed, in ms. */
const SLACK_MS = 5000;
/** Leases go back at different moments: earlier by this share at the most. */
const RENEW_SPREAD = 0.5;

/** What an account needs of its ledger. */
export interface AccountContext {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly prefix: string;
  readonly renewMs: number;
  readonly longestAttemptMs: number;
  /** Permits of this limit that a process may keep. */
  share(limit: number): number;
  /** Redis refused a lease of this account. */
  refused(account: RedisAccount, error: Error): void;
  /** Looks whether Redis has kept its data, before this account goes on. */
  doubted(): Promise<void>;
  /** Redis forgot this account alone. */
  forgotten(account: RedisAccount): void;
  /** This account has a limiter from now on. */
  opened(account: RedisAccount): void;
  closed(account: RedisAccount): void;
}

interface Held {
  readonly lease: Lease;
  readonly grant: Grant;
  timer?: Timer;
  /** When it runs out. */
  until: number;
}

/**
 * One window's account in Redis, whose leases run out in Redis's own time.
 *
 * Its limiter is made when it is first needed, and given up when it has been idle for a while: an idle quota costs
 * neither a command nor memory for it.
 */
export class RedisAccount implements Account {
  readonly shared: boolean = true;
  readonly settles: boolean = true;
  readonly book: Book;
  readonly holder: Holder;
  readonly #context: AccountContext;
  readonly #expirationMs: number;
  readonly #held = new Map<Lease, Held>();
  #limiter: Limiter | undefined;
  /** Whether it was idle when {@link rest} was last called. */
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

  /** All that is held runs as long as if it were granted now, but for what Redis has given away. */
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

  /** Makes sure that Redis grants again. Rejects with what it says when it does not. */
  async mend(): Promise<void> {
    await this.#open().check();
    await this.extend();
  }

  /** Redis forgot all that is held. */
  forget(): void {
    for (const lease of [...this.#held.keys()]) this.#lose(lease);
  }

  nudge(): void {
    this.#limiter?.nudge();
  }

  /** Called from time to time: gives up its limiter, when it was idle the last time too. True when it has none. */
  rest(): boolean {
    const limiter = this.#limiter;
    const idle = !limiter || this.#isIdle(limiter);
    if (idle && this.#rested) this.#release();
    this.#rested = idle;
    return this.#limiter === undefined;
  }

  /** Gives back what is not in use; what is runs until it is certain to be spent. */
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
   * Tells Redis what is not in use, and when the rest is free again. The command is written when this returns, as the
   * process may end right after.
   */
  settle(): void {
    const limiter = this.#limiter;
    if (!limiter || this.#isIdle(limiter)) return;
    const now = this.#context.clock.now();
    const inFlightMs = this.book.per + this.#context.longestAttemptMs + SLACK_MS;
    const returns = this.holder.returns().map((ms) => Math.min(ms, inFlightMs));
    returns.sort((a, b) => a - b);
    let used = 0;
    const jobs = [...this.#held.values()].map(({ grant, lease, until }): Settlement => {
      const keep = Math.min(lease.size, returns.length - used);
      used += keep;
      const ms = returns[used - 1] ?? 0;
      return [grant.index, keep, Math.ceil(Math.max(0, Math.min(until - now, ms)))];
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

  /** Redis may have lost the data of this account: all of its data, or those of one node of a cluster. */
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

/** Calls `fire` in `ms`, however many; keeps no process alive for it. */
function later(clock: Clock, ms: number, fire: () => void): Timer {
  let timer: Timer;
  const wait = (left: number): void => {
    const step = Math.min(LONGEST_TIMER, left);
    timer = clock.setTimer(() => (left > step ? wait(left - step) : fire()), Math.max(0, step), false);
  };
  wait(ms);
  return { cancel: () => timer.cancel() };
}
