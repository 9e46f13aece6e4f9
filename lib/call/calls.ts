import { Alarm } from '../time/alarm.ts';
import type { Clock } from '../time/clock.ts';
import type { Schedule } from '../time/schedule.ts';

/** The open calls of one `headgate()`, and whether more may begin. */
export class Calls {
  #open = 0;
  #stopped = false;
  #done: (() => void) | undefined;

  /** Number of open calls. */
  get open(): number {
    return this.#open;
  }

  /** Counts a new call. Returns whether it may proceed. */
  begin(): boolean {
    this.#open += 1;
    return !this.#stopped;
  }

  end(): void {
    this.#open -= 1;
    if (this.#open === 0) this.#done?.();
  }

  /** Refuses new calls. Resolves when none is open, after `ms`, or by {@link hurry}. */
  async drain(ms: number, clock: Clock, schedule: Schedule): Promise<void> {
    this.#stopped = true;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#done = resolve;
    const alarm = new Alarm(schedule, true, resolve);
    alarm.set(clock.now() + ms);
    if (this.#open === 0) resolve();
    await promise;
    alarm.clear();
  }

  /** Ends a drain at once. */
  hurry(): void {
    this.#done?.();
  }
}
