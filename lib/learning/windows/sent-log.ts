/** Number of latest entries that are all kept, and number of older ones kept per e-fold span. */
const EXACT = 2048;
const ROUGH = 256;
/** Growth since the last thinning at which the log is thinned again, and minimum length. */
const GROWTH = 1.5;
const MIN_LENGTH = 4096;
/** Maximum age of an entry, in ms: no quota in use is longer than a day. */
const HORIZON_MS = 24 * 3_600_000;

/**
 * Sending times of a quota's served attempts, in order and in bounded memory. The last 2048 are exact; older ones are thinned so
 * that a count stays right to within 1/256 of the number since. That keeps 2048 + 256 · ln(n / 2048), and up to half as many
 * again before the next thinning. Each time keeps its sequence number, so the count between two times is a subtraction.
 */
export class SentLog {
  #times: number[] = [];
  /** Sequence number of each, from 0. */
  #numbers: number[] = [];
  #total = 0;
  #thinAt = MIN_LENGTH;

  /** An attempt sent at `at` was served. Responses overtake each other a little, so it is inserted in order. */
  push(at: number): void {
    const [times, numbers] = [this.#times, this.#numbers];
    let index = times.length;
    while (index > 0 && (times[index - 1] as number) > at) index -= 1;
    if (times.length === 0) {
      // Arrays of one: pushing to an empty array makes the engine reserve room for 17.
      this.#times = [at];
      this.#numbers = [this.#total];
    } else if (index === times.length) {
      times.push(at);
      numbers.push(this.#total);
    } else {
      times.splice(index, 0, at);
      numbers.splice(index, 0, numbers[index] as number);
      for (let later = index + 1; later < numbers.length; later += 1) (numbers[later] as number) += 1;
    }
    this.#total += 1;
    if (times.length > this.#thinAt) this.#thin(at);
  }

  /** Number sent at `from` or later and before `to`, and the time of the first of them. */
  between(from: number, to: number): { readonly count: number; readonly oldest: number } {
    const first = this.#indexFrom(from);
    const count = this.#numberOf(this.#indexFrom(to)) - this.#numberOf(first);
    return { count, oldest: count > 0 ? (this.#times[first] as number) : Infinity };
  }

  /** Sending time of the `count`-th last before `to`; `undefined` if there were fewer. */
  last(count: number, to: number): number | undefined {
    const number = this.#numberOf(this.#indexFrom(to)) - Math.max(1, count);
    return this.#times[search(this.#numbers, number + 1) - 1];
  }

  /** Shortest span, in ms, that holds `count` + 1 sendings; `Infinity` if there were fewer. */
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

  /** Calls `each` for every attempt sent at `from` or later, in order. */
  replay(from: number, each: (at: number) => void): void {
    const first = this.#indexFrom(from);
    for (let index = first; index < this.#times.length; index += 1) {
      const copies = index === first ? 1 : this.#numberOf(index) - this.#numberOf(index - 1);
      for (let copy = 0; copy < copies; copy += 1) each(this.#times[index] as number);
    }
  }

  /** Index of the first entry at `from` or later. */
  #indexFrom(from: number): number {
    return search(this.#times, from);
  }

  #numberOf(index: number): number {
    return this.#numbers[index] ?? this.#total;
  }

  #thin(now: number): void {
    const [times, numbers] = [this.#times, this.#numbers];
    const old = this.#indexFrom(now - HORIZON_MS);
    const kept: number[] = [];
    let next = Infinity;
    for (let index = times.length - 1; index >= old; index -= 1) {
      const number = numbers[index] as number;
      if (number > next) continue;
      kept.push(index);
      next = number - Math.max(1, (this.#total - number - EXACT) / ROUGH);
    }
    kept.reverse();
    this.#times = kept.map((index) => times[index] as number);
    this.#numbers = kept.map((index) => numbers[index] as number);
    this.#thinAt = Math.max(MIN_LENGTH, kept.length * GROWTH);
  }
}

/** Index of the first of the ascending `values` that is at least `least`. */
function search(values: readonly number[], least: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((values[middle] as number) < least) low = middle + 1;
    else high = middle;
  }
  return low;
}
