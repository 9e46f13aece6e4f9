import Bottleneck from 'bottleneck/light.js';
import type { Lease } from './ledger.ts';

/** One gate at a page. */
export interface Sharer {
  readonly closed: boolean;
  /** Whether it is closed and nothing it used still counts. */
  readonly spent: boolean;
}

/**
 * One window shared by several gates of a process.
 *
 * A Bottleneck divides it: a lease is one job whose weight is the lease's size. The job starts once that many of the window's
 * `limit` (Bottleneck's `maxConcurrent`) are free, and runs until the lease is ended. (A reservoir would let twice the limit
 * through around its refill; a job that runs until `per` after its last response cannot.) A job costs Bottleneck several
 * timers, about 4 ms, and an instance 13 kB: hence one job per lease instead of per request, and no instance before there is
 * something to divide.
 */
export class Page {
  readonly #limit: number;
  readonly #seats = new Set<Sharer>();
  readonly #limiter: Bottleneck;
  /** Number of permits given back by jobs still running. */
  #released = 0;

  /** @param first the gate that held the whole window until now */
  constructor(limit: number, first: Sharer) {
    this.#limit = limit;
    this.#limiter = new Bottleneck({ maxConcurrent: limit });
    this.#seats.add(first);
  }

  /** Number of permits each open gate may keep. */
  get share(): number {
    let open = 0;
    for (const { closed } of this.#seats) if (!closed) open += 1;
    return Math.floor(this.#limit / Math.max(1, open));
  }

  /** Whether all gates are closed and nothing is in use. */
  get spent(): boolean {
    for (const { spent } of this.#seats) if (!spent) return false;
    return true;
  }

  join(seat: Sharer): void {
    this.#seats.add(seat);
  }

  leave(seat: Sharer): void {
    this.#seats.delete(seat);
  }

  /** Queues a job of this weight; `granted` is called when it starts and returns whether it is still needed. */
  start(weight: number, granted: (lease: Lease) => boolean): Lease {
    const job = new Job(weight, (permits) => this.#release(permits));
    void this.#limiter.schedule({ weight }, () => {
      if (!granted(job)) job.end();
      return job.done;
    });
    return job;
  }

  /** Frees part of a running job; a negative number takes that back as the job ends. */
  async #release(permits: number): Promise<void> {
    this.#released += permits;
    await this.#limiter.updateSettings({ maxConcurrent: this.#limit + this.#released });
  }
}

/** A lease as a Bottleneck job. */
class Job implements Lease {
  size: number;
  readonly done: Promise<void>;
  readonly #weight: number;
  readonly #release: (permits: number) => Promise<void>;
  #end!: () => void;

  /** @param release makes room for this many more permits; takes it back if negative */
  constructor(weight: number, release: (permits: number) => Promise<void>) {
    this.size = weight;
    this.#weight = weight;
    this.#release = release;
    this.done = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  shrink(permits: number): void {
    this.size -= permits;
    void this.#release(permits);
  }

  end(): void {
    const released = this.#weight - this.size;
    if (released === 0) this.#end();
    // Take back the extra room before ending the job: in between there is too little room, never too much.
    else void this.#release(-released).then(this.#end);
  }
}
