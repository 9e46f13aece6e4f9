/** Most moments kept. */
const MOST = 4096;
/** Older ones go first, in ms: no quota in use is longer than a day. */
const HORIZON_MS = 24 * 3_600_000;

/**
 * When those attempts of a quota were sent that were served, in order and in bounded memory: beyond {@link MOST}
 * moments only every second one is kept, and stands for two, and so on. Counts are exact to within what one moment
 * stands for.
 */
export class SentLog {
  #times: number[] = [];
  /** Attempts that one moment stands for. */
  #weight = 1;
  #over = 0;

  /** An attempt sent at `at` was served. Answers overtake each other a little: it is put where it belongs. */
  push(at: number): void {
    this.#over += 1;
    if (this.#over < this.#weight) return;
    this.#over = 0;
    const times = this.#times;
    let index = times.length;
    while (index > 0 && (times[index - 1] as number) > at) index -= 1;
    if (index === times.length) times.push(at);
    else times.splice(index, 0, at);
    if (times.length > MOST) this.#thin(at);
  }

  /** How many were sent from `from` on and before `to`, and the first of them. */
  between(from: number, to: number): { readonly count: number; readonly oldest: number } {
    const first = this.#indexFrom(from);
    const count = (this.#indexFrom(to) - first) * this.#weight;
    return { count, oldest: count > 0 ? (this.#times[first] as number) : Infinity };
  }

  /** When the `count`-th last before `to` was sent; `undefined` where there were not so many. */
  last(count: number, to: number): number | undefined {
    return this.#times[this.#indexFrom(to) - Math.max(1, Math.round(count / this.#weight))];
  }

  /** The shortest time in which so many and one were served, in ms; `Infinity` where there were not so many. */
  tightest(count: number): number {
    const step = Math.max(1, Math.round(count / this.#weight));
    let least = Infinity;
    for (let index = step; index < this.#times.length; index += 1) {
      least = Math.min(least, (this.#times[index] as number) - (this.#times[index - step] as number));
    }
    return least;
  }

  /** Calls `each` for every attempt sent from `from` on, in order. */
  replay(from: number, each: (at: number) => void): void {
    for (let index = this.#indexFrom(from); index < this.#times.length; index += 1) {
      for (let copy = 0; copy < this.#weight; copy += 1) each(this.#times[index] as number);
    }
  }

  /** Index of the first at `from` or later. */
  #indexFrom(from: number): number {
    let [low, high] = [0, this.#times.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#times[middle] as number) < from) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #thin(now: number): void {
    this.#times.splice(0, this.#indexFrom(now - HORIZON_MS));
    if (this.#times.length < MOST / 2) return;
    this.#times = this.#times.filter((_, index) => index % 2 === 1);
    this.#weight *= 2;
  }
}
