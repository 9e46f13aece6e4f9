import type { QuotaRef } from '../types.ts';
import type { GateContext, QuotaSnapshot } from './context.ts';
import { Gate } from './gate.ts';

/** Quotas remembered at once; beyond it, those that are idle are forgotten, the longest unused first. */
const MOST_GATES = 10_000;
/** How many old quotas are looked at when one is to be forgotten. */
const LOOK = 32;

/** All gates of one `headgate()`, one per quota key. */
export class Gates {
  readonly #context: GateContext;
  /** In the order of their last use. */
  readonly #gates = new Map<string, Gate>();

  constructor(context: GateContext) {
    this.#context = context;
  }

  of(ref: QuotaRef): Gate {
    let gate = this.#gates.get(ref.key);
    if (gate && this.#gates.size < MOST_GATES) return gate;
    if (gate) this.#gates.delete(ref.key);
    else gate = this.#make(ref);
    this.#gates.set(ref.key, gate);
    if (this.#gates.size > MOST_GATES) this.#forget();
    return gate;
  }

  get(key: string): Gate | undefined {
    return this.#gates.get(key);
  }

  snapshot(): QuotaSnapshot[] {
    return [...this.#gates.values()].map((gate) => gate.snapshot());
  }

  async close(error: Error): Promise<void> {
    await Promise.all([...this.#gates.values()].map((gate) => gate.close(error)));
  }

  #make(ref: QuotaRef): Gate {
    this.#context.ledger.recall?.(ref.key);
    return new Gate(ref, this.#context);
  }

  #forget(): void {
    const now = this.#context.clock.now();
    let looked = 0;
    for (const [key, gate] of this.#gates) {
      if (gate.idle(now)) {
        this.#gates.delete(key);
        void gate.close(new Error('forgotten'));
        return;
      }
      looked += 1;
      if (looked === LOOK) return;
    }
  }
}
