/**
 * How a learned limit grows: by 1, 2, 4, …, up to a fraction of itself, each step after a number of rounds. A round is as many
 * attempts at full use as the limit allows. A refuted step is followed by one of 1, after twice as many rounds.
 */
export class Growth {
  /** Size of the next step. */
  step = 1;
  /** Number of rounds before it. */
  rounds: number;
  readonly #first: number;
  readonly #most: number;
  readonly #share: number;

  /**
   * @param first number of rounds before a step, unless the last one was refuted
   * @param most maximum number of rounds
   * @param share maximum step, as a fraction of the limit
   */
  constructor(first: number, most: number, share: number) {
    this.rounds = first;
    this.#first = first;
    this.#most = most;
    this.#share = share;
  }

  /** The server bore the last step, to `limit`. */
  borne(limit: number): void {
    this.step = Math.max(1, Math.min(this.step * 2, Math.floor(limit * this.#share)));
    this.rounds = this.#first;
  }

  refuted(): void {
    this.step = 1;
    this.rounds = Math.min(this.#most, this.rounds * 2);
  }

  /** The limit turned out to be different. */
  restart(): void {
    this.step = 1;
    this.rounds = this.#first;
  }
}
