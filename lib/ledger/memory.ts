import Bottleneck from 'bottleneck';
import type { Account, Lease, Ledger } from './ledger.ts';

/**
 * An account kept by Bottleneck in memory.
 *
 * A lease is one job whose weight is the lease's size: it starts when as many of the window's `limit` (its
 * `maxConcurrent`) are free, and runs until the lease is ended. A reservoir would let twice the limit through
 * across its refill; a job that runs until `per` after its last response cannot.
 *
 * A job costs Bottleneck several timers (about 4 ms), whence leases: never one job per request.
 */
class MemoryAccount implements Account {
  readonly shared: boolean = false;
  readonly share: number = Infinity;
  readonly renewMs: number = Infinity;
  readonly #limiter: Bottleneck;
  readonly #held = new Set<() => void>();

  constructor(limit: number) {
    this.#limiter = new Bottleneck({ maxConcurrent: limit });
  }

  lease(size: number): Promise<Lease> {
    return new Promise((resolve, reject) => {
      const job = (): Promise<void> =>
        new Promise((free) => {
          const end = (): void => {
            this.#held.delete(end);
            free();
          };
          this.#held.add(end);
          // Leased whole, for good.
          resolve({ size, shrink: () => undefined, end });
        });
      this.#limiter.schedule({ weight: size }, job).catch(reject);
    });
  }

  /** Nobody else could have what is asked for. */
  withdraw(): number {
    return 0;
  }

  async close(): Promise<void> {
    for (const end of this.#held) end();
    await this.#limiter.disconnect();
  }
}

/** The ledger of one process. */
export function memory(): Ledger {
  return { open: ({ limit }) => new MemoryAccount(limit) };
}
