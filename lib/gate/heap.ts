/** What can be kept in a {@link Heap}. */
export interface Ranked<T> {
  /** Position in the heap, which manages it. */
  index: number;
  precedes(other: T): boolean;
}

/**
 * A binary heap whose items know their positions; the item that precedes all others is first. O(log n) per
 * change.
 */
export class Heap<T extends Ranked<T>> {
  readonly #items: T[] = [];

  get first(): T | undefined {
    return this.#items[0];
  }

  get size(): number {
    return this.#items.length;
  }

  add(item: T): void {
    item.index = this.#items.push(item) - 1;
    this.#rise(item);
  }

  remove(item: T): void {
    const { index } = item;
    item.index = -1;
    const last = this.#items.pop() as T;
    if (last === item) return;
    this.#items[index] = last;
    last.index = index;
    this.sort(last);
  }

  /** Restores the order after the item's rank may have changed. */
  sort(item: T): void {
    this.#rise(item);
    this.#sink(item);
  }

  [Symbol.iterator](): Iterator<T> {
    return [...this.#items].values();
  }

  #rise(item: T): void {
    while (item.index > 0) {
      const above = this.#items[(item.index - 1) >> 1] as T;
      if (!item.precedes(above)) return;
      this.#swap(item, above);
    }
  }

  #sink(item: T): void {
    for (;;) {
      const left = this.#items[2 * item.index + 1];
      const right = this.#items[2 * item.index + 2];
      const least = right && left && right.precedes(left) ? right : left;
      if (!least?.precedes(item)) return;
      this.#swap(least, item);
    }
  }

  /** @param lower moves up */
  #swap(lower: T, upper: T): void {
    [lower.index, upper.index] = [upper.index, lower.index];
    this.#items[lower.index] = lower;
    this.#items[upper.index] = upper;
  }
}
