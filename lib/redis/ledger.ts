import type { Account, Book, Holder, Ledger, LedgerObserver } from '../ledger/ledger.ts';
import { type Clock, systemClock } from '../time/clock.ts';
import { type AccountContext, RedisAccount } from './account.ts';
import type { Connection } from './connection.ts';
import { farewell, stay } from './exit.ts';
import { asError, Fleet } from './fleet.ts';
import { refusal } from './refusal.ts';
import { Watch, within } from './watch.ts';

/** Time for all processes to lease again what they still use, after Redis lost its data, in ms. */
const GRACE_MS = 1500;
/** In its first half, this many looks whether what waits can be granted. */
const NUDGES = 5;
/** Delay between looks while no quota is in use, in ms. */
const IDLE_MS = 10_000;
/** Refusals that another connection would meet too. */
const LASTING = /OOM|MISCONF|BUSY|NOREPLICAS|LOADING/;

/** How a {@link RedisLedger} works; checked. */
export interface RedisLedgerSettings {
  readonly prefix: string;
  /** Processes among which a quota is divided while Redis is away; by default as many as were last seen. */
  readonly processes: number | undefined;
  readonly fallback: 'share' | 'closed';
  /** Age at which a lease goes back; ms. */
  readonly renewMs: number;
  /** ms */
  readonly longestAttemptMs: number;
  /** ms */
  readonly patienceMs: number;
}

/**
 * The ledger of a fleet: Bottleneck's, in one Redis.
 *
 * It watches over Redis with one small command per `patience`, while quotas are in use. When Redis does not serve it,
 * every window makes do with its share; when it does again, leases go on, after all that a Redis without its data forgot
 * was leased again. Where Redis refuses a single quota's leases, that quota alone makes do.
 */
export class RedisLedger implements Ledger {
  readonly #connection: Connection;
  readonly #settings: RedisLedgerSettings;
  readonly #clock: Clock;
  readonly #watch: Watch;
  readonly #accounts = new Set<RedisAccount>();
  /** Those that have a limiter. */
  readonly #active = new Set<RedisAccount>();
  /** Those whose leases Redis refuses, though it serves the ledger. */
  readonly #refused = new Map<RedisAccount, Error>();
  readonly #observers = new Set<LedgerObserver>();
  readonly #fleet: Fleet;
  readonly #context: AccountContext;
  /** Redis's data as we know them: another value means that they were lost. */
  #epoch: string | undefined;
  #away = false;
  /** Why Redis cannot be used, as it was told; `undefined` while it can. */
  #told: string | undefined;
  /** How often in a row Redis did not serve. */
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
    this.#fleet = new Fleet(connection, prefix, clock, (quota, ms) => {
      for (const observer of this.#observers) observer.paused(quota, ms);
    });
    // What is cut off while nothing is in use would show at the next use only.
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

  pause(quota: string, ms: number, from: LedgerObserver): void {
    for (const observer of this.#observers) if (observer !== from) observer.paused(quota, ms);
    this.#fleet.pause(quota, ms);
  }

  recall(quota: string, from: LedgerObserver): void {
    void this.#fleet.pausedFor(quota).then(
      (ms) => {
        if (ms > 0) from.paused(quota, ms);
      },
      () => undefined,
    );
  }

  /** The process ends: what is not in use goes back, and the rest when it is spent. Only writes, and awaits nothing. */
  exit(): void {
    if (this.#closed || !this.#connection.isReady) return;
    this.#connection.lastWords(() => {
      for (const account of this.#active) account.settle();
      this.#fleet.leave().catch(() => undefined);
    });
  }

  /** Asks Redis whether it serves and has kept its data. */
  async #look(): Promise<void> {
    const { patienceMs } = this.#settings;
    const epoch = await within(
      this.#clock,
      patienceMs,
      this.#fleet.probe(this.#epoch, this.#told !== undefined),
    );
    if (this.#closed) return;
    if (typeof epoch !== 'string') {
      this.#degrade(epoch ?? (await this.#silence()));
      return;
    }
    // What was used meanwhile is of old leases: they are not to run out before its window has passed.
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

  /** Why there was no answer, where that is known. */
  async #silence(): Promise<Error | undefined> {
    return this.#connection.failure ?? (await this.#connection.loading(this.#clock));
  }

  #degrade(error: Error | undefined): void {
    this.#misses += 1;
    // The others notice up to one patience later, and may use until then what they hold beyond their share.
    const again = this.#misses === 2;
    const first = !this.#away;
    this.#away = true;
    if (first || again) for (const { book, holder } of this.#accounts) holder.degraded(this.#share(book));
    this.#tell(error);
    if (error && this.#connection.isReady && !LASTING.test(error.message)) this.#connection.renew();
  }

  /** Redis refuses a lease. */
  #refuse(account: RedisAccount, error: Error): void {
    if (this.#away || this.#closed) return;
    if (!this.#refused.has(account)) account.holder.degraded(this.#share(account.book));
    this.#refused.set(account, error);
    this.#tell(error);
    void this.#watch.now();
  }

  /** Tells that Redis cannot be used, once for each refusal of another kind. */
  #tell(error: Error | undefined): void {
    const why = refusal(error, this.#settings.prefix);
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
    if (lost && this.#told === undefined)
      for (const observer of this.#observers) observer.degraded('Redis lost its data');
    if (lost || was) {
      for (const account of this.#accounts) {
        if (this.#refused.has(account)) continue;
        // First this: what is lost in the grace takes nothing from what is used meanwhile.
        this.#restore(account);
        if (lost) account.forget();
      }
    }
    for (const account of this.#refused.keys()) await this.#mend(account);
    const told = this.#told !== undefined;
    if (this.#refused.size > 0 || this.#closed || !(told || lost)) return;
    this.#told = undefined;
    const message = lost
      ? 'Redis is back without its data: what is in use was leased again'
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

  /** Limiters that were idle for a while are given up. */
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
      // Whoever awaits the end is not left by the process before.
      const hold = this.#clock.setTimer(() => undefined, 2 * this.#settings.patienceMs, true);
      const left = this.#connection.whenReady().then(() => this.#fleet.leave());
      await within(this.#clock, this.#settings.patienceMs, left);
      hold.cancel();
    }
    await this.#connection.disconnect();
  }
}
