import TinyQueue from 'tinyqueue';
import { type Clock, LONGEST_TIMER, type Timer } from './clock.ts';

/** Minimum number of cancelled entries to sweep out; they must also outnumber the live ones. */
const MIN_SWEPT = 1024;

/** Interval of checks of each pending entry if timers are scoped, in ms. */
const SCOPED_CHECK_MS = 250;

/** A scheduled call. */
export interface Entry {
  /** Moment, on the clock's scale. */
  readonly at: number;
  /** Whether it keeps the process alive. */
  readonly hold: boolean;
  /** Cancels the entry, in O(1); no effect once it has fired. */
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
 * All waits of a gate (pauses, windows, backoffs, deadlines) on a single timer.
 *
 * Entries never fire early: a timer that fires before its moment is set again. Waits beyond the maximum of a timer are
 * split. The process is kept alive only while an entry with `hold` is pending.
 *
 * If timers end with the request that set them, each entry has its own timer, which keeps that request alive and also
 * fires overdue entries of ended requests.
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

  /** Calls `fire` at `moment` or as soon as possible after it, never synchronously. `NaN` is due at once. */
  at(moment: number, hold: boolean, fire: () => void): Entry {
    // A NaN would break the order of the whole queue.
    const at = moment > -Infinity ? moment : this.#clock.now();
    const due = new Due(this, at, hold, fire);
    this.#queue.push(due);
    if (hold) this.#holding += 1;
    if (this.#clock.scoped) this.#watch(due);
    else if (at < this.#timerAt || (hold && !this.#timerHolds)) this.#arm();
    return due;
  }

  /** @internal */
  cancelled(due: Due): void {
    if (due.hold) this.#holding -= 1;
    this.#dead += 1;
    if (this.#dead > MIN_SWEPT && this.#dead * 2 > this.#queue.length) {
      this.#queue = new TinyQueue(
        this.#queue.data.filter((each) => each.fire),
        earlier,
      );
      this.#dead = 0;
    }
    // Rearm only to stop keeping the process alive; otherwise a timer that finds nothing due is harmless.
    if (this.#holding === 0 && this.#timerHolds) this.#arm();
  }

  #watch(due: Due): void {
    const wait = Math.min(SCOPED_CHECK_MS, Math.max(0, Math.ceil(due.at - this.#clock.now())));
    this.#clock.setTimer(
      () => {
        if (!due.pending) return;
        const now = this.#clock.now();
        if (due.at <= now) {
          this.#dead += 1;
          this.#fire(due);
          return;
        }
        this.#fireUntil(now - SCOPED_CHECK_MS);
        if (due.pending) this.#watch(due);
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
