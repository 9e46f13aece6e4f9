import type { AttemptRecord } from '../words/report.ts';
import type { Attempt } from './attempt.ts';

/** Maximum number of attempts kept per call; of more, the first and the last 99. */
const MAX_ATTEMPTS = 100;

/** The attempts of one call, in order. */
export class History {
  readonly #attempts: Attempt[] = [];
  #count = 0;

  /** Number of attempts made, kept or not. */
  get count(): number {
    return this.#count;
  }

  /** The last ID that the server gave. */
  get correlationId(): string | undefined {
    return this.#attempts.findLast((attempt) => attempt.classification?.correlationId !== undefined)
      ?.classification?.correlationId;
  }

  push(attempt: Attempt): void {
    this.#count += 1;
    if (this.#attempts.length === MAX_ATTEMPTS) this.#attempts.splice(1, 1);
    this.#attempts.push(attempt);
  }

  /** Frozen: events, errors and listeners share it. */
  records(): readonly AttemptRecord[] {
    return Object.freeze(this.#attempts.map((attempt) => attempt.record()));
  }
}
