import type { Entry, Schedule } from '../time/schedule.ts';
import type { PauseCause } from '../words/causes.ts';

/** A pause that an attempt brought about. */
export interface Closed {
  /** When it did. */
  readonly at: number;
  readonly untilMs: number;
  readonly cause: PauseCause;
}

/**
 * How a throttled attempt closed its quota, from the head of its response on. It is told once the body was read, where
 * the correlation ID may stand; of a body without an end, before the quota reopens.
 */
export class PauseNotice {
  readonly #schedule: Schedule;
  readonly #tell: (closed: Closed) => void;
  #untold: Closed | undefined;
  #latest: Entry | undefined;

  constructor(schedule: Schedule, tell: (closed: Closed) => void) {
    this.#schedule = schedule;
    this.#tell = tell;
  }

  /** The quota is closed for longer now. */
  moved(closed: Closed): void {
    this.#untold = closed;
    this.#latest?.cancel();
    this.#latest = this.#schedule.at(closed.untilMs, false, () => this.tell());
  }

  /** Tells it, unless that was done. */
  tell(): void {
    const untold = this.#untold;
    if (!untold) return;
    this.#untold = undefined;
    this.#latest?.cancel();
    this.#tell(untold);
  }
}
