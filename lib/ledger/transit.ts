/** Length from which on the part of the line that is over is cut off. */
const TRIM = 1024;

/**
 * When a window counts attempts whose way to the server takes no longer than `ms`:
 *
 *     counted = min(response, sending + ms)
 *
 * The server counted an attempt no later. Attempts are told apart by their moment of sending; those of one moment are alike.
 * O(1) each.
 */
export class Transit {
  /** `Infinity` makes attempts count from their response alone. */
  ms: number;
  /** Moments of sending, in order. */
  readonly #line: number[] = [];
  #head = 0;
  /** Attempts that are not counted yet, by their moment of sending. */
  readonly #uncounted = new Map<number, number>();
  /** Those that were counted by time, and not answered since. */
  readonly #unanswered = new Map<number, number>();

  constructor(ms: number) {
    this.ms = ms;
  }

  sent(at: number): void {
    const line = this.#line;
    line.push(at);
    add(this.#uncounted, at);
    // An attempt that another quota admitted may be older than the last.
    for (let index = line.length - 1; index > this.#head; index -= 1) {
      const before = line[index - 1] as number;
      if (before <= at) break;
      line[index - 1] = at;
      line[index] = before;
    }
  }

  /** The next moment at which an attempt counts by time alone; `Infinity` when there is none. */
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

  /** An attempt ended or was answered. False if it was counted by time before; one that was never told of was not. */
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

/** Takes one away; false when there is none. */
function take(counts: Map<number, number>, key: number): boolean {
  const count = counts.get(key);
  if (count === undefined) return false;
  if (count > 1) counts.set(key, count - 1);
  else counts.delete(key);
  return true;
}
