/**
 * All time of a gate goes through one clock, so that tests own it and so that a jump of the system's clock
 * moves nothing.
 */
export interface Clock {
  /** Monotonic moment in ms. Zero is the Unix epoch, as the system saw it when the process started. */
  now(): number;
  /**
   * Calls `fire` once `ms` have passed; at once, but never synchronously, for 0. `ms` is at most
   * {@link LONGEST_TIMER}. `hold` keeps the process alive until then.
   */
  setTimer(fire: () => void, ms: number, hold: boolean): Timer;
}

/** A pending call of {@link Clock.setTimer}. */
export interface Timer {
  cancel(): void;
}

/** The longest delay that a Node.js timer can hold: 2^31-1 ms, about 24.9 days. A longer one fires at once. */
export const LONGEST_TIMER: number = 2 ** 31 - 1;

const { timeOrigin } = performance;

/** The process's own monotonic clock. */
export const systemClock: Clock = {
  now: () => timeOrigin + performance.now(),
  setTimer(fire, ms, hold) {
    const timeout = setTimeout(fire, ms);
    if (!hold) timeout.unref();
    return { cancel: () => clearTimeout(timeout) };
  },
};
