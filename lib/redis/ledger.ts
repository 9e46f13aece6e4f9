import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import Bottleneck from 'bottleneck';
import type { Account, Book, Holder, Ledger, LedgerObserver } from '../ledger/ledger.ts';
import { RedisAccount } from './account.ts';
import type { ConnectionPair } from './connection.ts';
import { within } from './within.ts';

/** Time for all processes to lease again what they still use, after Redis lost its data, in ms. */
const GRACE_MS = 1500;
/** In its first half, Bottleneck is told so often to look at the leases that wait. */
const NUDGES = 5;
/** Leases go back at different moments: that much earlier at the most, as a share. */
const RENEW_SPREAD = 0.5;
/** What clocks may differ by, and scripts may take, in ms. */
const SLACK_MS = 5000;

/** At first it is looked more often who else is there, in ms: fleets start together. */
const FIRST_LOOK_MS = 100;
const FIRST_LOOKS = 20;
/** A ledger that closes has so long to tell what it gives back, in ms. */
const LAST_WORDS_MS = 20;

/** How a {@link RedisLedger} works; checked. */
export interface RedisLedgerSettings {
  readonly prefix: string;
  /** Processes among which a quota is divided while Redis is away; by default as many as were last seen. */
  readonly processes: number | undefined;
  readonly fallback: 'share' | 'closed';
  /** After so long a lease goes back; ms. */
  readonly renewMs: number;
  /** ms */
  readonly longestAttemptMs: number;
  /** ms */
  readonly patienceMs: number;
}

/** One window's account, and who holds it. */
interface Open {
  readonly book: Book;
  readonly holder: Holder;
  readonly account: RedisAccount;
}

/**
 * The ledger of a fleet: Bottleneck's, in one Redis.
 *
 * It watches over Redis with one small command per `patience`, as long as there are leases. When Redis does not
 * answer, every window makes do with its share; when it is back, leases go on, after all that a Redis without its
 * data forgot was leased again.
 */
export class RedisLedger implements Ledger {
  readonly #pair: ConnectionPair;
  readonly #settings: RedisLedgerSettings;
  readonly #open = new Set<Open>();
  readonly #observers = new Set<LedgerObserver>();
  readonly #self = randomUUID();
  /** Redis's data as we know them: another value means that they were lost. */
  #epoch: string | undefined;
  #degraded = false;
  /** How often in a row Redis did not answer. */
  #misses = 0;
  #readying: Promise<void> | undefined;
  #seen = 1;
  #looks = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(pair: ConnectionPair, settings: RedisLedgerSettings) {
    this.#pair = pair;
    this.#settings = settings;
    void this.#listen();
    this.#watch(0);
  }

  open(book: Book, holder: Holder): Account {
    const { renewMs, longestAttemptMs, prefix } = this.#settings;
    const expiration = renewMs + book.per + longestAttemptMs + SLACK_MS;
    const limiter = new Bottleneck({
      id: `${prefix}:${book.key}`,
      datastore: 'ioredis',
      connection: this.#pair.bottleneck,
      maxConcurrent: book.limit,
      // Its keys go when nobody used them for longer than any lease can last.
      timeout: expiration * 2,
    });
    const account = new RedisAccount(limiter, holder, expiration, () => this.#look());
    const open = { book, holder, account };
    this.#open.add(open);
    if (this.#degraded) queueMicrotask(() => this.#degraded && holder.degraded(this.#share(book)));
    const shareOf = (): number => this.#fairShare(book);
    return {
      shared: true,
      get renewMs() {
        return renewMs * (1 - Math.random() * RENEW_SPREAD);
      },
      get share() {
        return shareOf();
      },
      lease: (size) => account.lease(size),
      withdraw: (permits) => account.withdraw(permits),
      close: () => {
        this.#open.delete(open);
        return account.close();
      },
    };
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
    const message = JSON.stringify({ from: this.#self, quota, ms });
    void this.#pair.client.publish(this.#key('pauses'), message).catch(() => undefined);
    void this.#pair.client.set(this.#key('pause', quota), '1', 'PX', Math.ceil(ms)).catch(() => undefined);
  }

  recall(quota: string, from: LedgerObserver): void {
    void this.#pair.client.pttl(this.#key('pause', quota)).then(
      (ms) => {
        if (ms > 0) from.paused(quota, ms);
      },
      () => undefined,
    );
  }

  async #listen(): Promise<void> {
    const { subscriber } = this.#pair;
    const channel = this.#key('pauses');
    subscriber.on('message', (from: string, message: string) => {
      if (from === channel) this.#heard(message);
    });
    await subscriber.subscribe(channel).catch(() => undefined);
  }

  #heard(message: string): void {
    let said: { from?: unknown; quota?: unknown; ms?: unknown };
    try {
      said = JSON.parse(message) as typeof said;
    } catch {
      return;
    }
    const { from, quota, ms } = said;
    if (from === this.#self || typeof quota !== 'string' || typeof ms !== 'number' || !(ms > 0)) return;
    for (const observer of this.#observers) observer.paused(quota, ms);
  }

  /** Asks Redis, in `ms`, whether it is there and has kept its data; and again, and again. */
  #watch(ms: number): void {
    this.#timer = setTimeout(async () => {
      await this.#look();
      if (this.#closed) return;
      this.#looks += 1;
      const { patienceMs } = this.#settings;
      this.#watch(this.#looks < FIRST_LOOKS ? Math.min(FIRST_LOOK_MS, patienceMs) : patienceMs);
    }, ms);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    const { patienceMs } = this.#settings;
    const epoch = await within(patienceMs, this.#probe());
    // What was used meanwhile is of old leases: they are not to run out before its window has passed.
    const back = this.#degraded && epoch !== undefined && epoch === this.#epoch;
    const extended = !back || (await within(patienceMs, this.#extend()));
    if (this.#closed) return;
    if (epoch === undefined || !extended) this.#degrade();
    else this.#alive(epoch);
  }

  async #extend(): Promise<true> {
    await Promise.all([...this.#open].map(({ account }) => account.extend()));
    return true;
  }

  async #probe(): Promise<string | undefined> {
    const { client } = this.#pair;
    const key = this.#key('epoch');
    // Commands given to a connection that is down are sent once it is up: one of ours must not pile up there.
    if (client.status !== 'ready') return this.#whenReady().then(() => this.#probe());
    await client.set(key, randomUUID(), 'NX');
    const [, count] = (await client.pubsub('NUMSUB', this.#key('pauses'))) as [string, number];
    this.#seen = Math.max(1, Number(count));
    return (await client.get(key)) ?? undefined;
  }

  #whenReady(): Promise<void> {
    this.#readying ??= new Promise((resolve) => {
      this.#pair.client.once('ready', () => {
        this.#readying = undefined;
        resolve();
      });
    });
    return this.#readying;
  }

  #degrade(): void {
    this.#misses += 1;
    // The others notice up to one patience later, and may use until then what they hold beyond their share.
    if (this.#misses === 2) for (const { book, holder } of this.#open) holder.degraded(this.#share(book));
    if (this.#degraded) return;
    this.#degraded = true;
    const what =
      this.#settings.fallback === 'closed'
        ? 'nothing is admitted'
        : `each window is held to 1/${this.#processes()} of its limit`;
    for (const observer of this.#observers) observer.degraded(`Redis does not answer: ${what}`);
    for (const { book, holder } of this.#open) holder.degraded(this.#share(book));
  }

  #alive(epoch: string): void {
    const lost = this.#epoch !== undefined && this.#epoch !== epoch;
    this.#epoch = epoch;
    if (!lost && !this.#degraded) return;
    const was = this.#degraded;
    this.#degraded = false;
    this.#misses = 0;
    for (const { account, holder } of this.#open) {
      // First this: what is lost in the grace takes nothing from what is used meanwhile.
      holder.restored(GRACE_MS);
      if (lost) account.forget();
    }
    for (let nudge = 0; nudge < NUDGES; nudge += 1) {
      setTimeout(() => this.#nudge(), (nudge * GRACE_MS) / NUDGES / 2).unref();
    }
    const message = lost
      ? 'Redis is back without its data: what is in use was leased again'
      : 'Redis is back';
    for (const observer of this.#observers) {
      if (lost && !was) observer.degraded('Redis lost its data');
      observer.restored(message);
    }
  }

  /**
   * Makes Bottleneck register anew, which any script does, and look at the jobs that it left waiting: what it was told
   * while it was not connected, it missed.
   */
  #nudge(): void {
    if (this.#degraded || this.#closed) return;
    for (const { account } of this.#open) {
      const { limiter } = account;
      const registered = limiter.currentReservoir();
      registered.then(() => this.#pair.client.publish(limiter.channel(), 'capacity:')).catch(() => undefined);
    }
  }

  #processes(): number {
    return this.#settings.processes ?? this.#seen;
  }

  #share(book: Book): number {
    return this.#settings.fallback === 'closed' ? 0 : this.#fairShare(book);
  }

  #fairShare({ limit }: Book): number {
    return Math.floor(limit / this.#processes());
  }

  #key(...parts: string[]): string {
    return [this.#settings.prefix, ...parts].join(':');
  }

  async #close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    // What was given back last is told to Redis a few timers later.
    await sleep(LAST_WORDS_MS);
    const { client } = this.#pair;
    // Who awaits the end is not left by the process before.
    const vigil = setInterval(() => undefined, LAST_WORDS_MS);
    const ready = client.status === 'ready' ? Promise.resolve() : this.#whenReady();
    if (!this.#degraded)
      await within(
        this.#settings.patienceMs,
        ready.then(() => client.ping()),
      );
    clearInterval(vigil);
    await this.#pair.disconnect();
  }
}
