import { QueueFullError } from '../words/errors.ts';

/** Limits how many attempts may wait, in all gates of one `headgate()` together. */
export class QueueLimit {
  readonly #most: number;
  readonly #mostOfFlow: number;
  #taken = 0;
  /** Number of waiting attempts of each flow; unused without a limit per flow. */
  readonly #flows = new Map<string, number>();

  constructor(most: number, mostOfFlow: number = Infinity) {
    this.#most = most;
    this.#mostOfFlow = mostOfFlow;
  }

  /** Throws `QueueFullError` if no further attempt of this flow may be queued. */
  reserve(flow: string | undefined): void {
    if (this.#taken >= this.#most) throw new QueueFullError(this.#most);
    const taken = flow === undefined ? 0 : (this.#flows.get(flow) ?? 0);
    if (taken >= this.#mostOfFlow) throw new QueueFullError(this.#mostOfFlow, undefined, 'maxQueuePerFlow');
  }

  enter(flow: string | undefined): void {
    this.#count(flow, 1);
  }

  leave(flow: string | undefined): void {
    this.#count(flow, -1);
  }

  #count(flow: string | undefined, by: number): void {
    this.#taken += by;
    if (flow === undefined || this.#mostOfFlow === Infinity) return;
    const taken = (this.#flows.get(flow) ?? 0) + by;
    if (taken > 0) this.#flows.set(flow, taken);
    else this.#flows.delete(flow);
  }
}
