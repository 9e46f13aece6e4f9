import type { Clock, Timer } from '../time/clock.ts';

/** Number of timers that a timeout is split into. */
const PARTS = 10;
/** Maximum duration of a timeout that signs of life renew, as a multiple. */
const LONGEST = 5;

/** Runs a check repeatedly; does not keep the process alive. */
export class Watch {
  readonly #clock: Clock;
  readonly #look: () => Promise<void>;
  readonly #everyMs: () => number;
  #timer: Timer | undefined;
  #looking: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  readonly #first = Promise.withResolvers<void>();
  #stopped = false;

  /** @param everyMs delay before the next check, called after each check */
  constructor(clock: Clock, look: () => Promise<void>, everyMs: () => number) {
    this.#clock = clock;
    this.#look = look;
    this.#everyMs = everyMs;
  }

  /** Resolves after the first check. */
  get first(): Promise<void> {
    return this.#first.promise;
  }

  /** Checks at once. During a check, all callers share one further check that follows it. */
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
    this.#first.resolve();
    this.#looking = undefined;
    if (!this.#stopped) this.#timer = this.#clock.setTimer(() => void this.now(), this.#everyMs(), false);
  }
}

/**
 * The result, or `undefined` if it does not arrive in time. Time during which this process was too busy to listen does
 * not count, as it says nothing about the other side.
 *
 * @param signs number of signs of life so far: each starts the time anew, up to five times the time in all
 */
export async function within<T>(
  clock: Clock,
  ms: number,
  result: Promise<T>,
  signs: () => number = () => 0,
): Promise<T | undefined> {
  let timer: Timer | undefined;
  const part = ms / PARTS;
  const late = new Promise<undefined>((resolve) => {
    let left = PARTS;
    let spent = 0;
    const listen = (): void => {
      const startedAt = clock.now();
      const known = signs();
      timer = clock.setTimer(
        () => {
          if (clock.now() - startedAt < 2 * part + 5) {
            spent += 1;
            left = signs() === known ? left - 1 : PARTS;
          }
          // Read what has already arrived first.
          if (left === 0 || spent === LONGEST * PARTS) setImmediate(resolve, undefined);
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
