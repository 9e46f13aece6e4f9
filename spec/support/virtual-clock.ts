import TinyQueue from 'tinyqueue';
import type { Clock, Timer } from '../../lib/time/clock.ts';

interface Pending {
  readonly at: number;
  readonly order: number;
  readonly hold: boolean;
  readonly fire: () => void;
}

/** A clock that moves only when a test moves it. Timers fire in order, each at its own moment. */
export class VirtualClock implements Clock {
  #now: number;
  readonly #timers = new Set<Pending>();
  /** The same, the next first, and some that were cancelled. */
  readonly #queue = new TinyQueue<Pending>([], (a, b) => a.at - b.at || a.order - b.order);
  #order = 0;

  constructor(now = 1_000_000) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  setTimer(fire: () => void, ms: number, hold: boolean): Timer {
    this.#order += 1;
    const timer = { at: this.#now + ms, fire, hold, order: this.#order };
    this.#timers.add(timer);
    this.#queue.push(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  /** Timers that are set. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Timers that would keep the process alive. */
  get holding(): number {
    return [...this.#timers].filter(({ hold }) => hold).length;
  }

  /** Moves on by `ms`, firing what falls due, and letting promises settle after each. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await settled();
    for (let next = this.#next(until); next; next = this.#next(until)) {
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.fire();
      await settled();
    }
    this.#now = until;
  }

  /** The same without promises: for what is synchronous throughout. */
  advanceSync(ms: number): void {
    const until = this.#now + ms;
    for (let next = this.#next(until); next; next = this.#next(until)) {
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.fire();
    }
    this.#now = until;
  }

  /** The moment of the next timer; `Infinity` when none is set. */
  nextAt(): number {
    return this.#next(Infinity)?.at ?? Infinity;
  }

  #next(until: number): Pending | undefined {
    let next = this.#queue.peek();
    for (; next && !this.#timers.has(next); next = this.#queue.peek()) this.#queue.pop();
    return next && next.at <= until ? next : undefined;
  }
}

/** Lets promise reactions run, as many turns of them as any chain here needs. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}
