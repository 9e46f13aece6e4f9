import type { Entry, Schedule } from '../time/schedule.ts';
import type { PauseCause } from '../words/causes.ts';

/** A pause caused by an attempt. */
export interface Closed {
  /** Moment at which the pause began. */
  readonly at: number;
  readonly untilMs: number;
  readonly cause: PauseCause;
}

/**
 * The pending `pause` event of a throttled attempt. It is emitted once the body, which may contain the correlation ID,
 * has been read; at the latest when the quota reopens.
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

  /** The pause began or was extended. */
  moved(closed: Closed): void {
    this.#untold = closed;
    this.#latest?.cancel();
    this.#latest = this.#schedule.at(closed.untilMs, false, () => this.tell());
  }

  /** Emits the event, unless it was emitted. */
  tell(): void {
    const untold = this.#untold;
    if (!untold) return;
    this.#untold = undefined;
    this.#latest?.cancel();
    this.#tell(untold);
  }
}
