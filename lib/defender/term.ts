import { type Clock, systemClock } from '../time/clock.ts';
import { DURATION_RULE, parseDuration } from '../time/duration.ts';
import { DeadlineError, OptionsError } from '../words/errors.ts';
import type { Duration } from '../words/types.ts';
import type { RequestOptions } from './ask.ts';

/** Options of work that needs several requests. */
export interface TermOptions extends RequestOptions {
  /** Maximum time for all of it: ms, or text such as `'30m'`. Default: none. */
  readonly deadline?: Duration | undefined;
  /** Clock. Default: the system's. */
  readonly clock?: Clock | undefined;
}

/** The time that several requests share. */
export class Term {
  readonly #clock: Clock;
  readonly #options: TermOptions;
  readonly #startedAt: number;
  readonly #limitMs: number;

  /** Throws `OptionsError`. */
  constructor(options: TermOptions) {
    const { clock = systemClock, deadline } = options;
    this.#clock = clock;
    this.#options = options;
    this.#startedAt = clock.now();
    this.#limitMs = durationOf('deadline', deadline) ?? Infinity;
  }

  /** ms since it began. */
  get elapsedMs(): number {
    return this.#clock.now() - this.#startedAt;
  }

  /** Options of the next request, which gets the remaining time. Throws `DeadlineError` if none remains. */
  next(): RequestOptions {
    const { signal, headers, headgate } = this.#options;
    const left = this.#limitMs - this.elapsedMs;
    if (left <= 0) throw new DeadlineError(this.#limitMs);
    const own = headgate?.deadline === undefined ? Infinity : (parseDuration(headgate.deadline) ?? Infinity);
    return { signal, headers, headgate: left < own ? { ...headgate, deadline: left } : headgate };
  }

  /** Waits; throws at once if the wait ends after the deadline, and when the signal is aborted. */
  async rest(ms: number): Promise<void> {
    const { signal } = this.#options;
    signal?.throwIfAborted();
    if (this.elapsedMs + ms >= this.#limitMs) throw new DeadlineError(this.#limitMs, ms);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = this.#clock.setTimer(resolve, ms, true);
    const abort = (): void => {
      timer.cancel();
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', abort, { once: true });
    await promise.finally(() => signal?.removeEventListener('abort', abort));
  }
}

/** A duration in ms, if given. Throws `OptionsError`. */
export function durationOf(option: string, given: Duration | undefined): number | undefined {
  const ms = given === undefined ? undefined : parseDuration(given);
  if (given !== undefined && (ms === undefined || !(ms > 0))) {
    throw new OptionsError(option, given, `${DURATION_RULE}, above 0`);
  }
  return ms;
}
