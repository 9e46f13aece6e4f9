import { processTime } from './process-time.ts';

/**
 * The only source of time in a gate, so that tests can replace it and a jump of the system clock has no effect.
 * `virtualClock()` of `headgate/testing` returns one that a test moves by hand.
 */
export interface Clock {
  /** Monotonic time in ms since the Unix epoch, as given by the system clock when the process started. */
  now(): number;
  /**
   * Wall-clock time in Unix ms: for expiry dates named by servers. It may jump, and it advances while the machine
   * sleeps. Default: `Date.now()`.
   */
  wall?(): number;
  /**
   * Calls `fire` after `ms`, never synchronously. `ms` is at most {@link LONGEST_TIMER}. `hold` keeps the process alive
   * until then.
   */
  setTimer(fire: () => void, ms: number, hold: boolean): Timer;
  /** True if a timer ends with the request that set it, as in Cloudflare Workers. Default false. */
  readonly scoped?: boolean;
}

/** A pending call of {@link Clock.setTimer}. */
export interface Timer {
  /** Cancels the timer. */
  cancel(): void;
}

/** Maximum delay of a Node.js timer: 2^31-1 ms, about 24.9 days. A longer one fires at once. */
export const LONGEST_TIMER: number = 2 ** 31 - 1;

/**
 * Maximum lag of a client's clock behind a server's whole milliseconds. A permit is freed this much later, so that a server
 * that counts in integers never sees two uses of it less than `per` apart.
 */
export const CLOCK_GRAIN_MS = 1;

/** Wall-clock time of `clock`, in Unix ms. */
export function wallOf(clock: Clock): number {
  return clock.wall?.() ?? Date.now();
}

/**
 * Maximum time by which a real timer fires early, in ms: the event loop counts whole ms. A timer that fires earlier is a
 * fake advanced by a test.
 */
const EARLY_MS = 2;

/** Time skipped by tests that fake timers but not the clock, in ms. */
let skippedMs = 0;

/** The monotonic clock of the process; follows a test's fake timers. */
export const systemClock: Clock = {
  scoped: globalThis.navigator?.userAgent === 'Cloudflare-Workers',
  now: () => processTime() + skippedMs,
  setTimer(fire, ms, hold) {
    // Keep the matching clearTimeout: fakes installed later do not know this timer.
    const { setTimeout, clearTimeout } = globalThis;
    const dueAt = systemClock.now() + ms;
    const timeout = setTimeout(() => {
      const earlyMs = dueAt - systemClock.now();
      if (earlyMs > EARLY_MS) skippedMs += earlyMs;
      fire();
    }, ms);
    // In browsers and workerd a timeout is a number.
    if (!hold) (timeout as Partial<NodeJS.Timeout>).unref?.();
    return { cancel: () => clearTimeout(timeout) };
  },
};
