/** Most moments kept. */
const MOST = 4096;
/** Older ones go first, in ms: no quota in use is longer than a day. */
const HORIZON_MS = 24 * 3_600_000;

/**
 * When attempts of a quota were served, in bounded memory: beyond {@link MOST} moments only every second one is kept,
 * and stands for two, and so on. Counts are exact to within what one moment stands for.
 */
export class ServedLog {
  #times: number[] = [];
  /** Attempts that one moment stands for. */
  #weight = 1;
  #over = 0;

  /** Moments come in order. */
  push(at: number): void {
    this.#over += 1;
    if (this.#over < this.#weight) return;
    this.#over = 0;
    this.#times.push(at);
    if (this.#times.length > MOST) this.#thin(at);
  }

  /** How many were served after `from` and before `to`, and the first moment of them. */
  between(from: number, to: number): { readonly count: number; readonly oldest: number } {
    const first = this.#indexAfter(from);
    const count = (this.#indexAfter(to) - first) * this.#weight;
    return { count, oldest: this.#times[first] ?? Number.POSITIVE_INFINITY };
  }

  /** Calls `each` for every attempt served after `from`, in order. */
  replay(from: number, each: (at: number) => void): void {
    for (let index = this.#indexAfter(from); index < this.#times.length; index += 1) {
      for (let copy = 0; copy < this.#weight; copy += 1) each(this.#times[index] as number);
    }
  }

  #indexAfter(from: number): number {
    let index = this.#times.length;
    while (index > 0 && (this.#times[index - 1] as number) > from) index -= 1;
    return index;
  }

  #thin(now: number): void {
    this.#times.splice(0, this.#indexAfter(now - HORIZON_MS));
    if (this.#times.length < MOST / 2) return;
    this.#times = this.#times.filter((_, index) => index % 2 === 1);
    this.#weight *= 2;
  }
}
