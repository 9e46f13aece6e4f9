import { Heap } from './heap.ts';
import type { Lane } from './lane.ts';

/** Number of flows in a rank above which those with nothing to remember are forgotten. */
const MANY = 64;

/** The lanes of one flow, at one priority. */
class Flow {
  readonly name: string | undefined;
  /** The lane whose first attempt comes first goes next. */
  readonly lanes: Heap<Lane> = new Heap<Lane>();
  /** Virtual time: how much of the quota the flow has had. */
  pass = 0;
  index = -1;

  constructor(name: string | undefined) {
    this.name = name;
  }

  precedes(other: Flow): boolean {
    return this.pass === other.pass ? precedes(this.lanes.first, other.lanes.first) : this.pass < other.pass;
  }
}

/** The flows of one priority, and its place in the rotation. */
class Rank {
  readonly priority: number;
  /** Virtual time: how much of its share the rank has had. */
  pass = 0;
  /** Flows with waiting attempts. */
  readonly #waiting = new Heap<Flow>();
  /** The same flows, and those that recently had more than their share. */
  readonly #flows = new Map<string | undefined, Flow>();
  #many = MANY;

  constructor(priority: number) {
    this.priority = priority;
  }

  get next(): Lane | undefined {
    return this.#waiting.first?.lanes.first;
  }

  add(lane: Lane): void {
    const flow = this.#flow(lane.flow);
    const met = flow.index < 0;
    flow.lanes.add(lane);
    if (met) this.#waiting.add(flow);
    else this.#waiting.sort(flow);
  }

  remove(lane: Lane): void {
    const flow = this.#flows.get(lane.flow) as Flow;
    flow.lanes.remove(lane);
    if (flow.lanes.first) this.#waiting.sort(flow);
    else {
      this.#waiting.remove(flow);
      if (!this.#waiting.first) this.#flows.clear();
      else if (flow.pass <= this.#now) this.#flows.delete(flow.name);
    }
  }

  sort(lane: Lane): void {
    const flow = this.#flows.get(lane.flow) as Flow;
    flow.lanes.sort(lane);
    this.#waiting.sort(flow);
  }

  departs(name: string | undefined, share: number): void {
    // One flow alone has nobody to share with.
    if (!this.#waiting.first || (this.#flows.size === 1 && this.#flows.has(name))) return;
    const flow = this.#flow(name);
    flow.pass += share;
    if (flow.index >= 0) this.#waiting.sort(flow);
  }

  /** Whether a lane that waits elsewhere would go before all that wait here. */
  yields(lane: Lane): boolean {
    const first = this.#waiting.first;
    if (!first) return true;
    const pass = Math.max(this.#flows.get(lane.flow)?.pass ?? 0, first.pass);
    return pass === first.pass && precedes(lane, first.lanes.first);
  }

  *[Symbol.iterator](): Iterator<Lane> {
    for (const { lanes } of this.#waiting) yield* lanes;
  }

  /** Virtual time of the flow that goes next. */
  get #now(): number {
    return this.#waiting.first?.pass ?? 0;
  }

  /** A flow that did not wait has no claim on the time it missed. */
  #flow(name: string | undefined): Flow {
    let flow = this.#flows.get(name);
    if (!flow) {
      if (this.#flows.size >= this.#many) this.#forget();
      flow = new Flow(name);
      this.#flows.set(name, flow);
    }
    if (flow.index < 0) flow.pass = Math.max(flow.pass, this.#now);
    return flow;
  }

  #forget(): void {
    for (const flow of this.#flows.values()) {
      if (flow.index < 0 && flow.pass <= this.#now) this.#flows.delete(flow.name);
    }
    this.#many = Math.max(MANY, 2 * this.#flows.size);
  }
}

/**
 * The lanes that wait at one gate, and which of them goes next. Within a flow, it is the lane whose first
 * attempt arrived first, resends ahead of new calls. Among the flows of a priority, it is the one that had
 * the least of the quota. Priorities share by weight, each step worth twice the one below. None starves.
 * O(log n) for n lanes.
 *
 * Stride scheduling (C. Waldspurger, W. Weihl, 1995), twice: each departure moves its rank on by 1 /
 * 2^priority in virtual time, and its flow by the share of the quota that it takes; the one least advanced
 * goes next.
 */
export class Rota {
  /** The highest priority first. */
  readonly #ranks: Rank[] = [];

  /** The lane whose first attempt goes next. */
  get next(): Lane | undefined {
    return this.#next()?.next;
  }

  add(lane: Lane): void {
    const rank = this.#rank(lane.priority);
    // A rank that was empty has no claim on the time it missed.
    if (!rank.next) rank.pass = Math.max(rank.pass, this.#next()?.pass ?? 0);
    rank.add(lane);
  }

  remove(lane: Lane): void {
    this.#rank(lane.priority).remove(lane);
  }

  /** The first attempt of this lane has changed. */
  sort(lane: Lane): void {
    this.#rank(lane.priority).sort(lane);
  }

  /** An attempt departs with this share of the quota, whether it waited here, elsewhere or not at all. */
  departs(priority: number, flow: string | undefined, share: number): void {
    const next = this.#next();
    if (!next) return;
    const rank = this.#rank(priority);
    if (!rank.next) rank.pass = Math.max(rank.pass, next.pass);
    rank.pass += 2 ** -priority;
    rank.departs(flow, share);
  }

  /** Whether a lane that waits elsewhere would go next. */
  yields(lane: Lane): boolean {
    const next = this.#next();
    if (!next) return true;
    if (next.priority === lane.priority) return next.yields(lane);
    const rank = this.#rank(lane.priority);
    const pass = rank.next ? rank.pass : Math.max(rank.pass, next.pass);
    return pass === next.pass ? lane.priority > next.priority : pass < next.pass;
  }

  *[Symbol.iterator](): Iterator<Lane> {
    for (const rank of this.#ranks) yield* rank;
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
      if (rank.next && (!next || rank.pass < next.pass)) next = rank;
    }
    return next;
  }
}

function precedes(lane: Lane | undefined, other: Lane | undefined): boolean {
  return lane !== undefined && (other === undefined || lane.precedes(other));
}
