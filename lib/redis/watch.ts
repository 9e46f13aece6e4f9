import type { Clock, Timer } from '../time/clock.ts';

/** Patience is counted in this many parts. */
const PARTS = 10;

/** Looks at something again and again; keeps no process alive. */
export class Watch {
  readonly #clock: Clock;
  readonly #look: () => Promise<void>;
  readonly #everyMs: () => number;
  #timer: Timer | undefined;
  #looking: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #stopped = false;

  /** @param everyMs how long after a look the next follows, asked after each */
  constructor(clock: Clock, look: () => Promise<void>, everyMs: () => number) {
    this.#clock = clock;
    this.#look = look;
    this.#everyMs = everyMs;
  }

  /** Looks at once; a look that is under way is followed by one more for all who asked meanwhile. */
  now(): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    if (!this.#looking) {
      this.#looking = this.#round();
      return this.#looking;
    }
    this.#next ??= this.#looking.then(() => {
      this.#next = undefined;
      return this.now();
    });
    return this.#next;
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #round(): Promise<void> {
    this.#timer?.cancel();
    await this.#look().catch(() => undefined);
    this.#looking = undefined;
    if (!this.#stopped) this.#timer = this.#clock.setTimer(() => void this.now(), this.#everyMs(), false);
  }
}

/**
 * The result, or `undefined` when there is none in time. Time in which this process was too busy to listen does not
 * count: it says nothing about whoever should have answered.
 */
export async function within<T>(clock: Clock, ms: number, result: Promise<T>): Promise<T | undefined> {
  let timer: Timer | undefined;
  const part = ms / PARTS;
  const late = new Promise<undefined>((resolve) => {
    let left = PARTS;
    const listen = (): void => {
      const startedAt = clock.now();
      timer = clock.setTimer(
        () => {
          if (clock.now() - startedAt < 2 * part + 5) left -= 1;
          // What has arrived meanwhile is read before.
          if (left === 0) setImmediate(resolve, undefined);
          else listen();
        },
        part,
        false,
      );
    };
    listen();
  });
  try {
    return await Promise.race([result.catch(() => undefined), late]);
  } finally {
    timer?.cancel();
  }
}
