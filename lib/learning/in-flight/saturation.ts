import type { Ruling } from './ruling.ts';

/** Minimum number of served attempts in one sample, and minimum per attempt in flight. */
const MIN_SERVED = 50;
const SERVED_PER_FLIGHT = 1.5;
/** Minimum in flight during a sample, as a fraction of its maximum: less steady samples tell nothing. */
const STEADY = 0.6;
/** Growth of attempts in flight, and the minimum growth of throughput expected from it. */
const MORE = 1.4;
const GAIN = 1.1;
/** Fraction of the throughput that must remain when the limit is lowered. */
const KEPT = 0.85;
/** Factor by which the limit exceeds the number in flight that sufficed. */
const SLACK = 1.1;
/** Number of samples after which an older one is forgotten. */
const MEMORY = 8;
/** Number of samples from which nothing is concluded after a mistake; doubles with each, up to the maximum. */
const BLINDNESS = 2;
const MAX_BLINDNESS = 512;

/** Averages over consecutive served attempts. */
interface Sample {
  /** Attempts in flight, on average. */
  readonly inFlight: number;
  /** Attempts served per ms. */
  readonly rate: number;
}

/** A lower limit on probation, the limit before it, and the throughput it has to keep. */
interface Trial {
  readonly rate: number;
  readonly limit: number;
  readonly before: number;
}

/**
 * Finds saturation: the point beyond which more attempts in flight raise latency, not throughput. It is suspected when 40 %
 * more in flight bring less than 10 % more throughput. The lower number is then tried as a limit and kept if throughput does
 * not fall, so that slow responses with another cause are not mistaken for saturation.
 *
 * A sample counts only if calls were queued throughout and the number in flight was steady.
 *
 * Source: the law X(n) = n / S(n), J. Little, "A Proof for the Queuing Formula L = λW", 1961; the search for its knee follows
 * R. Jain et al., "Congestion Avoidance in Computer Networks With a Connectionless Network Layer", 1988.
 */
export class Saturation {
  #since: number | undefined;
  #served = 0;
  #sum = 0;
  #least = Infinity;
  #most = 0;
  #base: Sample | undefined;
  #trial: Trial | undefined;
  #samples = 0;
  /** Samples left from which nothing is concluded. */
  #blind = 0;
  #blindness = BLINDNESS;

  /**
   * An attempt was served under this `limit`, with `inFlight` in flight (itself included) and `waiting` queued.
   */
  served(now: number, inFlight: number, waiting: number, limit: number): Ruling | undefined {
    if (waiting === 0) {
      this.#since = undefined;
      return undefined;
    }
    if (this.#since === undefined) {
      this.#begin(now);
      return undefined;
    }
    this.#served += 1;
    this.#sum += inFlight;
    this.#least = Math.min(this.#least, inFlight);
    this.#most = Math.max(this.#most, inFlight);
    if (this.#served < Math.max(MIN_SERVED, SERVED_PER_FLIGHT * this.#most)) return undefined;
    const steady = this.#least >= this.#most * STEADY;
    const sample = {
      inFlight: this.#sum / this.#served,
      rate: this.#served / Math.max(1, now - this.#since),
    };
    this.#begin(now);
    return steady ? this.#judge(sample, limit) : undefined;
  }

  /** The limit changed for another reason. */
  disturbed(): void {
    this.#since = undefined;
    this.#trial = undefined;
  }

  #judge(sample: Sample, before: number): Ruling | undefined {
    this.#samples += 1;
    const trial = this.#trial;
    if (trial && sample.inFlight <= trial.limit * SLACK) return this.#conclude(trial, sample);
    // Attempts beyond the limit have not ended yet; if they never do, the limit grew for another reason and the trial is void.
    if (trial && this.#samples <= MEMORY) return undefined;
    this.#trial = undefined;
    this.#blind = Math.max(0, this.#blind - 1);
    const base = this.#base;
    const more = base && sample.inFlight >= base.inFlight * MORE;
    const gain = base && sample.rate >= base.rate * GAIN;
    if (more && !gain && this.#blind === 0) {
      const limit = Math.min(before, Math.ceil(base.inFlight * SLACK));
      this.#trial = { rate: sample.rate, limit, before };
      this.#samples = 0;
      return { limit, as: 'settled' };
    }
    if (!base || more || gain || sample.inFlight < base.inFlight || this.#samples > MEMORY)
      this.#remember(sample);
    return undefined;
  }

  #conclude({ rate, before }: Trial, sample: Sample): Ruling | undefined {
    this.#trial = undefined;
    this.#remember(sample);
    if (sample.rate >= rate * KEPT) return undefined;
    this.#blind = this.#blindness;
    this.#blindness = Math.min(MAX_BLINDNESS, this.#blindness * 2);
    return { limit: before, as: 'settled' };
  }

  #remember(sample: Sample): void {
    this.#base = sample;
    this.#samples = 0;
  }

  #begin(now: number): void {
    this.#since = now;
    this.#served = 0;
    this.#sum = 0;
    this.#least = Infinity;
    this.#most = 0;
  }
}
