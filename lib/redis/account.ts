import type Bottleneck from 'bottleneck';
import type { Redis } from 'ioredis';
import type { Holder, Lease } from '../ledger/ledger.ts';
import { LONGEST_TIMER, systemClock, type Timer } from '../time/clock.ts';
import { extend } from './extension.ts';

/** A lease whose grant was on its way for so long, in ms, is not taken: its time runs from the granting. */
const STALE_GRANT_MS = 2000;
/** An account that closes waits so long for what Redis is about to grant, in ms. */
const LAST_GRANT_MS = 100;

/** What of Bottleneck 2.19.5 this account needs, and its types do not tell. */
interface Internals {
  readonly _queues: { getFirst(): { forEachShift(each: (job: Job) => void): void; push(job: Job): void } };
  readonly _registerLock: { schedule<T>(task: () => Promise<T>): Promise<T> };
  readonly _store: {
    readonly clientId: string;
    heartbeat?: NodeJS.Timeout;
    __submit__(queued: number, weight: number): Promise<unknown>;
    __register__(index: string, weight: number, expiration: number): Promise<{ readonly wait: number }>;
    runScript(name: string, args: readonly unknown[]): Promise<unknown>;
  };
  _drainOne(capacity?: number): Promise<number | null>;
  _run(index: string, job: Job, wait: number): void;
}

interface Job {
  readonly options: { readonly id: string; readonly weight: number };
  doDrop(why: { readonly message: string }): void;
}

/** A lease that was asked for and is not granted. */
interface Asked {
  readonly size: number;
  readonly refuse: (error: Error) => void;
}

/** What Redis granted. */
interface Registered {
  /** Its name of the job. */
  readonly index: string;
  /** When it was asked. */
  readonly at: number;
  /** As many as there were. */
  readonly size: number;
}

interface Held {
  readonly index: string;
  readonly free: () => void;
  readonly timer: Timer;
}

/**
 * One window's account in Redis: leases are Bottleneck's jobs, as in memory, with an end in Redis's own time.
 *
 * Bottleneck can neither take back a job that waits, nor end one later than in 24.8 days, and while one waits it keeps
 * the process alive: what waits here is dropped when nobody needs it any more, and times are kept here.
 */
export class RedisAccount {
  readonly limiter: Bottleneck;
  readonly #inner: Internals;
  readonly #holder: Holder;
  readonly #expirationMs: number;
  readonly #asked = new Map<string, Asked>();
  /** Jobs that Redis granted, and that Bottleneck is about to start. */
  readonly #granted = new Map<string, Registered>();
  readonly #held = new Map<Lease, Held>();
  #number = 0;
  /** Whether jobs wait that nobody needs. */
  #unneeded = false;
  /** What Redis granted last. */
  #registered: Registered | undefined;
  #closed = false;

  /**
   * @param expirationMs after which a lease is free again, whatever became of its holder
   * @param doubted called when Redis does not know us any more, before anything is asked of it
   */
  constructor(limiter: Bottleneck, holder: Holder, expirationMs: number, doubted: () => Promise<void>) {
    this.limiter = limiter;
    this.#inner = limiter as unknown as Internals;
    this.#holder = holder;
    this.#expirationMs = expirationMs;
    // What goes wrong with its store shows in the leases; unheard, it would end the process.
    limiter.on('error', () => undefined);
    this.#adapt();
    this.#attend(doubted);
  }

  lease(size: number): Promise<Lease> {
    return new Promise((resolve, reject) => {
      this.#number += 1;
      const id = String(this.#number);
      this.#asked.set(id, { size, refuse: reject });
      const job = (): Promise<void> => new Promise((free) => this.#grant(id, free, resolve));
      this.limiter.schedule({ id, weight: size }, job).catch((error: unknown) => {
        if (this.#asked.delete(id)) reject(error);
      });
    });
  }

  /** Takes back what was asked for last and is not granted, as far as `permits` cover it. */
  withdraw(permits: number): number {
    const sweeping = this.#unneeded;
    let left = permits;
    for (const [id, { size }] of [...this.#asked].reverse()) {
      if (size > left) continue;
      left -= size;
      this.#asked.delete(id);
      this.#unneeded = true;
    }
    if (this.#unneeded && !sweeping) void this.#inner._registerLock.schedule(() => this.#sweep());
    return permits - left;
  }

  /** All that is held runs as long as if it were granted now, but for what Redis has given away. */
  async extend(): Promise<void> {
    const at = performance.now();
    const held = [...this.#held];
    if (held.length === 0) return;
    const jobs = held.map(([, { index }]) => index);
    const kept = await extend(this.#client as Redis, this.limiter.channel(), jobs, this.#expirationMs);
    if (performance.now() - at > STALE_GRANT_MS) throw new Error('extended too long ago');
    for (const [number, [lease, { index, free, timer }]] of held.entries()) {
      if (!this.#held.has(lease)) continue;
      timer.cancel();
      if (kept[number]) this.#hold(lease, index, free, at);
      else this.#lose(lease);
    }
  }

  /** The store forgot all that is held. */
  forget(): void {
    for (const lease of [...this.#held.keys()]) this.#lose(lease);
  }

  /** Gives what is not needed back, and lets go of the rest: it is free again when it runs out. */
  async close(): Promise<void> {
    this.#closed = true;
    this.withdraw(Infinity);
    // What Redis grants just now would be nobody's until it runs out.
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([
      this.#inner._registerLock.schedule(async () => undefined),
      new Promise((resolve) => {
        timer = setTimeout(resolve, LAST_GRANT_MS);
      }),
    ]);
    clearTimeout(timer);
    // Where its connection broke, it may have counted one twice.
    this.#tellQueued('hset', 0);
    for (const { timer: runsOut } of this.#held.values()) runsOut.cancel();
    this.#held.clear();
    await this.limiter.disconnect();
  }

  get #client(): Redis | undefined {
    return (this.limiter.clients() as { client?: Redis }).client;
  }

  #adapt(): void {
    const inner = this.#inner;
    const store = inner._store;
    const submit = store.__submit__.bind(store);
    const register = store.__register__.bind(store);
    const drain = inner._drainOne.bind(inner);
    const run = inner._run.bind(inner);
    store.__submit__ = (queued, weight) =>
      this.#closed ? Promise.reject(new Error('closed')) : submit(queued, weight);
    // Known to Redis alone: Bottleneck itself would set a timer for it, of which a long one fires at once.
    store.__register__ = async (index, weight) => {
      const at = performance.now();
      const answer = await register(index, weight, this.#expirationMs);
      this.#registered = { index, at, size: answer.wait };
      return answer;
    };
    inner._drainOne = async (capacity) => {
      // One after another with what registers: that takes the first of the queue away when it is done.
      if (this.#unneeded) await inner._registerLock.schedule(() => this.#sweep());
      // What there is may be less than the first wants.
      return this.#closed || (capacity !== undefined && capacity <= 0) ? null : drain();
    };
    inner._run = (index, job) => {
      this.#granted.set(job.options.id, this.#registered as Registered);
      run(index, job, 0);
    };
  }

  /** From when the limiter is ready. */
  #attend(doubted: () => Promise<void>): void {
    const store = this.#inner._store;
    this.limiter.ready().then(
      () => {
        const run = store.runScript.bind(store);
        store.runScript = async (name, args) => {
          // Bottleneck introduces itself again to a Redis that lost its data, and goes on.
          if (name === 'init' || name === 'register_client') await doubted();
          return run(name, args);
        };
        const { heartbeat } = store;
        if (!heartbeat) return;
        // It is held while a job waits; here it is the gate that knows whether anybody waits for that.
        heartbeat.unref();
        heartbeat.ref = () => heartbeat;
        if (this.#closed) clearInterval(heartbeat);
      },
      () => undefined,
    );
  }

  #grant(id: string, free: () => void, resolve: (lease: Lease) => void): void {
    const { index, at, size } = this.#granted.get(id) as Registered;
    this.#granted.delete(id);
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    const age = performance.now() - at;
    if (!asked || age > STALE_GRANT_MS) {
      asked?.refuse(new Error('granted too long ago'));
      free();
      return;
    }
    let left = size;
    const lease: Lease = {
      get size() {
        return left;
      },
      shrink: (permits) => {
        left -= permits;
        this.#inner._store.runScript('free', [index, left]).catch(() => undefined);
      },
      end: () => {
        this.#held.get(lease)?.timer.cancel();
        this.#held.delete(lease);
        free();
      },
    };
    this.#hold(lease, index, free, at);
    resolve(lease);
  }

  /** Until it runs out, asked for `at`. */
  #hold(lease: Lease, index: string, free: () => void, at: number): void {
    const timer = later(at + this.#expirationMs - performance.now(), () => this.#lose(lease));
    this.#held.set(lease, { index, free, timer });
  }

  #lose(lease: Lease): void {
    lease.end();
    this.#holder.lost(lease);
  }

  /** Drops the jobs that nobody needs. Redis offers what is free to those first who have the least and wait. */
  async #sweep(): Promise<void> {
    if (!this.#unneeded) return;
    this.#unneeded = false;
    const queue = this.#inner._queues.getFirst();
    // Of an empty queue it gives an array.
    if (Array.isArray(queue)) return;
    const needed: Job[] = [];
    let dropped = 0;
    queue.forEachShift((job) => {
      if (this.#asked.has(job.options.id)) needed.push(job);
      else {
        dropped += 1;
        job.doDrop({ message: 'withdrawn' });
      }
    });
    for (const job of needed) queue.push(job);
    if (dropped === 0) return;
    this.#tellQueued('hincrby', -dropped);
  }

  #tellQueued(how: 'hincrby' | 'hset', count: number): void {
    const key = `${this.limiter.channel()}_client_num_queued`;
    this.#client?.[how](key, this.#inner._store.clientId, count).catch(() => undefined);
  }
}

/** Calls `fire` in `ms`, however many; keeps no process alive for it. */
function later(ms: number, fire: () => void): Timer {
  let timer: Timer;
  const wait = (left: number): void => {
    const step = Math.min(LONGEST_TIMER, left);
    timer = systemClock.setTimer(() => (left > step ? wait(left - step) : fire()), step, false);
  };
  wait(ms);
  return { cancel: () => timer.cancel() };
}
