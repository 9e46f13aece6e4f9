import type { Permit } from '../gate/permit.ts';
import type { Entry, Schedule } from '../time/schedule.ts';
import type { PauseCause } from '../words/causes.ts';
import type { Classification } from '../words/types.ts';

/** Maximum time for which a refusal with a named wait is doubted, in ms: its body may take long. */
const MAX_DOUBT_MS = 10_000;
/** The same for a refusal without a named wait. */
const SILENT_DOUBT_MS = 1000;
/** Minimum time for which a quota is held without need that events report as a pause, in ms. */
const NOTABLE_MS = 50;

/** A pause caused by an attempt. */
export interface Closed {
  /** Moment at which the pause began. */
  readonly at: number;
  readonly untilMs: number;
  readonly cause: PauseCause;
}

/**
 * A refusal of which only the head has arrived. Its quota is held from this moment; the body decides whether
 * it closes ({@link believe}) or continues as if nothing had happened ({@link dismiss}). Waits no longer for
 * the body than the named wait or a fixed bound.
 */
export class PendingRefusal {
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

  /** The refusal stands, so the quota may close. Returns false if that was already decided. */
  believe(): boolean {
    return this.#end();
  }

  /**
   * It was no refusal: the quota continues. Returns the pause so far, if it was long enough to be reported.
   */
  dismiss(now: number): Closed | undefined {
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
