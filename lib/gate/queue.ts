/** What can stand in a {@link Line}; the links are the line's own. */
export interface Linked {
  previous: Linked | undefined;
  next: Linked | undefined;
  line: Line<Linked> | undefined;
}

/** What can stand in a {@link Queue}. */
export interface Queueable extends Linked {
  readonly priority: number;
  /** A resend goes ahead of the new calls of its priority. */
  readonly resend: boolean;
}

/** A doubly linked line: O(1) at both ends and for leaving from the middle. */
export class Line<T extends Linked> {
  first: T | undefined;
  last: T | undefined;
  length = 0;

  push(item: T): void {
    item.line = this as unknown as Line<Linked>;
    item.previous = this.last;
    if (this.last) this.last.next = item;
    else this.first = item;
    this.last = item;
    this.length += 1;
  }

  remove(item: T): void {
    if (item.previous) item.previous.next = item.next;
    else this.first = item.next as T | undefined;
    if (item.next) item.next.previous = item.previous;
    else this.last = item.previous as T | undefined;
    item.previous = item.next = item.line = undefined;
    this.length -= 1;
  }
}

/** The two lines of one priority, and its place in the rotation. */
class Rank<T extends Queueable> {
  readonly priority: number;
  readonly resends = new Line<T>();
  readonly fresh = new Line<T>();
  /** Virtual time: how much of its share it has had. */
  pass = 0;

  constructor(priority: number) {
    this.priority = priority;
  }

  get length(): number {
    return this.resends.length + this.fresh.length;
  }
}

/**
 * Who goes next: first in, first out within a priority, resends ahead of new calls; among priorities by weight,
 * each step worth twice the one below, so that none starves.
 *
 * Stride scheduling (C. Waldspurger, W. Weihl, 1995): each departure moves its rank on by 1 / 2^priority in
 * virtual time, and the rank that is least far on goes next.
 */
export class Queue<T extends Queueable> {
  readonly #ranks: Rank<T>[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(item: T): void {
    const rank = this.#rank(item.priority);
    // A rank that was empty has no claim on the time it missed.
    if (rank.length === 0) rank.pass = Math.max(rank.pass, this.#next()?.pass ?? 0);
    (item.resend ? rank.resends : rank.fresh).push(item);
    this.#length += 1;
  }

  /** Takes the next to go out of the queue. */
  shift(): T | undefined {
    const rank = this.#next();
    const item = rank && (rank.resends.first ?? rank.fresh.first);
    if (!item) return undefined;
    rank.pass += 2 ** -rank.priority;
    this.remove(item);
    return item;
  }

  /** Leaves from anywhere; false when it does not stand here. */
  remove(item: T): boolean {
    if (!item.line) return false;
    (item.line as unknown as Line<T>).remove(item);
    this.#length -= 1;
    return true;
  }

  /** How many stand before a newcomer of this kind at the least, other priorities left aside. */
  ahead(priority: number, resend: boolean): number {
    const rank = this.#ranks.find((each) => each.priority === priority);
    if (!rank) return 0;
    return resend ? rank.resends.length : rank.length;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (const rank of this.#ranks) {
      for (const line of [rank.resends, rank.fresh]) {
        for (let item = line.first; item; ) {
          const { next } = item;
          yield item;
          item = next as T | undefined;
        }
      }
    }
  }

  #rank(priority: number): Rank<T> {
    let rank = this.#ranks.find((each) => each.priority === priority);
    if (!rank) {
      rank = new Rank(priority);
      this.#ranks.push(rank);
      this.#ranks.sort((a, b) => b.priority - a.priority);
    }
    return rank;
  }

  #next(): Rank<T> | undefined {
    let next: Rank<T> | undefined;
    for (const rank of this.#ranks) {
      if (rank.length > 0 && (!next || rank.pass < next.pass)) next = rank;
    }
    return next;
  }
}
