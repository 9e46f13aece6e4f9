/** Excess to detect: fraction of attempts that fail beyond what chance explains. */
const EXCESS = 0.1;
/** Log-likelihood ratio at which that excess is suspected: 3,000 to 1. */
const SUSPICION = 8;
/** Range of the fraction of faults attributed to chance. */
const LEAST_CHANCE = 0.01;
const MOST_CHANCE = 0.3;
/** Initial weight of that minimum, and maximum weight of what was measured since, in outcomes. */
const PRIOR_OUTCOMES = 20;
const MEMORY = 400;
/** Minimum number of outcomes that a trial needs. */
const LEAST_TRIAL = 16;
/** Log-likelihood ratio that decides a trial: 20 to 1. */
const DECIDED = 3;

/** Outcomes, and how many of them were faults. */
class Tally {
  faults = 0;
  outcomes = 0;

  add(fault: boolean): void {
    this.outcomes += 1;
    if (fault) this.faults += 1;
  }

  clear(): void {
    this.faults = 0;
    this.outcomes = 0;
  }
}

/** Log of the ratio of an outcome's likelihood if the fraction `share` of attempts fails to that if `other` does. */
function evidence(fault: boolean, share: number, other: number): number {
  return fault ? Math.log(share / other) : Math.log((1 - share) / (1 - other));
}

/**
 * Tells overload from faults that have nothing to do with load: with fewer attempts in flight, the fraction of faults
 * falls in the first case and stays in the second.
 *
 * A run of faults that chance hardly explains raises a suspicion. A trial then keeps fewer attempts in flight, and their
 * outcomes decide. It also measures the fraction of faults due to chance, which raises no new suspicion until it changes.
 *
 * Sources: E. Page, "Continuous Inspection Schemes", 1954, for the suspicion (CUSUM); A. Wald, "Sequential Tests of
 * Statistical Hypotheses", 1945, for the verdict.
 */
export class Chance {
  #suspicion = 0;
  /** Outcomes of attempts sent before the trial, since the suspicion began. */
  readonly #many = new Tally();
  /** Outcomes of the trial's own attempts. */
  readonly #fewer = new Tally();
  /** Measured outcomes that load does not explain. */
  #faults = LEAST_CHANCE * PRIOR_OUTCOMES;
  #outcomes = PRIOR_OUTCOMES;

  /** Fraction of attempts that fail whatever the load. */
  get #share(): number {
    return Math.min(MOST_CHANCE, Math.max(LEAST_CHANCE, this.#faults / this.#outcomes));
  }

  /** Fraction of attempts that failed since the suspicion began, of at least `least` outcomes. */
  failing(least: number): number {
    const { faults, outcomes } = this.#many;
    return faults / Math.max(1, least, outcomes);
  }

  /** An attempt ended while no trial is on. Returns true when overload is suspected. */
  seen(fault: boolean): boolean {
    const share = this.#share;
    this.#many.add(fault);
    this.#suspicion += evidence(fault, share + EXCESS, share);
    if (this.#suspicion <= 0) this.forget();
    return this.#suspicion >= SUSPICION;
  }

  /**
   * An attempt ended during a trial; `within` tells whether it was sent during it, `inFlight` how many were in flight before
   * the trial. Returns whether it is overload, or `undefined` while undecided.
   */
  tried(fault: boolean, within: boolean, inFlight: number): boolean | undefined {
    const share = this.#share;
    const many = this.#many;
    const fewer = this.#fewer;
    (within ? fewer : many).add(fault);
    const before = this.failing(inFlight);
    if (before > MOST_CHANCE) return true;
    if (fewer.outcomes < LEAST_TRIAL) return undefined;
    if (fewer.faults > fewer.outcomes * MOST_CHANCE) return true;
    const stays = Math.max(before, share + EXCESS / 2);
    const cured =
      fewer.faults * evidence(true, share, stays) +
      (fewer.outcomes - fewer.faults) * evidence(false, share, stays);
    return Math.abs(cured) < DECIDED ? undefined : cured > 0;
  }

  /** The verdict on a suspicion, with or without a trial. */
  conclude(overload: boolean): void {
    if (!overload) this.#remember(this.#many);
    this.#remember(this.#fewer);
    this.forget();
  }

  #remember({ faults, outcomes }: Tally): void {
    const kept = Math.min(1, MEMORY / (this.#outcomes + outcomes));
    this.#faults = (this.#faults + faults) * kept;
    this.#outcomes = (this.#outcomes + outcomes) * kept;
  }

  /** What was seen since the suspicion began says nothing. */
  forget(): void {
    this.#suspicion = 0;
    this.#many.clear();
    this.#fewer.clear();
  }
}
