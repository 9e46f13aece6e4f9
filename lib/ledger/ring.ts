/** Shortest ring, a power of two; and the length from which on typed arrays are used. A short array is smaller: a typed one takes 200 B. */
const LEAST = 4;
const TYPED = 64;
/** Rounding error that sums of fractional weights may have. */
export const ROUNDING: number = 1e-9;

type Numbers = number[] | Float64Array;

/** Moments in order, each with a weight: O(1) at both ends; 8 bytes each, or 16 where weights differ from 1. */
export class Ring {
  /** Number of moments. */
  size = 0;
  /** Sum of their weights. */
  weight = 0;
  #moments: Numbers = room(LEAST);
  /** Absent as long as each is 1. */
  #weights: Numbers | undefined;
  #head = 0;

  /** The same, apart from it. */
  copy(): Ring {
    const copy = new Ring();
    for (let index = 0; index < this.size; index += 1) copy.push(this.at(index), this.weightAt(index));
    return copy;
  }

  /** The moment at an index, 0 being the oldest. */
  at(index: number): number {
    return this.#moments[this.#slot(index)] as number;
  }

  weightAt(index: number): number {
    return this.#weights ? (this.#weights[this.#slot(index)] as number) : 1;
  }

  /** The latest moment; `-Infinity` when there is none. */
  get last(): number {
    return this.size > 0 ? this.at(this.size - 1) : -Infinity;
  }

  push(at: number, weight: number): void {
    if (this.size === this.#moments.length) this.#grow();
    if (weight !== 1) this.#weigh();
    const slot = this.#slot(this.size);
    this.#moments[slot] = at;
    if (this.#weights) this.#weights[slot] = weight;
    this.size += 1;
    this.weight += weight;
  }

  /** Removes the oldest. Returns its weight. */
  shift(): number {
    const weight = this.weightAt(0);
    this.#head = this.#slot(1);
    this.#lose(weight);
    return weight;
  }

  /** Removes the latest. */
  pop(): void {
    this.#lose(this.weightAt(this.size - 1));
  }

  /** The latest weighs that much more. */
  thicken(by: number): void {
    this.#weigh();
    const slot = this.#slot(this.size - 1);
    (this.#weights as Numbers)[slot] = this.weightAt(this.size - 1) + by;
    this.weight += by;
  }

  /** The oldest weighs that much less, which is less than it weighs. */
  thin(by: number): void {
    this.#weigh();
    (this.#weights as Numbers)[this.#head] = this.weightAt(0) - by;
    this.weight -= by;
  }

  clear(): void {
    this.size = this.weight = 0;
  }

  /** Those of this moment weigh less, by as much in all as they have. */
  lighten(at: number, by: number): void {
    this.#weigh();
    const weights = this.#weights as Numbers;
    let left = by;
    for (let index = this.#after(at) - 1; index >= 0 && left > 0 && this.at(index) === at; index -= 1) {
      const slot = this.#slot(index);
      const off = Math.min(left, weights[slot] as number);
      weights[slot] = (weights[slot] as number) - off;
      this.weight -= off;
      left -= off;
    }
  }

  /** The moment with which the sum from the oldest on reaches `weight`; `undefined` if it never does. */
  reaching(weight: number): number | undefined {
    if (weight > this.weight + ROUNDING) return undefined;
    if (!this.#weights) return this.at(Math.ceil(weight - ROUNDING) - 1);
    let left = weight;
    for (let index = 0; index < this.size; index += 1) {
      left -= this.weightAt(index);
      if (left <= ROUNDING) return this.at(index);
    }
    return undefined;
  }

  #slot(index: number): number {
    return (this.#head + index) & (this.#moments.length - 1);
  }

  #lose(weight: number): void {
    this.size -= 1;
    // Sums of fractions have rounding errors: with nothing left they begin anew.
    this.weight = this.size === 0 ? 0 : this.weight - weight;
  }

  #weigh(): void {
    this.#weights ??= room(this.#moments.length).fill(1);
  }

  /** Index of the first moment after `at`. */
  #after(at: number): number {
    let [low, high] = [0, this.size];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.at(middle) <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #grow(): void {
    const moments = room(this.#moments.length * 2);
    for (let index = 0; index < this.size; index += 1) moments[index] = this.at(index);
    if (this.#weights) {
      const weights = room(moments.length);
      for (let index = 0; index < this.size; index += 1) weights[index] = this.weightAt(index);
      this.#weights = weights;
    }
    this.#moments = moments;
    this.#head = 0;
  }
}

function room(length: number): Numbers {
  return length < TYPED ? new Array<number>(length).fill(-0.5) : new Float64Array(length);
}
