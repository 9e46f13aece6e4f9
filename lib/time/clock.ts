import { followTime } from './fakes.ts';

/**
 * All time of a gate goes through one clock, so that tests own it and so that a jump of the system's clock
 * moves nothing. `virtualClock()` of `headgate/testing` is one that a test moves by hand.
 */
export interface Clock {
  /** Monotonic moment in ms. Zero is the Unix epoch, as the system saw it when the process started. */
  now(): number;
  /**
   * Moment in Unix ms by the system's clock, as servers mean it: for what expires at a date. It may jump, and goes on
   * while the machine sleeps. Default: `Date.now()`.
   */
  wall?(): number;
  /**
   * Calls `fire` once `ms` have passed; at once, but never synchronously, for 0. `ms` is at most
   * {@link LONGEST_TIMER}. `hold` keeps the process alive until then.
   */
  setTimer(fire: () => void, ms: number, hold: boolean): Timer;
  /** A timer ends with the request in which it was set, as in Cloudflare Workers. Default false. */
  readonly scoped?: boolean;
}

/** A pending call of {@link Clock.setTimer}. */
export interface Timer {
  /** Keeps the timer from going off. */
  cancel(): void;
}

/** The longest delay that a Node.js timer can hold: 2^31-1 ms, about 24.9 days. A longer one fires at once. */
export const LONGEST_TIMER: number = 2 ** 31 - 1;

/** Unix ms by the system's clock. */
export function wallOf(clock: Clock): number {
  return clock.wall?.() ?? Date.now();
}

/**
 * Timers fire up to this much early, in ms, since the event loop counts whole ones. What fires earlier is a timer
 * that a test moves by hand.
 */
const EARLY_MS = 2;

/** Tests that fake timers alone move this, in ms. */
let skippedMs = 0;

/** The process's own monotonic clock; where a test fakes timers, that of the test. */
export const systemClock: Clock = {
  scoped: globalThis.navigator?.userAgent === 'Cloudflare-Workers',
  now: () => followTime() + skippedMs,
  setTimer(fire, ms, hold) {
    // The timer's own clearTimeout: that of fakes set up meanwhile does not know it.
    const { setTimeout, clearTimeout } = globalThis;
    const dueAt = systemClock.now() + ms;
    const timeout = setTimeout(() => {
      const earlyMs = dueAt - systemClock.now();
      if (earlyMs > EARLY_MS) skippedMs += earlyMs;
      fire();
    }, ms);
    // A number in browsers and in workerd.
    if (!hold) (timeout as Partial<NodeJS.Timeout>).unref?.();
    return { cancel: () => clearTimeout(timeout) };
  },
};
