/** Most moments kept; the later half of them is exact. */
const MOST = 4096;
/** Older ones go first, in ms: no quota in use is longer than a day. */
const HORIZON_MS = 24 * 3_600_000;

/**
 * When those attempts of a quota were sent that were served, in order and in bounded memory: of {@link MOST} moments
 * every second of the earlier half goes, so that what is long ago is known the more roughly, and the last 2048 exactly.
 * Each moment has its number, which tells how many came between two of them.
 */
export class SentLog {
  #times: number[] = [];
  /** The number of each of them, from 0. */
  #numbers: number[] = [];
  #total = 0;

  /** An attempt sent at `at` was served. Answers overtake each other a little: it is put where it belongs. */
  push(at: number): void {
    const [times, numbers] = [this.#times, this.#numbers];
    let index = times.length;
    while (index > 0 && (times[index - 1] as number) > at) index -= 1;
    if (index === times.length) {
      times.push(at);
      numbers.push(this.#total);
    } else {
      times.splice(index, 0, at);
      numbers.splice(index, 0, numbers[index] as number);
      for (let later = index + 1; later < numbers.length; later += 1) (numbers[later] as number) += 1;
    }
    this.#total += 1;
    if (times.length > MOST) this.#thin(at);
  }

  /** How many were sent from `from` on and before `to`, and the first of them. */
  between(from: number, to: number): { readonly count: number; readonly oldest: number } {
    const first = this.#indexFrom(from);
    const count = this.#numberOf(this.#indexFrom(to)) - this.#numberOf(first);
    return { count, oldest: count > 0 ? (this.#times[first] as number) : Infinity };
  }

  /** When the `count`-th last before `to` was sent; `undefined` where there were not so many. */
  last(count: number, to: number): number | undefined {
    const number = this.#numberOf(this.#indexFrom(to)) - Math.max(1, count);
    return this.#times[search(this.#numbers, number + 1) - 1];
  }

  /** The shortest time in which so many and one were served, in ms; `Infinity` where there were not so many. */
  tightest(count: number): number {
    const [times, numbers] = [this.#times, this.#numbers];
    let least = Infinity;
    let first = 0;
    for (let index = 0; index < times.length; index += 1) {
      const number = (numbers[index] as number) - count;
      if (number < (numbers[0] as number)) continue;
      while ((numbers[first + 1] as number) <= number) first += 1;
      least = Math.min(least, (times[index] as number) - (times[first] as number));
    }
    return least;
  }

  /** Calls `each` for every attempt sent from `from` on, in order. */
  replay(from: number, each: (at: number) => void): void {
    const first = this.#indexFrom(from);
    for (let index = first; index < this.#times.length; index += 1) {
      const copies = index === first ? 1 : this.#numberOf(index) - this.#numberOf(index - 1);
      for (let copy = 0; copy < copies; copy += 1) each(this.#times[index] as number);
    }
  }

  /** Index of the first at `from` or later. */
  #indexFrom(from: number): number {
    return search(this.#times, from);
  }

  #numberOf(index: number): number {
    return this.#numbers[index] ?? this.#total;
  }

  #thin(now: number): void {
    const old = this.#indexFrom(now - HORIZON_MS);
    this.#times.splice(0, old);
    this.#numbers.splice(0, old);
    if (this.#times.length < MOST / 2) return;
    const kept = (_: number, index: number): boolean => index >= MOST / 2 || index % 2 === 1;
    this.#times = this.#times.filter(kept);
    this.#numbers = this.#numbers.filter(kept);
  }
}

/** Index of the first of `values`, which ascend, that is no less than `least`. */
function search(values: readonly number[], least: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] as number) < least) low = middle + 1;
    else high = middle;
  }
  return low;
}
