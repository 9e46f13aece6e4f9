import type { Clock, Timer } from '../../lib/clock.ts';

/** A clock that moves only when a test moves it. Timers fire in order, each at its own moment. */
export class VirtualClock implements Clock {
  #now: number;
  readonly #timers = new Set<{ at: number; fire: () => void; hold: boolean; order: number }>();
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

  #next(until: number): { at: number; fire: () => void; hold: boolean; order: number } | undefined {
    let next: { at: number; fire: () => void; hold: boolean; order: number } | undefined;
    for (const timer of this.#timers) {
      if (timer.at > until) continue;
      if (!next || timer.at < next.at || (timer.at === next.at && timer.order < next.order)) next = timer;
    }
    return next;
  }
}

/** Lets promise reactions run, as many turns of them as any chain here needs. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}
