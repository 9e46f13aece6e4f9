import Bottleneck from 'bottleneck/light.js';
import type { Account, Holder, Lease } from './ledger.ts';

/** Where pages are kept. */
interface Shelf {
  /** No gate holds this page open. */
  left(key: string, page: Page): void;
}

/**
 * One window in the ledger of a process, and the gates that draw on it.
 *
 * While there is one gate, it holds the whole window. From the second on, a Bottleneck divides it: a lease is one job
 * whose weight is the lease's size. It starts once as many of the window's `limit` (its `maxConcurrent`) are free, and
 * runs until the lease is ended. (A reservoir would let twice the limit through across its refill; a job that runs until
 * `per` after its last response cannot.) A job costs Bottleneck several timers, about 4 ms, and an instance 13 kB: hence
 * leases instead of a job per request, and no instance before there is something to divide.
 */
export class Page {
  readonly limit: number;
  readonly #shelf: Shelf;
  readonly #key: string;
  readonly #seats: Seat[] = [];
  #limiter: Bottleneck | undefined;
  /** Permits that running jobs gave back before their end. */
  #released = 0;

  constructor(shelf: Shelf, key: string, limit: number) {
    this.#shelf = shelf;
    this.#key = key;
    this.limit = limit;
  }

  get shared(): boolean {
    return this.#limiter !== undefined;
  }

  /** What each open gate may keep. */
  get share(): number {
    return Math.floor(this.limit / Math.max(1, this.#open));
  }

  /** Whether nobody holds it open, and nothing of it is in use. */
  isSpent(): boolean {
    return this.#seats.every((seat) => seat.closed && seat.holder.inUse === 0);
  }

  join(holder: Holder): Seat {
    const seat = new Seat(this, holder);
    const [alone] = this.#seats;
    this.#seats.push(seat);
    if (!this.#limiter && alone) {
      this.#limiter = new Bottleneck({ maxConcurrent: this.limit });
      // The first job of the queue, so it starts before all others.
      alone.holder.joined(this.start(this.limit, () => true));
    }
    return seat;
  }

  /** @internal A seat was closed; it is kept while something of its is in use. */
  left(seat: Seat): void {
    if (seat.holder.inUse === 0) this.#seats.splice(this.#seats.indexOf(seat), 1);
    if (this.#open === 0) this.#shelf.left(this.#key, this);
  }

  /** @internal Queues a job of this weight; `granted` is called once it starts, and says whether it is still needed. */
  start(weight: number, granted: (lease: Lease) => boolean): Lease {
    const job = new Job(weight, (permits) => this.#release(permits));
    const limiter = this.#limiter as Bottleneck;
    const run = (): Promise<void> => {
      if (!granted(job)) job.end();
      return job.done;
    };
    void limiter.schedule({ weight }, run);
    return job;
  }

  get #open(): number {
    let open = 0;
    for (const { closed } of this.#seats) if (!closed) open += 1;
    return open;
  }

  /** A part of a running job is free from now on, or (negative) the job that it was a part of ends. */
  async #release(permits: number): Promise<void> {
    this.#released += permits;
    await this.#limiter?.updateSettings({ maxConcurrent: this.limit + this.#released });
  }
}

/** A lease, as a job of Bottleneck's. */
class Job implements Lease {
  size: number;
  readonly done: Promise<void>;
  readonly #weight: number;
  readonly #release: (permits: number) => Promise<void>;
  #end!: () => void;

  /** @param release makes room for as many more; takes it back where negative */
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

/** A lease that was asked for; a job that nobody needs any more goes to the next who asks for as much. */
interface Asked {
  readonly size: number;
  needed: boolean;
  grant: (lease: Lease) => void;
}

/** The account of one gate on a page. */
class Seat implements Account {
  readonly holder: Holder;
  closed = false;
  readonly #page: Page;
  #asked: Asked[] | undefined;

  constructor(page: Page, holder: Holder) {
    this.#page = page;
    this.holder = holder;
  }

  get shared(): boolean {
    return this.#page.shared;
  }

  get share(): number {
    return this.#page.share;
  }

  get renewMs(): number {
    return Infinity;
  }

  get lingers(): boolean {
    return true;
  }

  lease(size: number): Promise<Lease> {
    return new Promise((grant) => {
      this.#asked ??= [];
      const spare = this.#asked.find((asked) => !asked.needed && asked.size === size);
      if (spare) {
        spare.needed = true;
        spare.grant = grant;
        return;
      }
      const asked: Asked = { size, needed: true, grant };
      this.#asked.push(asked);
      this.#page.start(size, (lease) => {
        this.#asked?.splice(this.#asked.indexOf(asked), 1);
        if (asked.needed) asked.grant(lease);
        return asked.needed;
      });
    });
  }

  withdraw(permits: number): number {
    let left = permits;
    for (const asked of this.#asked?.toReversed() ?? []) {
      if (!asked.needed || asked.size > left) continue;
      left -= asked.size;
      asked.needed = false;
    }
    return permits - left;
  }

  async close(): Promise<void> {
    this.closed = true;
    this.withdraw(Infinity);
    this.#page.left(this);
  }
}
