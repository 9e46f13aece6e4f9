import { Chance } from './chance.ts';
import type { Ruling } from './ruling.ts';

/** Fraction of the attempts in flight kept after overload: minimum, which is also tried first, and maximum. */
const MIN_KEPT = 0.5;
const MAX_KEPT = 0.95;
/** Duration of a trial, as a multiple of the time the fault took: an attempt that fails slowly needs time to do so. */
const TRIAL_TIMES = 2;
/** Number of cuts without another trial after a first verdict of overload, about doubled at each further one; and maximum. */
const TRUST = 3;
const MAX_TRUST = 1023;

/** A trial with fewer in flight. */
interface Trial {
  readonly at: number;
  /** Earliest moment of a verdict. */
  readonly until: number;
  /** Attempts in flight and limit before it. */
  readonly inFlight: number;
  readonly limit: number;
}

/**
 * Sees overload: 503, timeouts, broken connections. If the fraction f of the attempts fails with n in flight, and
 * {@link Chance} does not explain it, n / 2 are tried. If that cures it, n · (1 − f) are right, with the factor kept between 0.5
 * and 0.95; otherwise the limit was. After a verdict of overload the next 3 cuts need no trial, after a second verdict in a row
 * the next 7, and so on.
 */
export class Overload {
  readonly #chance = new Chance();
  #trial: Trial | undefined;
  /** Verdicts of overload in a row, and number of further cuts that need no trial. */
  #verdicts = 0;
  #trust = 0;

  /** The limit that a trial holds down; `undefined` if none is on. */
  get tried(): number | undefined {
    return this.#trial?.limit;
  }

  /** The limit changed for another reason: a trial would prove nothing. */
  disturbed(): void {
    if (this.#trial) this.#chance.forget();
    this.#trial = undefined;
  }

  /** An attempt sent at `sentAt` under this `limit`, with `inFlight` in flight (itself included), was served or failed. */
  ended(now: number, sentAt: number, inFlight: number, limit: number, fault: boolean): Ruling | undefined {
    const trial = this.#trial;
    if (trial) {
      const overload = this.#chance.tried(fault, sentAt >= trial.at, trial.inFlight);
      return overload === undefined || now < trial.until ? undefined : this.#decide(trial, overload);
    }
    if (!this.#chance.seen(fault) || !fault) return undefined;
    const suspicion = { at: now, until: now + TRIAL_TIMES * (now - sentAt), inFlight, limit };
    if (this.#trust > 0) {
      this.#trust -= 1;
      const less = this.#less(suspicion, MAX_KEPT);
      this.#chance.conclude(true);
      return { limit: less, as: 'cut' };
    }
    this.#trial = suspicion;
    return { limit: this.#less(suspicion, MIN_KEPT), as: 'held' };
  }

  #decide(trial: Trial, overload: boolean): Ruling {
    this.#trial = undefined;
    const less = this.#less(trial, MAX_KEPT);
    this.#chance.conclude(overload);
    this.#verdicts = overload ? this.#verdicts + 1 : 0;
    if (!overload) return { limit: trial.limit, as: 'settled', doubtful: true };
    this.#trust = Math.min(MAX_TRUST, (TRUST + 1) * 2 ** (this.#verdicts - 1) - 1);
    return { limit: less, as: 'cut', doubtful: this.#verdicts === 1 };
  }

  #less({ inFlight, limit }: Trial, most: number): number {
    const kept = Math.min(most, Math.max(MIN_KEPT, 1 - this.#chance.failing(inFlight)));
    return Math.max(1, Math.floor(Math.min(limit, inFlight) * kept));
  }
}
