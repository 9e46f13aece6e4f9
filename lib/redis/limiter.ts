import Bottleneck from 'bottleneck';
import type { Clock, Timer } from '../time/clock.ts';
import type { Connection } from './connection.ts';
import { type Asked, type Grant, type LimiterSettings, type Settlement, StaleGrant } from './grant.ts';
import { dropJobs, type Internals } from './internals.ts';
import { CREATED_MESSAGE, keysOf } from './scripts.ts';

/** Maximum interval of requests while a lease is awaited, in ms: Bottleneck drops a client that is silent for 10 s. */
const HEARTBEAT_MS = 4000;
/** Maximum time between the request for a grant and its arrival, in ms: its lifetime is already running. */
const STALE_GRANT_MS = 2000;

/**
 * Bottleneck's limiter of one window, on Redis: each lease is a job.
 *
 * Bottleneck can neither withdraw a queued job nor time one out after more than 24.8 days; a queued job keeps a process
 * alive, and every limiter sends heartbeats forever. Here, unneeded jobs are dropped, lease times are tracked outside
 * Bottleneck, and Redis is asked again only while a lease is awaited, when the next one expires.
 */
export class Limiter {
  /** Whether Redis refused to set it up: it can no longer grant anything. */
  isFailed = false;
  readonly #limiter: Bottleneck;
  readonly #inner: Internals;
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #expirationMs: number;
  readonly #asked = new Map<string, Asked>();
  /** Jobs requested from Redis, or granted and about to be started by Bottleneck. */
  readonly #registering = new Map<string, { readonly at: number; size: number }>();
  readonly #indexes = new Map<string, string>();
  readonly #doubted: (made: boolean) => Promise<void>;
  /** Target sizes of jobs to shrink, 0 to end them; kept until Redis confirms. */
  readonly #shrinking = new Map<string, number>();
  #number = 0;
  /** Whether unneeded jobs are queued. */
  #unneeded = false;
  #again: Timer | undefined;
  #closed = false;

  /**
   * @param doubted called when Redis may have lost this limiter's data, before Bottleneck registers again; `made` tells whether
   * this limiter is about to create the data anew
   */
  constructor(
    settings: LimiterSettings,
    connection: Connection,
    clock: Clock,
    doubted: (made: boolean) => Promise<void>,
  ) {
    const { id, limit, expirationMs } = settings;
    this.#connection = connection;
    this.#clock = clock;
    this.#expirationMs = expirationMs;
    this.#doubted = doubted;
    this.#limiter = new Bottleneck({
      id,
      datastore: 'ioredis',
      connection: connection.bottleneck,
      maxConcurrent: limit,
      // The limiter's keys expire when unused for longer than any lease can last.
      timeout: expirationMs * 2,
    });
    this.#inner = this.#limiter as unknown as Internals;
    // Store errors surface in the leases; without a listener they would end the process.
    this.#limiter.on('error', () => undefined);
    this.#limiter.on('message', (message: string) => {
      if (message === CREATED_MESSAGE) this.#doubted(false).catch(() => undefined);
    });
    this.#adapt();
    this.#introduce();
  }

  /** Whether no lease is requested and Redis has confirmed all returns. */
  get isIdle(): boolean {
    return this.#asked.size + this.#registering.size + this.#shrinking.size === 0;
  }

  /** Rejects with Redis's error if it does not serve this limiter. */
  async check(): Promise<void> {
    await this.#limiter.ready();
    await this.#inner._store.runScript('heartbeat', []);
  }

  ask(size: number): Promise<Grant> {
    return new Promise((grant, refuse) => {
      this.#number += 1;
      const id = String(this.#number);
      this.#asked.set(id, { size, grant, refuse });
      const job = (): Promise<void> => new Promise((free) => this.#start(id, free));
      this.#limiter.schedule({ id, weight: size }, job).catch((error: Error) => {
        if (this.#asked.delete(id)) refuse(error);
      });
    });
  }

  /** Sets the limit for all processes. */
  relimit(limit: number): void {
    Promise.resolve(this.#limiter.updateSettings({ maxConcurrent: limit })).catch(() => undefined);
  }

  /** Withdraws ungranted requests, newest first, up to `permits`. Returns the number of permits withdrawn. */
  withdraw(permits: number): number {
    let left = permits;
    for (const [id, { size }] of [...this.#asked].reverse()) {
      if (size > left) continue;
      left -= size;
      this.#asked.delete(id);
      this.#drop();
    }
    return permits - left;
  }

  /** Shrinks a running job. */
  shrink(index: string, size: number): void {
    this.#shrink(index, size, () => this.#inner._store.runScript('free', [index, size])).catch(
      () => undefined,
    );
  }

  /** Settles jobs; see the script `SETTLE`. The command is written before this returns. */
  async settle(jobs: readonly Settlement[], last = false): Promise<boolean[]> {
    const channel = this.#limiter.channel();
    const keys = keysOf(channel);
    const shrinking = [...this.#shrinking];
    const granted = last ? [...this.#registering.keys()] : [];
    const rest: Settlement[] = [
      ...shrinking.map(([index, keep]): Settlement => [index, keep, keep && this.#expirationMs]),
      ...granted.map((index): Settlement => [index, 0, 0]),
    ];
    const kept = await this.#connection.client.headgateSettle(
      keys.length,
      ...keys,
      2 * this.#expirationMs,
      last ? this.#inner._store.clientId : '',
      last ? channel : '',
      // The last entry for a job takes effect.
      ...[...rest, ...jobs].flat(),
    );
    for (const [index, keep] of shrinking) this.#shrunk(index, keep);
    return kept.slice(rest.length).map((each) => each === 1);
  }

  /** Checks whether queued requests can be granted now. */
  nudge(): void {
    if (!this.isIdle) void this.#inner._drainAll();
  }

  /** Stops requesting leases; resolves once no grant is pending, or after `ms`. */
  async stop(ms: number): Promise<void> {
    this.#closed = true;
    this.#again?.cancel();
    this.withdraw(Infinity);
    if (this.#registering.size === 0) return;
    const late = Promise.withResolvers<void>();
    const timer = this.#clock.setTimer(late.resolve, ms, true);
    await Promise.race([late.promise, this.#inner._registerLock.schedule(async () => undefined)]);
    timer.cancel();
  }

  /** Releases the connection. */
  end(): void {
    this.#closed = true;
    this.#again?.cancel();
    clearInterval(this.#inner._store.heartbeat);
    void this.#limiter.disconnect();
  }

  #adapt(): void {
    const inner = this.#inner;
    const store = inner._store;
    const submit = store.__submit__.bind(store);
    const register = store.__register__.bind(store);
    const drain = inner._drainOne.bind(inner);
    const run = inner._run.bind(inner);
    const free = store.__free__.bind(store);
    store.__free__ = (index, weight) => this.#shrink(index, 0, () => free(index, weight));
    store.__submit__ = (queued, weight) =>
      this.#closed ? Promise.reject(new Error('closed')) : submit(queued, weight);
    // Only Redis gets the expiration: Bottleneck would set a timer for it, and a long timer fires at once.
    store.__register__ = async (index, weight) => {
      const record = { at: this.#clock.now(), size: 0 };
      this.#registering.set(index, record);
      try {
        const answer = await register(index, weight, this.#expirationMs);
        if (answer.success) record.size = answer.wait;
        else {
          this.#registering.delete(index);
          this.#askAgain(answer.wait);
        }
        return answer;
      } catch (error) {
        this.#registering.delete(index);
        this.#refuse(error as Error);
        throw error;
      }
    };
    inner._drainOne = async (capacity) => {
      // Sweep under the registration lock: a finished registration removes the head of the queue.
      if (this.#unneeded || this.#limiter.queued() > this.#asked.size)
        await inner._registerLock.schedule(() => this.#sweep());
      // Drain without a capacity: the free permits may be fewer than the first job wants.
      return this.#closed || (capacity !== undefined && capacity <= 0) ? null : drain();
    };
    inner._run = (index, job) => {
      this.#indexes.set(job.options.id, index);
      run(index, job, 0);
    };
  }

  /** Adapts the store once the limiter is ready. */
  #introduce(): void {
    const store = this.#inner._store;
    this.#limiter.ready().then(
      () => {
        const run = store.runScript.bind(store);
        store.runScript = async (name, args) => {
          if (name === 'init' || name === 'register_client') await this.#doubted(name === 'init');
          return run(name, args);
        };
        // Bottleneck refs its heartbeat while a job is queued; here the gate decides what keeps the process alive.
        const { heartbeat } = store;
        clearInterval(heartbeat);
        if (heartbeat) heartbeat.ref = () => heartbeat;
      },
      () => {
        this.isFailed = true;
      },
    );
  }

  /** Asks again later: Redis grants nothing now. @param ms time until the next lease expires; -1 if there is none */
  #askAgain(ms: number): void {
    this.#again?.cancel();
    this.#again = undefined;
    if (this.#asked.size === 0 || this.#closed) return;
    const wait = ms < 0 ? HEARTBEAT_MS : Math.min(HEARTBEAT_MS, ms + 1);
    this.#again = this.#clock.setTimer(() => this.nudge(), wait, false);
  }

  #start(id: string, free: () => void): void {
    const index = this.#indexes.get(id) as string;
    this.#indexes.delete(id);
    const { at, size } = this.#registering.get(index) as { at: number; size: number };
    this.#registering.delete(index);
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    if (!asked || this.#clock.now() - at > STALE_GRANT_MS) {
      this.#shrinking.set(index, 0);
      free();
      asked?.refuse(new StaleGrant('Redis took too long to grant a lease'));
      return;
    }
    const end = (): void => {
      // Bottleneck tells Redis only after some timers, but the process may exit first.
      this.#shrinking.set(index, 0);
      free();
    };
    asked.grant({ index, size, at, free: end });
  }

  async #shrink<T>(index: string, size: number, tell: () => Promise<T>): Promise<T> {
    this.#shrinking.set(index, size);
    const told = await tell();
    this.#shrunk(index, size);
    return told;
  }

  #shrunk(index: string, size: number): void {
    if (this.#shrinking.get(index) === size) this.#shrinking.delete(index);
  }

  /** Rejects all requests, as Redis refused them. */
  #refuse(error: Error): void {
    const refused = [...this.#asked.values()];
    this.#asked.clear();
    this.#drop();
    for (const { refuse } of refused) refuse(error);
  }

  #drop(): void {
    if (this.#unneeded) return;
    this.#unneeded = true;
    void this.#inner._registerLock.schedule(() => this.#sweep());
  }

  /** Drops unneeded jobs and updates the queue length: free permits go first to the waiting client with the fewest. */
  async #sweep(): Promise<void> {
    this.#unneeded = false;
    const dropped = dropJobs(this.#inner, (id) => this.#asked.has(id));
    if (dropped === 0) return;
    const key = `${this.#limiter.channel()}_client_num_queued`;
    this.#connection.client.hincrby(key, this.#inner._store.clientId, -dropped).catch(() => undefined);
  }
}
