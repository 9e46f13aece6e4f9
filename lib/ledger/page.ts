import Bottleneck from 'bottleneck/light.js';
import type { Lease } from './ledger.ts';

/** A gate's part of a page. */
export interface Sharer {
  readonly closed: boolean;
  /** It is closed, and nothing that it used counts any more. */
  readonly spent: boolean;
}

/**
 * One window in the ledger of a process on which several gates draw.
 *
 * A Bottleneck divides it: a lease is one job whose weight is the lease's size. It starts once as many of the window's
 * `limit` (its `maxConcurrent`) are free, and runs until the lease is ended. (A reservoir would let twice the limit
 * through across its refill; a job that runs until `per` after its last response cannot.) A job costs Bottleneck several
 * timers, about 4 ms, and an instance 13 kB: hence leases instead of a job per request, and no instance before there is
 * something to divide.
 */
export class Page {
  readonly #limit: number;
  readonly #seats = new Set<Sharer>();
  readonly #limiter: Bottleneck;
  /** Permits that running jobs gave back before their end. */
  #released = 0;

  /** @param first who had the whole window until now */
  constructor(limit: number, first: Sharer) {
    this.#limit = limit;
    this.#limiter = new Bottleneck({ maxConcurrent: limit });
    this.#seats.add(first);
  }

  /** What each open gate may keep. */
  get share(): number {
    let open = 0;
    for (const { closed } of this.#seats) if (!closed) open += 1;
    return Math.floor(this.#limit / Math.max(1, open));
  }

  /** Whether nobody holds it open, and nothing of it is in use. */
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

  /** Queues a job of this weight; `granted` is called once it starts, and says whether it is still needed. */
  start(weight: number, granted: (lease: Lease) => boolean): Lease {
    const job = new Job(weight, (permits) => this.#release(permits));
    void this.#limiter.schedule({ weight }, () => {
      if (!granted(job)) job.end();
      return job.done;
    });
    return job;
  }

  /** A part of a running job is free from now on; or, if negative, the job that it was a part of ends. */
  async #release(permits: number): Promise<void> {
    this.#released += permits;
    await this.#limiter.updateSettings({ maxConcurrent: this.#limit + this.#released });
  }
}

/** A lease, as a job of Bottleneck's. */
class Job implements Lease {
  size: number;
  readonly done: Promise<void>;
  readonly #weight: number;
  readonly #release: (permits: number) => Promise<void>;
  #end!: () => void;

  /** @param release makes room for as many more; takes it back if negative */
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
    // The room made for it goes before it does: between the two there is too little of it, never too much.
    else void this.#release(-released).then(this.#end);
  }
}
