import { Lane, type LaneContext, type LaneGate, takeAll } from './lane.ts';
import type { Permit } from './permit.ts';
import { type Ask, Place } from './place.ts';

/** A gate as seen by an arriving attempt. */
export interface PassageGate extends LaneGate {
  readonly key: string;
  /** Ends a pause whose time is over. Throws if the quota can never admit the attempt. */
  arrive(ask: Ask, now: number): void;
}

/**
 * A set of gates that attempts pass together, and its lanes. An attempt goes when every gate has room for its
 * cost and none is paused. It takes from all gates at once or from none, so it holds nothing while it waits.
 */
export class Passage<G extends PassageGate = PassageGate> {
  /** The quota that applies first; then those that apply besides. */
  readonly gates: readonly [G, ...G[]];
  readonly #context: LaneContext;
  // Created on demand: there may be a hundred thousand passages.
  /** By priority, or by priority and flow; lanes of flows are dropped once they are empty. */
  #lanes: Map<string | number, Lane> | undefined;
  /** Passages through one more gate, by that gate. */
  #wider: WeakMap<G, Passage<G>> | undefined;

  constructor(gates: readonly [G, ...G[]], context: LaneContext) {
    this.gates = gates;
    this.#context = context;
  }

  /** Key of the quota that applies first. */
  get key(): string {
    return this.gates[0].key;
  }

  /** The passage through these gates and one more. */
  and(gate: G): Passage<G> {
    if (this.gates.includes(gate)) return this;
    this.#wider ??= new WeakMap();
    let wider = this.#wider.get(gate);
    if (!wider) {
      wider = new Passage([...this.gates, gate], this.#context);
      this.#wider.set(gate, wider);
    }
    return wider;
  }

  /**
   * A permit or a place in line; `from` is a place to move here. Throws `QueueFullError`, `CostError`, or
   * `ask.late` if the wait would exceed the deadline.
   */
  acquire(ask: Ask, now: number, from?: Place): Permit | Place {
    const { gates } = this;
    for (const gate of gates) gate.arrive(ask, now);
    for (const gate of gates) if (!gate.clear(ask, now)) return this.#queue(gate, ask, now, from);
    return takeAll(gates, ask, now);
  }

  /** A place in line for an attempt that the gate `holding` does not let go now. */
  #queue(holding: G, ask: Ask, now: number, from?: Place): Place {
    for (const gate of this.gates) {
      const ms = ask.out && gate.probeIn(now);
      const error = ms === undefined ? undefined : ask.out?.(ms, gate.key);
      if (error) throw error;
    }
    const lane = this.#laneOf(ask);
    const number = lane.ahead(ask.resend) + 1;
    const expectedMs =
      this.gates.reduce((at, gate) => Math.max(at, gate.expectedAt(number, ask, now)), now) - now;
    if (now + expectedMs > ask.deadlineAt) throw ask.late(expectedMs);
    const held = expectedMs > 0 || this.gates.some((gate) => gate.holds(number, now));
    // A place that moves already has room; one that waits only for the ledger's answer needs none.
    if (held && !from) lane.reserve();
    const place = from ?? new Place(ask);
    place.stand(lane, expectedMs, held);
    lane.push(place);
    if (lane.at) lane.at.pump(now);
    else holding.receive(lane, now);
    return place;
  }

  #laneOf(ask: Ask): Lane {
    const { priority, flow } = ask;
    const key = flow === undefined ? priority : `${priority} ${flow}`;
    this.#lanes ??= new Map();
    let lane = this.#lanes.get(key);
    if (!lane) {
      lane = new Lane(this.gates, ask, this.#context);
      if (flow !== undefined) lane.emptied = () => this.#lanes?.delete(key);
      this.#lanes.set(key, lane);
    }
    return lane;
  }
}
