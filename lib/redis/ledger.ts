import type { Account, Book, Conference, Holder, Ledger, LedgerObserver, Party } from '../ledger/ledger.ts';
import { type Clock, systemClock } from '../time/clock.ts';
import { type AccountContext, RedisAccount } from './account.ts';
import { Conferences } from './conferences.ts';
import type { Connection } from './connection.ts';
import { farewell, stay } from './exit.ts';
import { explainFailure } from './failure.ts';
import { asError, Fleet } from './fleet.ts';
import { Watch, within } from './watch.ts';

/** Time for all processes to lease the permits in use again after Redis lost its data, in ms. */
const GRACE_MS = 1500;
/** Number of checks for grantable leases in the first half of the grace. */
const NUDGES = 5;
/** Delay between checks while no quota is in use, in ms. */
const IDLE_MS = 10_000;
/** Errors that a new connection would not cure. */
const LASTING = /OOM|MISCONF|BUSY|NOREPLICAS|LOADING/;

/** Validated settings of a {@link RedisLedger}. */
export interface RedisLedgerSettings {
  readonly prefix: string;
  /** Number of processes that share a quota while Redis is unavailable; by default the number last seen. */
  readonly processes: number | undefined;
  readonly fallback: 'share' | 'closed';
  /** Age at which a lease goes back, in ms. */
  readonly renewMs: number;
  /** ms */
  readonly longestAttemptMs: number;
  /** ms */
  readonly patienceMs: number;
}

/**
 * The ledger of a fleet: Bottleneck on one Redis.
 *
 * While quotas are in use, it checks Redis with one small command per `patience`. While Redis is unavailable, every
 * window is held to its share. Once Redis is back, leasing resumes; if Redis lost its data, permits in use are leased
 * again first. If Redis refuses only one quota's leases, only that quota is held to its share.
 */
export class RedisLedger implements Ledger {
  readonly #connection: Connection;
  readonly #settings: RedisLedgerSettings;
  readonly #clock: Clock;
  readonly #watch: Watch;
  readonly #accounts = new Set<RedisAccount>();
  /** Accounts that have a limiter. */
  readonly #active = new Set<RedisAccount>();
  /** Accounts whose leases Redis refuses although it is available. */
  readonly #refused = new Map<RedisAccount, Error>();
  readonly #observers = new Set<LedgerObserver>();
  readonly #conferences: Conferences;
  readonly #fleet: Fleet;
  readonly #context: AccountContext;
  /** Last known epoch of Redis's data: another value means that the data was lost. */
  #epoch: string | undefined;
  #away = false;
  /** Reason last reported for Redis being unusable; `undefined` while it is usable. */
  #told: string | undefined;
  /** Number of failed checks in a row. */
  #misses = 0;
  #restAt = 0;
  #closed = false;

  constructor(connection: Connection, settings: RedisLedgerSettings, clock: Clock = systemClock) {
    this.#connection = connection;
    this.#settings = settings;
    this.#clock = clock;
    const { prefix, renewMs, longestAttemptMs } = settings;
    this.#context = {
      ...{ connection, clock, prefix, renewMs, longestAttemptMs },
      share: (limit) => this.#fairShare(limit),
      refused: (account, error) => this.#refuse(account, error),
      doubted: () => this.#watch.now(),
      forgotten: (account) => this.#restore(account),
      opened: (account) => {
        const woken = this.#active.size === 0;
        this.#active.add(account);
        if (woken) void this.#watch.now();
      },
      closed: (account) => {
        this.#accounts.delete(account);
        this.#active.delete(account);
        this.#refused.delete(account);
      },
    };
    this.#watch = new Watch(
      clock,
      () => this.#look(),
      () => (this.#active.size > 0 || this.#told !== undefined ? settings.patienceMs : IDLE_MS),
    );
    this.#fleet = new Fleet(connection, prefix, clock, (quota, from, said) => {
      const { ms, silent } = said;
      if (ms !== undefined) for (const observer of this.#observers) observer.paused(quota, ms, silent);
      this.#conferences.hear(quota, from, said);
    });
    this.#conferences = new Conferences({
      ...{ clock, fleet: this.#fleet, sharers: () => this.#sharers() },
      ready: async () => {
        await this.#watch.first;
        return !this.#away;
      },
    });
    // Otherwise a connection lost while idle would be noticed only at the next use.
    connection.onClose(() => void this.#watch.now());
    stay(this);
    void this.#watch.now();
  }

  open(book: Book, holder: Holder): Account {
    const account = new RedisAccount(book, holder, this.#context);
    this.#accounts.add(account);
    if (this.#away) queueMicrotask(() => this.#away && holder.degraded(this.#share(book)));
    return account;
  }

  attach(observer: LedgerObserver): () => Promise<void> {
    this.#observers.add(observer);
    return async () => {
      this.#observers.delete(observer);
      if (this.#observers.size === 0) await this.#close();
    };
  }

  pause(quota: string, ms: number, from: LedgerObserver, tryMs?: number): void {
    for (const observer of this.#observers)
      if (observer !== from) observer.paused(quota, ms, tryMs !== undefined);
    this.#fleet.pause(quota, ms, tryMs);
  }

  recall(quota: string, from: LedgerObserver): void {
    void this.#fleet.pausedFor(quota).then(
      (ms) => {
        if (ms > 0) from.paused(quota, ms);
      },
      () => undefined,
    );
  }

  confer(quota: string, party: Party): Conference {
    return this.#conferences.open(quota, party);
  }

  /** At process exit, returns unused permits at once and the rest when spent. Only writes commands; awaits nothing. */
  exit(): void {
    if (this.#closed || !this.#connection.isReady) return;
    this.#connection.lastWords(() => {
      for (const account of this.#active) account.settle();
      this.#fleet.leave().catch(() => undefined);
    });
  }

  /** Checks that Redis is available and has kept its data. */
  async #look(): Promise<void> {
    const { patienceMs } = this.#settings;
    const epoch = await within(
      this.#clock,
      patienceMs,
      this.#fleet.probe(this.#epoch, this.#told !== undefined),
      // The first probe takes several round trips: Redis is late only if one of them is.
      () => this.#connection.answers,
    );
    if (this.#closed) return;
    if (typeof epoch !== 'string') {
      this.#degrade(epoch ?? (await this.#silence()));
      return;
    }
    // Permits used during the outage belong to old leases, which must not expire before their windows have passed.
    const back = this.#away && epoch === this.#epoch;
    const all = (): Promise<unknown> => Promise.all([...this.#active].map((account) => account.extend()));
    const extended = back
      ? await within(
          this.#clock,
          patienceMs,
          all().then(() => true as const, asError),
        )
      : true;
    if (this.#closed) return;
    if (extended === true) await this.#alive(epoch);
    else this.#degrade(extended);
    this.#rest();
  }

  /** Reason for the missing answer, if known. */
  async #silence(): Promise<Error | undefined> {
    return this.#connection.failure ?? (await this.#connection.loading(this.#clock));
  }

  #degrade(error: Error | undefined): void {
    this.#misses += 1;
    // Other processes notice up to one patience later and may use more than their share until then.
    const again = this.#misses === 2;
    const first = !this.#away;
    this.#away = true;
    if (first || again) for (const { book, holder } of this.#accounts) holder.degraded(this.#share(book));
    this.#tell(error);
    if (error && this.#connection.isReady && !LASTING.test(error.message)) this.#connection.renew();
  }

  /** Handles a lease that Redis refused. */
  #refuse(account: RedisAccount, error: Error): void {
    if (this.#away || this.#closed) return;
    if (!this.#refused.has(account)) account.holder.degraded(this.#share(account.book));
    this.#refused.set(account, error);
    this.#tell(error);
    void this.#watch.now();
  }

  /** Reports that Redis is unusable, once per kind of refusal. */
  #tell(error: Error | undefined): void {
    const why = explainFailure(error, this.#settings.prefix);
    const kind = why.split(/[ ;]/, 3).join(' ');
    if (this.#told === kind || (this.#told !== undefined && !why.startsWith('Redis refuses'))) return;
    this.#told = kind;
    const what =
      this.#settings.fallback === 'closed'
        ? 'nothing is admitted'
        : `each window is held to 1/${this.#sharers()} of its limit`;
    for (const observer of this.#observers) observer.degraded(`${why}: ${what}`);
  }

  async #alive(epoch: string): Promise<void> {
    const lost = this.#epoch !== undefined && this.#epoch !== epoch;
    const was = this.#away;
    this.#epoch = epoch;
    this.#away = false;
    this.#misses = 0;
    if (lost) this.#conferences.restore();
    if (lost && this.#told === undefined)
      for (const observer of this.#observers) observer.degraded('Redis lost its data');
    if (lost || was) {
      for (const account of this.#accounts) {
        if (this.#refused.has(account)) continue;
        // Restore first: leases lost during the grace do not reduce the permits used meanwhile.
        this.#restore(account);
        if (lost) account.forget();
      }
    }
    for (const account of this.#refused.keys()) await this.#mend(account);
    const told = this.#told !== undefined;
    if (this.#refused.size > 0 || this.#closed || !(told || lost)) return;
    this.#told = undefined;
    const message = lost
      ? 'Redis is back without its data: permits in use were leased again'
      : 'Redis is back';
    for (const observer of this.#observers) observer.restored(message);
  }

  async #mend(account: RedisAccount): Promise<void> {
    const mended = account.mend().then(() => true, asError);
    const result = await within(this.#clock, this.#settings.patienceMs, mended);
    if (result !== true || !this.#refused.delete(account)) return;
    this.#restore(account);
  }

  #restore(account: RedisAccount): void {
    account.holder.restored(GRACE_MS);
    for (let nudge = 0; nudge < NUDGES; nudge += 1) {
      this.#clock.setTimer(() => account.nudge(), (nudge * GRACE_MS) / NUDGES / 2, false);
    }
  }

  /** Releases limiters that have been idle for a while. */
  #rest(): void {
    const now = this.#clock.now();
    if (now < this.#restAt) return;
    this.#restAt = now + IDLE_MS;
    for (const account of this.#active) if (account.rest()) this.#active.delete(account);
    this.#connection.forget();
  }

  #sharers(): number {
    return this.#settings.processes ?? this.#fleet.processes;
  }

  #share({ limit }: Book): number {
    return this.#settings.fallback === 'closed' ? 0 : this.#fairShare(limit);
  }

  #fairShare(limit: number): number {
    return Math.floor(limit / this.#sharers());
  }

  async #close(): Promise<void> {
    this.#closed = true;
    farewell(this);
    this.#watch.stop();
    if (!this.#away) {
      // Keeps the process alive until the close that the user awaits is done.
      const hold = this.#clock.setTimer(() => undefined, 2 * this.#settings.patienceMs, true);
      const left = this.#connection.whenReady().then(() => this.#fleet.leave());
      await within(this.#clock, this.#settings.patienceMs, left);
      hold.cancel();
    }
    await this.#connection.disconnect();
  }
}
