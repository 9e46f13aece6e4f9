import Bottleneck from 'bottleneck';

/** Which window an account is of. */
export interface Book {
  /** Unique to the quota and the window. */
  readonly key: string;
  readonly limit: number;
  /** ms. */
  readonly per: number;
}

/** A block of permits, held until it is ended. */
export interface Lease {
  readonly size: number;
  end(): void;
}

/** The account of one window, from which leases are drawn. */
export interface Account {
  /** Resolves with a lease once its permits are free. Rejects when the ledger is closed. */
  lease(size: number): Promise<Lease>;
  close(): Promise<void>;
}

/** The book of permits: who holds how many of each window. */
export interface Ledger {
  open(book: Book): Account;
}

/**
 * A lease is one Bottleneck job whose weight is the lease's size: it starts when as many of the window's `limit`
 * (its `maxConcurrent`) are free, and runs until the lease is ended. A reservoir would let twice the limit
 * through across its refill; a job that runs until `per` after its last response cannot.
 *
 * A job costs Bottleneck several timers (about 4 ms), whence leases: never one job per request.
 */
class BottleneckAccount implements Account {
  readonly #limiter: Bottleneck;
  readonly #held = new Set<() => void>();

  constructor(limit: number) {
    this.#limiter = new Bottleneck({ maxConcurrent: limit });
  }

  lease(size: number): Promise<Lease> {
    return new Promise((resolve, reject) => {
      const job = (): Promise<void> =>
        new Promise((end) => {
          const release = (): void => {
            this.#held.delete(release);
            end();
          };
          this.#held.add(release);
          resolve({ size, end: release });
        });
      this.#limiter.schedule({ weight: size }, job).catch(reject);
    });
  }

  async close(): Promise<void> {
    for (const release of [...this.#held]) release();
    await this.#limiter.stop({ dropWaitingJobs: true });
    await this.#limiter.disconnect();
  }
}

/** The ledger of one process. */
export function memory(): Ledger {
  return { open: ({ limit }) => new BottleneckAccount(limit) };
}
