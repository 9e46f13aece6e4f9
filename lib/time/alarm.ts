import type { Entry, Schedule } from './schedule.ts';

/** A single timer that can be moved: setting it again replaces its moment. */
export class Alarm {
  readonly #schedule: Schedule;
  readonly #hold: boolean;
  readonly #fire: () => void;
  #entry: Entry | undefined;

  /** @param hold keeps the process alive while the alarm is set */
  constructor(schedule: Schedule, hold: boolean, fire: () => void) {
    this.#schedule = schedule;
    this.#hold = hold;
    this.#fire = fire;
  }

  get isSet(): boolean {
    return this.#entry !== undefined;
  }

  /** Sets or moves the alarm; `Infinity` clears it. */
  set(at: number): void {
    if (this.#entry?.at === at) return;
    this.clear();
    if (at === Infinity) return;
    this.#entry = this.#schedule.at(at, this.#hold, () => {
      this.#entry = undefined;
      this.#fire();
    });
  }

  clear(): void {
    this.#entry?.cancel();
    this.#entry = undefined;
  }
}
