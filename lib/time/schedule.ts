import TinyQueue from 'tinyqueue';
import { type Clock, LONGEST_TIMER, type Timer } from './clock.ts';

/** Cancelled entries are swept out once there are more of them than this, and than live ones. */
const SWEEP = 1024;

/** Interval at which each pending entry is looked at where timers are scoped, in ms. */
const SCOPED_LOOK_MS = 250;

/** Something due at a moment. */
export interface Entry {
  /** Moment, on the clock's scale. */
  readonly at: number;
  /** Takes it back; O(1), and nothing once it has fired. */
  cancel(): void;
}

class Due implements Entry {
  readonly at: number;
  readonly hold: boolean;
  fire: (() => void) | undefined;
  readonly #schedule: Schedule;

  constructor(schedule: Schedule, at: number, hold: boolean, fire: () => void) {
    this.#schedule = schedule;
    this.at = at;
    this.hold = hold;
    this.fire = fire;
  }

  get pending(): boolean {
    return this.fire !== undefined;
  }

  cancel(): void {
    if (!this.fire) return;
    this.fire = undefined;
    this.#schedule.cancelled(this);
  }
}

/**
 * Every wait of a gate, on one timer: pauses, windows, backoffs, deadlines.
 *
 * Never early: a timer that fires before its moment is set again. Waits longer than a timer can hold are kept in
 * steps. The process stays alive only while an entry that `hold`s is pending.
 *
 * Where timers end with the request that set them, each entry has one of its own: it keeps that request alive, and fires
 * what others left behind.
 */
export class Schedule {
  readonly #clock: Clock;
  #queue: TinyQueue<Due> = new TinyQueue([], earlier);
  #dead = 0;
  #holding = 0;
  #timer: Timer | undefined;
  #timerAt = Infinity;
  #timerHolds = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `fire` at `at` or as soon as possible after it, never synchronously. `NaN` is due at once. */
  at(moment: number, hold: boolean, fire: () => void): Entry {
    // One entry without an order would leave the whole queue without one.
    const at = moment > -Infinity ? moment : this.#clock.now();
    const due = new Due(this, at, hold, fire);
    this.#queue.push(due);
    if (hold) this.#holding += 1;
    if (this.#clock.scoped) this.#lookAfter(due);
    else if (at < this.#timerAt || (hold && !this.#timerHolds)) this.#arm();
    return due;
  }

  /** @internal */
  cancelled(due: Due): void {
    if (due.hold) this.#holding -= 1;
    this.#dead += 1;
    if (this.#dead > SWEEP && this.#dead * 2 > this.#queue.length) {
      this.#queue = new TinyQueue(
        this.#queue.data.filter((each) => each.fire),
        earlier,
      );
      this.#dead = 0;
    }
    // Only what keeps the process alive is worth disarming for; else an idle timer finds nothing due.
    if (this.#holding === 0 && this.#timerHolds) this.#arm();
  }

  #lookAfter(due: Due): void {
    const wait = Math.min(SCOPED_LOOK_MS, Math.max(0, Math.ceil(due.at - this.#clock.now())));
    this.#clock.setTimer(
      () => {
        if (!due.pending) return;
        const now = this.#clock.now();
        if (due.at <= now) {
          this.#dead += 1;
          this.#fire(due);
          return;
        }
        this.#fireUntil(now - SCOPED_LOOK_MS);
        if (due.pending) this.#lookAfter(due);
      },
      wait,
      due.hold,
    );
  }

  #arm(): void {
    const next = this.#next();
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerAt = Infinity;
    this.#timerHolds = false;
    if (!next) return;
    this.#timerAt = next.at;
    this.#timerHolds = this.#holding > 0;
    const wait = Math.min(LONGEST_TIMER, Math.max(0, Math.ceil(next.at - this.#clock.now())));
    this.#timer = this.#clock.setTimer(() => this.#tick(), wait, this.#timerHolds);
  }

  #tick(): void {
    this.#timer = undefined;
    this.#fireUntil(this.#clock.now());
    this.#arm();
  }

  #fireUntil(moment: number): void {
    for (let due = this.#next(); due && due.at <= moment; due = this.#next()) {
      this.#queue.pop();
      this.#fire(due);
    }
  }

  #fire(due: Due): void {
    const { fire } = due;
    due.fire = undefined;
    if (due.hold) this.#holding -= 1;
    fire?.();
  }

  #next(): Due | undefined {
    for (let due = this.#queue.peek(); due; due = this.#queue.peek()) {
      if (due.fire) return due;
      this.#queue.pop();
      this.#dead -= 1;
    }
    return undefined;
  }
}

function earlier(a: Due, b: Due): number {
  return a.at - b.at;
}
