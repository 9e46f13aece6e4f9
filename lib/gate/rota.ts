import type { Lane } from './lane.ts';

/** The lanes of one priority, and its place in the rotation. */
class Rank {
  readonly priority: number;
  /** A binary heap: the lane whose first goes next is at 0. */
  readonly lanes: Lane[] = [];
  /** Virtual time: how much of its share it has had. */
  pass = 0;

  constructor(priority: number) {
    this.priority = priority;
  }

  add(lane: Lane): void {
    lane.index = this.lanes.push(lane) - 1;
    this.#rise(lane);
  }

  remove(lane: Lane): void {
    const { index } = lane;
    lane.index = -1;
    const last = this.lanes.pop() as Lane;
    if (last === lane) return;
    this.lanes[index] = last;
    last.index = index;
    this.sort(last);
  }

  /** Another is first in this lane. */
  sort(lane: Lane): void {
    this.#rise(lane);
    this.#sink(lane);
  }

  #rise(lane: Lane): void {
    while (lane.index > 0) {
      const above = this.lanes[(lane.index - 1) >> 1] as Lane;
      if (!lane.precedes(above)) return;
      this.#swap(lane, above);
    }
  }

  #sink(lane: Lane): void {
    for (;;) {
      const left = this.lanes[2 * lane.index + 1];
      const right = this.lanes[2 * lane.index + 2];
      const least = right && left && right.precedes(left) ? right : left;
      if (!least?.precedes(lane)) return;
      this.#swap(least, lane);
    }
  }

  /** @param lower moves up */
  #swap(lower: Lane, upper: Lane): void {
    [lower.index, upper.index] = [upper.index, lower.index];
    this.lanes[lower.index] = lower;
    this.lanes[upper.index] = upper;
  }
}

/**
 * The lanes that wait at one gate, and which goes next: within a priority the one whose first came first, resends ahead
 * of new calls; among priorities by weight, each step worth twice the one below, so that none starves. O(log n).
 *
 * Stride scheduling (C. Waldspurger, W. Weihl, 1995): each departure moves its rank on by 1 / 2^priority in
 * virtual time, and the rank that is least far on goes next.
 */
export class Rota {
  /** The highest priority first. */
  readonly #ranks: Rank[] = [];

  /** The lane whose first goes next. */
  get next(): Lane | undefined {
    return this.#next()?.lanes[0];
  }

  add(lane: Lane): void {
    const rank = this.#rank(lane.priority);
    // A rank that was empty has no claim on the time it missed.
    if (rank.lanes.length === 0) rank.pass = Math.max(rank.pass, this.#next()?.pass ?? 0);
    rank.add(lane);
  }

  remove(lane: Lane): void {
    this.#rank(lane.priority).remove(lane);
  }

  /** Another is first in this lane. */
  sort(lane: Lane): void {
    this.#rank(lane.priority).sort(lane);
  }

  /** One of this priority departs. */
  departs(priority: number): void {
    this.#rank(priority).pass += 2 ** -priority;
  }

  /** Whether a lane that waits elsewhere would go next. */
  yields(lane: Lane): boolean {
    const next = this.#next();
    if (!next) return true;
    if (next.priority === lane.priority) return lane.precedes(next.lanes[0] as Lane);
    const rank = this.#rank(lane.priority);
    const pass = rank.lanes.length > 0 ? rank.pass : Math.max(rank.pass, next.pass);
    return pass === next.pass ? lane.priority > next.priority : pass < next.pass;
  }

  *[Symbol.iterator](): Iterator<Lane> {
    for (const { lanes } of this.#ranks) yield* [...lanes];
  }

  #rank(priority: number): Rank {
    let rank = this.#ranks.find((each) => each.priority === priority);
    if (!rank) {
      rank = new Rank(priority);
      this.#ranks.push(rank);
      this.#ranks.sort((a, b) => b.priority - a.priority);
    }
    return rank;
  }

  #next(): Rank | undefined {
    let next: Rank | undefined;
    for (const rank of this.#ranks) {
      if (rank.lanes.length > 0 && (!next || rank.pass < next.pass)) next = rank;
    }
    return next;
  }
}
