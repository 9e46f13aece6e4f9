import type { Clock } from '../time/clock.ts';
import type { Entry, Schedule } from '../time/schedule.ts';

/** The body of a response, from the moment its head came. */
export interface Body {
  /**
   * A number that changes with each byte that arrives; `NaN` while bytes that arrived wait for their reader. Asked for
   * only when the body is looked at, so that no chunk costs anything.
   */
  received(): number;
  /** The client reads it to its end before it gives anything to its user. */
  readonly buffered: boolean;
}

/** Looks at a body in each of its idle times. */
const LOOKS = 4;

/** Notices when a body brings nothing for `idleMs`. Never early; late by a quarter at most once it looks. */
export class BodyWatch {
  readonly #clock: Clock;
  readonly #schedule: Schedule;
  readonly #idleMs: number;
  readonly #body: Body;
  readonly #idle: () => void;
  #seen: number;
  /** Moment at which the last bytes were noticed. */
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

  /** Looks now, and again until it is idle or stopped. */
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
      this.#entry = this.#schedule.at(Math.min(dueAt, now + this.#idleMs / LOOKS), false, () => this.look());
  }

  stop(): void {
    this.#entry?.cancel();
    this.#entry = undefined;
  }
}
