/** Minimum length, a power of two; and length from which typed arrays are used: they take 200 B more than plain ones. */
const LEAST = 4;
const TYPED = 64;
/** Maximum rounding error of sums of fractional weights. */
export const ROUNDING: number = 1e-9;

type Numbers = number[] | Float64Array;

/** Moments in order, each with a weight: O(1) at both ends; 8 bytes each, or 16 if weights differ from 1. */
export class Ring {
  /** Number of moments. */
  size = 0;
  /** Sum of the weights. */
  weight = 0;
  #moments: Numbers = room(LEAST);
  /** Absent while all are 1. */
  #weights: Numbers | undefined;
  #head = 0;

  copy(): Ring {
    const copy = new Ring();
    for (let index = 0; index < this.size; index += 1) copy.push(this.at(index), this.weightAt(index));
    return copy;
  }

  /** Moment at an index; 0 is the oldest. */
  at(index: number): number {
    return this.#moments[this.#slot(index)] as number;
  }

  weightAt(index: number): number {
    return this.#weights ? (this.#weights[this.#slot(index)] as number) : 1;
  }

  /** The latest moment; `-Infinity` if there is none. */
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

  /** Increases the weight of the latest. */
  thicken(by: number): void {
    this.#weigh();
    const slot = this.#slot(this.size - 1);
    (this.#weights as Numbers)[slot] = this.weightAt(this.size - 1) + by;
    this.weight += by;
  }

  /** Decreases the weight of the oldest by less than it weighs. */
  thin(by: number): void {
    this.#weigh();
    (this.#weights as Numbers)[this.#head] = this.weightAt(0) - by;
    this.weight -= by;
  }

  clear(): void {
    this.size = this.weight = 0;
  }

  /** Decreases the weight of the entries of this moment, by at most their sum. */
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

  /** Moment at which the sum of weights, from the oldest on, reaches `weight`; `undefined` if it never does. */
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
    // Sums of fractions accumulate rounding errors: reset when empty.
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
