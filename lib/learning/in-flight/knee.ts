/** Attempts served that are looked at together: at the least, and for each in flight. */
const LEAST_SERVED = 50;
const SERVED_PER_FLIGHT = 1.5;
/** They tell something where those in flight were about as many all the time: at the least this share of the most. */
const STEADY = 0.6;
/** So many more in flight, by this factor, have to bring so much more throughput; */
const MORE = 1.4;
const GAIN = 1.1;
/** when the limit is lowered for that, this share of the throughput has to stay. */
const STAYS = 0.85;
/** What is left of the attempts in flight, beyond those that were enough. */
const SLACK = 1.1;
/** After so many looks an older one is forgotten. */
const MEMORY = 8;
/** After a mistake nothing is concluded for so many looks, and for twice as many each time, up to the longest. */
const BLINDNESS = 2;
const LONGEST = 512;

/** What was seen of so many attempts in a row. */
interface Look {
  /** Attempts in flight, on average. */
  readonly inFlight: number;
  /** Attempts served per ms. */
  readonly rate: number;
}

/** A limit that is tried: the throughput that it has to keep. */
interface Trial {
  readonly rate: number;
  readonly limit: number;
}

/**
 * Whether a server has as much to do as it can: more attempts in flight then are not served faster, only later. It shows
 * where 40 % more in flight bring less than 10 % more throughput; a limit of what was enough is then tried, and kept if
 * no throughput is lost by it, so that a server whose answers take long for another reason is not taken for a busy one.
 *
 * Only spans count in which calls waited all the time and those in flight were about as many.
 *
 * Source: the law X(n) = n / S(n), J. Little, "A Proof for the Queuing Formula L = λW", 1961; the knee of it is sought as
 * in R. Jain et al., "Congestion Avoidance in Computer Networks With a Connectionless Network Layer", 1988.
 */
export class Saturation {
  #since: number | undefined;
  #served = 0;
  #sum = 0;
  #least = Infinity;
  #most = 0;
  #base: Look | undefined;
  #trial: Trial | undefined;
  #looks = 0;
  /** Nothing is concluded for so many looks. */
  #blind = 0;
  #blindness = BLINDNESS;

  /**
   * An attempt was served, with so many in flight, itself included, and so many waiting. Returns the limit to hold;
   * `Infinity` to hold none any more, `undefined` where nothing changes.
   */
  served(now: number, inFlight: number, waiting: number): number | undefined {
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
    if (this.#served < Math.max(LEAST_SERVED, SERVED_PER_FLIGHT * this.#most)) return undefined;
    const steady = this.#least >= this.#most * STEADY;
    const look = { inFlight: this.#sum / this.#served, rate: this.#served / Math.max(1, now - this.#since) };
    this.#begin(now);
    return steady ? this.#judge(look) : undefined;
  }

  /** The limit changed for another reason. */
  disturbed(): void {
    this.#since = undefined;
    this.#trial = undefined;
  }

  #judge(look: Look): number | undefined {
    this.#looks += 1;
    const trial = this.#trial;
    if (trial && look.inFlight <= trial.limit * SLACK) return this.#conclude(trial, look);
    // Those beyond the limit are not over yet; or it has grown for another reason, and the trial is none any more.
    if (trial && this.#looks <= MEMORY) return undefined;
    this.#trial = undefined;
    this.#blind = Math.max(0, this.#blind - 1);
    const base = this.#base;
    const more = base && look.inFlight >= base.inFlight * MORE;
    const gain = base && look.rate >= base.rate * GAIN;
    if (more && !gain && this.#blind === 0) {
      this.#trial = { rate: look.rate, limit: Math.ceil(base.inFlight * SLACK) };
      this.#looks = 0;
      return this.#trial.limit;
    }
    if (!base || more || gain || look.inFlight < base.inFlight || this.#looks > MEMORY) this.#remember(look);
    return undefined;
  }

  #conclude({ rate }: Trial, look: Look): number | undefined {
    this.#trial = undefined;
    this.#remember(look);
    if (look.rate >= rate * STAYS) return undefined;
    this.#blind = this.#blindness;
    this.#blindness = Math.min(LONGEST, this.#blindness * 2);
    return Infinity;
  }

  #remember(look: Look): void {
    this.#base = look;
    this.#looks = 0;
  }

  #begin(now: number): void {
    this.#since = now;
    this.#served = 0;
    this.#sum = 0;
    this.#least = Infinity;
    this.#most = 0;
  }
}
