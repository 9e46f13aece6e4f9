import type { Clock } from '../time/clock.ts';
import type { Entry, Schedule } from '../time/schedule.ts';

/** The body of a response, from the arrival of its head. */
export interface Body {
  /**
   * A number that changes with each byte received; `NaN` while received bytes wait for their reader. Polled at
   * intervals, so that chunks cost nothing.
   */
  received(): number;
  /** True if the client reads the whole body before it returns anything. */
  readonly buffered: boolean;
}

/** Number of polls per `idleMs`. */
const POLLS = 4;

/** Detects a body that is idle for `idleMs`. Never early; late by at most a quarter of `idleMs` once it polls. */
export class BodyWatch {
  readonly #clock: Clock;
  readonly #schedule: Schedule;
  readonly #idleMs: number;
  readonly #body: Body;
  readonly #idle: () => void;
  #seen: number;
  /** Moment at which the last bytes were detected. */
  #since: number;
  #entry: Entry | undefined;

  constructor(
    clock: Clock,
    schedule: Schedule,
    { body, idleMs, idle }: { readonly body: Body; readonly idleMs: number; readonly idle: () => void },
  ) {
    this.#clock = clock;
    this.#schedule = schedule;
    this.#idleMs = idleMs;
    this.#body = body;
    this.#idle = idle;
    this.#seen = body.received();
    this.#since = clock.now();
  }

  /** Polls now, and again until the body is idle or the watch is stopped. */
  look(): void {
    const now = this.#clock.now();
    const received = this.#body.received();
    if (received !== this.#seen) {
      this.#seen = received;
      this.#since = now;
    }
    const dueAt = this.#since + this.#idleMs;
    if (now >= dueAt) this.#idle();
    else
      this.#entry = this.#schedule.at(Math.min(dueAt, now + this.#idleMs / POLLS), false, () => this.look());
  }

  stop(): void {
    this.#entry?.cancel();
    this.#entry = undefined;
  }
}
