/** Minimum length of the processed part of the line at which it is cut off. */
const TRIM = 1024;

/**
 * When a window counts attempts that take at most `ms` to reach the server:
 *
 *     counted = min(response, sending + ms)
 *
 * The server counted an attempt no later than that. Attempts are identified by their sending time; those with the same one are
 * interchangeable. O(1) each.
 */
export class Transit {
  /** `Infinity` makes attempts count from their response alone. */
  ms: number;
  /** Sending times, in order. */
  readonly #line: number[] = [];
  #head = 0;
  /** Number of attempts not counted yet, by sending time. */
  readonly #uncounted = new Map<number, number>();
  /** Number of attempts counted by time but not answered since, by sending time. */
  readonly #unanswered = new Map<number, number>();

  constructor(ms: number) {
    this.ms = ms;
  }

  sent(at: number): void {
    const line = this.#line;
    line.push(at);
    add(this.#uncounted, at);
    // An attempt that another quota admitted first may be older than the last.
    for (let index = line.length - 1; index > this.#head; index -= 1) {
      const before = line[index - 1] as number;
      if (before <= at) break;
      line[index - 1] = at;
      line[index] = before;
    }
  }

  /** Next moment at which an attempt counts by time alone; `Infinity` if there is none. */
  get nextAt(): number {
    for (; this.#head < this.#line.length; this.#next()) {
      const at = this.#line[this.#head] as number;
      if (this.#uncounted.has(at)) return at + this.ms;
    }
    return Infinity;
  }

  /** Counts the attempt of {@link nextAt}. */
  count(): void {
    const at = this.#line[this.#head] as number;
    take(this.#uncounted, at);
    add(this.#unanswered, at);
    this.#next();
  }

  /** An attempt ended or was answered. False if it was already counted by time; true for an unknown one. */
  answered(sentAt: number): boolean {
    return take(this.#uncounted, sentAt) || !take(this.#unanswered, sentAt);
  }

  #next(): void {
    this.#head += 1;
    if (this.#head < TRIM || this.#head * 2 < this.#line.length) return;
    this.#line.splice(0, this.#head);
    this.#head = 0;
  }
}

function add(counts: Map<number, number>, key: number): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** Removes one; false if there is none. */
function take(counts: Map<number, number>, key: number): boolean {
  const count = counts.get(key);
  if (count === undefined) return false;
  if (count > 1) counts.set(key, count - 1);
  else counts.delete(key);
  return true;
}
