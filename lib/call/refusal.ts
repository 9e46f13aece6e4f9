import type { Permit } from '../gate/permit.ts';
import type { Entry, Schedule } from '../time/schedule.ts';
import type { PauseCause } from '../words/causes.ts';
import type { Classification } from '../words/types.ts';

/** Maximum time for which a refusal with a named wait is doubted, in ms: its body may take long. */
const MAX_DOUBT_MS = 10_000;
/** The same for a refusal without a named wait. */
const SILENT_DOUBT_MS = 1000;
/** Time from which a quota held for nothing counts as a pause that events report, in ms. */
const NOTABLE_MS = 50;

/** A pause caused by an attempt. */
export interface Closed {
  /** Moment at which the pause began. */
  readonly at: number;
  readonly untilMs: number;
  readonly cause: PauseCause;
}

/**
 * A refusal of which only the head has arrived. Its quota is held from this moment; the body decides whether it closes
 * ({@link believe}) or goes on as if nothing had happened ({@link withdraw}). A body that takes as long as the wait itself, or
 * longer than a bound, is not waited for.
 */
export class Refusal {
  /** Moment at which the head arrived. */
  readonly at: number;
  readonly #waitMs: number;
  readonly #cause: PauseCause;
  readonly #permit: Permit;
  readonly #latest: Entry;
  #open = true;

  /** @param overdue called if the body does not arrive in time */
  constructor(
    permit: Permit,
    schedule: Schedule,
    at: number,
    { retryAfterMs, quota }: Classification,
    cause: PauseCause,
    overdue: () => void,
  ) {
    this.at = at;
    this.#cause = cause;
    this.#permit = permit;
    this.#waitMs = retryAfterMs ?? SILENT_DOUBT_MS;
    permit.doubt(at + this.#waitMs, quota);
    this.#latest = schedule.at(at + Math.min(this.#waitMs, MAX_DOUBT_MS), false, overdue);
  }

  /** The refusal stands, so that the quota may close. Returns false if that was known. */
  believe(): boolean {
    return this.#end();
  }

  /** It was none: the quota goes on. Returns the pause that it was, if it was long enough to be reported. */
  withdraw(now: number): Closed | undefined {
    if (!this.#end() || now - this.at < NOTABLE_MS) return undefined;
    return { at: this.at, untilMs: this.at + this.#waitMs, cause: this.#cause };
  }

  #end(): boolean {
    if (!this.#open) return false;
    this.#open = false;
    this.#latest.cancel();
    this.#permit.doubt(0);
    return true;
  }
}
