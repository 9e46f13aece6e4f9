import Bottleneck from 'bottleneck';
import type { Account, Holder, Lease, Ledger } from './ledger.ts';

/**
 * An account kept by Bottleneck, in memory or in Redis.
 *
 * A lease is one job whose weight is the lease's size: it starts when as many of the window's `limit` (its
 * `maxConcurrent`) are free, and runs until the lease is ended. A reservoir would let twice the limit through
 * across its refill; a job that runs until `per` after its last response cannot.
 *
 * A job costs Bottleneck several timers (about 4 ms), whence leases: never one job per request.
 */
export class BottleneckAccount implements Account {
  readonly shared: boolean;
  readonly share: number = Infinity;
  readonly renewMs: number = Infinity;
  readonly limiter: Bottleneck;
  readonly #holder: Holder;
  readonly #expirationMs: number | undefined;
  readonly #held = new Map<Lease, () => void>();

  /** @param expirationMs after which a lease is free again, whatever became of its holder */
  constructor(limiter: Bottleneck, holder: Holder, expirationMs?: number) {
    this.limiter = limiter;
    this.shared = expirationMs !== undefined;
    this.#holder = holder;
    this.#expirationMs = expirationMs;
    // What goes wrong with its store shows in the leases; unheard, it would end the process.
    limiter.on('error', () => undefined);
  }

  lease(size: number): Promise<Lease> {
    return new Promise((resolve, reject) => {
      let lease: Lease | undefined;
      const job = (): Promise<void> =>
        new Promise((end) => {
          const held: Lease = {
            size,
            end: () => {
              this.#held.delete(held);
              end();
            },
          };
          lease = held;
          this.#held.set(held, end);
          this.#unrefExpirations();
          resolve(held);
        });
      const expiration = this.#expirationMs === undefined ? {} : { expiration: this.#expirationMs };
      this.limiter.schedule({ weight: size, ...expiration }, job).catch((error: unknown) => {
        // Before the grant a refusal; after it, the expiration.
        if (lease && this.#held.delete(lease)) this.#holder.lost(lease);
        else reject(error);
      });
    });
  }

  /** The store forgot all that is held. */
  forget(): void {
    const held = [...this.#held];
    this.#held.clear();
    for (const [lease, end] of held) {
      end();
      this.#holder.lost(lease);
    }
  }

  async close(): Promise<void> {
    if (!this.shared) for (const end of this.#held.values()) end();
    this.#held.clear();
    await this.limiter.disconnect();
  }

  /** Bottleneck's own timers for leases that run out would keep the process alive as long as they last. */
  #unrefExpirations(): void {
    const { _scheduled } = this.limiter as unknown as {
      _scheduled: Record<string, { expiration?: NodeJS.Timeout }>;
    };
    for (const { expiration } of Object.values(_scheduled)) expiration?.unref();
  }
}

/** The ledger of one process. */
export function memory(): Ledger {
  return {
    open: ({ limit }, holder) => new BottleneckAccount(new Bottleneck({ maxConcurrent: limit }), holder),
  };
}
