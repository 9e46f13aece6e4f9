/** Time bins of equal width. */
export class Bins {
  readonly from: number;
  readonly width: number;
  readonly count: number;

  constructor(from: number, to: number, count: number) {
    this.from = from;
    this.count = count;
    this.width = Math.max(1, to - from) / count;
  }

  /** Index of the bin that a moment falls in. */
  of(at: number): number {
    return Math.min(this.count - 1, Math.max(0, Math.floor((at - this.from) / this.width)));
  }

  /** Middle of a bin. */
  middle(index: number): number {
    return this.from + (index + 0.5) * this.width;
  }
}

/**
 * Mean number of concurrent intervals, for each bin. Adding an interval takes constant time: only its two ends are stored,
 * and a running sum covers the bins between them.
 */
export class Occupancy {
  readonly #bins: Bins;
  /** Number of intervals that cover a bin from its start, as changes from bin to bin. */
  readonly #steps: Float64Array;
  /** Partial shares in the bins at both ends of intervals. */
  readonly #parts: Float64Array;

  constructor(bins: Bins) {
    this.#bins = bins;
    this.#steps = new Float64Array(bins.count + 1);
    this.#parts = new Float64Array(bins.count);
  }

  add(from: number, to: number): void {
    const { count, width } = this.#bins;
    const begin = Math.max(0, (from - this.#bins.from) / width);
    const end = Math.min(count, (to - this.#bins.from) / width);
    if (!(end > begin)) return;
    const first = Math.floor(begin);
    const last = Math.min(count - 1, Math.floor(end));
    if (first === last) {
      this.#part(first, end - begin);
      return;
    }
    this.#part(first, first + 1 - begin);
    this.#part(last, end - last);
    this.#step(first + 1, 1);
    this.#step(last, -1);
  }

  means(): number[] {
    let whole = 0;
    return Array.from(this.#parts, (part, index) => {
      whole += this.#steps[index] as number;
      return Math.round((whole + part) * 100) / 100;
    });
  }

  #part(index: number, share: number): void {
    this.#parts[index] = (this.#parts[index] as number) + share;
  }

  #step(index: number, by: number): void {
    this.#steps[index] = (this.#steps[index] as number) + by;
  }
}
