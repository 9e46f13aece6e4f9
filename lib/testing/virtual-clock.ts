import TinyQueue from 'tinyqueue';
import type { Clock, Timer } from '../time/clock.ts';

interface Pending {
  readonly at: number;
  readonly order: number;
  readonly hold: boolean;
  readonly fire: () => void;
}

/** Maximum number of timers that {@link VirtualClock.runAll} fires. */
const MAX_TIMERS = 100_000;

/** A clock that moves only when a test moves it. Timers fire in order, each at its own moment. */
export class VirtualClock implements Clock {
  #now: number;
  /** Time that passed only on the wall clock, in ms. */
  #suspendedMs = 0;
  readonly #timers = new Set<Pending>();
  /** The same timers, earliest first; may include cancelled ones. */
  readonly #queue = new TinyQueue<Pending>([], (a, b) => a.at - b.at || a.order - b.order);
  #order = 0;

  constructor(now = 1_000_000) {
    this.#now = now;
  }

  /** Unix ms on this clock. */
  now(): number {
    return this.#now;
  }

  /** Wall-clock time of this clock; Unix ms. */
  wall(): number {
    return this.#now + this.#suspendedMs;
  }

  /** Sets a timer of this clock. */
  setTimer(fire: () => void, ms: number, hold: boolean): Timer {
    this.#order += 1;
    const timer = { at: this.#now + ms, fire, hold, order: this.#order };
    this.#timers.add(timer);
    this.#queue.push(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  /** Number of timers that are set. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Number of timers that would keep a process alive. */
  get holding(): number {
    return [...this.#timers].filter(({ hold }) => hold).length;
  }

  /** Advances by `ms`, fires the timers that fall due, and lets promises settle after each. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await settled();
    while (this.#fireNext(until)) await settled();
    this.#now = until;
  }

  /** Like {@link advance}, but synchronous: lets no promises settle. */
  advanceSync(ms: number): void {
    const until = this.#now + ms;
    while (this.#fireNext(until));
    this.#now = until;
  }

  /**
   * Advances until no timer (wait or backoff) is set that would keep a process alive. Throws after 100,000 timers.
   */
  async runAll(): Promise<void> {
    await settled();
    for (let fired = 0; this.holding > 0; fired += 1) {
      if (fired === MAX_TIMERS) throw new Error(`Timers are still set after ${MAX_TIMERS} of them fired`);
      this.#fireNext(Infinity);
      await settled();
    }
  }

  /** Simulates a machine that sleeps for `ms`: the wall clock advances; timers and {@link now} stand still. */
  suspend(ms: number): void {
    this.#suspendedMs += ms;
  }

  /** Moment of the next timer; `Infinity` if none is set. */
  nextAt(): number {
    return this.#next(Infinity)?.at ?? Infinity;
  }

  #fireNext(until: number): boolean {
    const next = this.#next(until);
    if (!next) return false;
    this.#timers.delete(next);
    this.#now = Math.max(this.#now, next.at);
    next.fire();
    return true;
  }

  #next(until: number): Pending | undefined {
    let next = this.#queue.peek();
    for (; next && !this.#timers.has(next); next = this.#queue.peek()) this.#queue.pop();
    return next && next.at <= until ? next : undefined;
  }
}

/** Lets promise reactions run, for more turns than any chain in Headgate needs. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 40; turn += 1) await Promise.resolve();
}
