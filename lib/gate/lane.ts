import type { Entry, Schedule } from '../time/schedule.ts';
import type { Admitter } from './admitter.ts';
import type { Permit } from './permit.ts';
import type { Ask, Place, Standing } from './place.ts';
import { Line } from './queue.ts';
import type { Room } from './room.ts';

/** Maximum number of places examined to pick one. */
const MAX_EXAMINED = 256;

/** A gate, as the lanes that lead through it know it. */
export interface LaneGate extends Admitter {
  /** Attempts that wait to draw on this quota, whatever holds them. */
  queued: number;
  /** Lanes that lead through it and are not empty. */
  readonly lanes: Set<Lane>;
  /** A lane that leads through several gates insists that this one waits for it. */
  kept: Lane | undefined;
  /** Whether the first of a lane may go now, as far as this quota is concerned. */
  lets(lane: Lane, ask: Ask, now: number): boolean;
  /** ms until the next probe, if the server is out. */
  probeIn(now: number): number | undefined;
  /** Whether a newcomer may go now, as far as this quota is concerned. */
  clear(ask: Ask, now: number): boolean;
  /** The earliest moment at which the last of `count` newcomers can go: a lower bound. */
  expectedAt(count: number, ask: Ask, now: number): number;
  /** Whether more than a permit on its way from the ledger keeps the last of `count` newcomers waiting. */
  holds(count: number, now: number): boolean;
  /** An attempt goes. Returns its permit, or makes it count here as well. */
  take(ask: Ask, now: number): Permit;
  share(permit: Permit, ask: Ask): void;
  /** A lane waits for this gate from now on. */
  receive(lane: Lane, now: number): void;
  /** Another is first in a lane that waits for this gate. */
  reorder(lane: Lane): void;
  pump(now?: number): void;
}

/** What lanes share. */
export interface LaneContext {
  readonly room: Room;
  readonly schedule: Schedule;
}

/**
 * The attempts of one flow that wait for one set of quotas, at one priority: in order, resends ahead of new calls;
 * bounded, and none beyond its deadline.
 *
 * The first of them may be held by one of its quotas: the lane waits at that gate, `at`, and at no other.
 */
export class Lane implements Standing {
  readonly gates: readonly LaneGate[];
  readonly priority: number;
  /** Absent for those who name none. */
  readonly flow: string | undefined;
  /** The gate it waits at; absent while it is empty. */
  at: LaneGate | undefined;
  /** Told that nobody waits in it. */
  emptied: ((lane: Lane) => void) | undefined;
  /** Its place among the lanes that wait there. */
  index = -1;
  /** Number of times that another quota held its first, after one had room. */
  bounces = 0;
  readonly #context: LaneContext;
  readonly #resends = new Line<Place>();
  readonly #fresh = new Line<Place>();
  /** Keeps the process alive while attempts are queued, whatever they wait for. */
  #vigil: Entry | undefined;
  /** No deadline in the lane is earlier than this. */
  #earliestDeadline = Infinity;

  constructor(
    gates: readonly LaneGate[],
    { priority, flow }: Pick<Ask, 'priority' | 'flow'>,
    context: LaneContext,
  ) {
    this.gates = gates;
    this.priority = priority;
    this.flow = flow;
    this.#context = context;
  }

  get length(): number {
    return this.#resends.length + this.#fresh.length;
  }

  /** The next to go. */
  get first(): Place | undefined {
    return this.#resends.first ?? this.#fresh.first;
  }

  /** All that wait in it, in order. */
  *[Symbol.iterator](): Iterator<Place> {
    yield* this.#resends;
    yield* this.#fresh;
  }

  /** Number of places before a newcomer. */
  ahead(resend: boolean): number {
    return resend ? this.#resends.length : this.length;
  }

  /** Whether the first of this lane goes before the first of another of the same priority, if they share a flow. */
  precedes(other: Lane): boolean {
    const [mine, its] = [this.first, other.first];
    if (!mine || !its) return mine !== undefined;
    return mine.resend === its.resend ? mine.number < its.number : mine.resend;
  }

  /** Throws `QueueFullError` if no further attempt may be queued. */
  reserve(): void {
    this.#context.room.reserve(this.flow);
  }

  push(place: Place): void {
    if (place.held) this.#context.room.enter(this.flow);
    this.#vigil ??= this.#context.schedule.at(Infinity, true, () => undefined);
    if (this.length === 0) for (const gate of this.gates) gate.lanes.add(this);
    for (const gate of this.gates) gate.queued += 1;
    const line = place.resend ? this.#resends : this.#fresh;
    line.push(place);
    this.#earliestDeadline = Math.min(this.#earliestDeadline, place.ask.deadlineAt);
    if (this.first === place) this.at?.reorder(this);
  }

  /** Removes a place from anywhere; false if it is not here. */
  remove(place: Place): boolean {
    if (place.line === undefined) return false;
    const first = this.first === place;
    (place.line as unknown as Line<Place>).remove(place);
    for (const gate of this.gates) gate.queued -= 1;
    if (place.held) this.#context.room.leave(this.flow);
    if (this.length === 0) this.#empty();
    if (first) {
      this.at?.reorder(this);
      this.relax();
    }
    return true;
  }

  /** The first that fits, of the first {@link MAX_EXAMINED}. */
  find(fits: (ask: Ask) => boolean): Place | undefined {
    let looked = 0;
    for (const place of this) {
      if (fits(place.ask)) return place;
      looked += 1;
      if (looked === MAX_EXAMINED) return undefined;
    }
    return undefined;
  }

  /** Removes and returns all, in order. */
  vacate(): Place[] {
    const all = [...this];
    for (const place of all) this.remove(place);
    return all;
  }

  /** Rejects all for which there is an error. */
  dismiss(why: (ask: Ask) => Error | undefined): void {
    for (const place of [...this]) {
      const error = why(place.ask);
      if (error && this.remove(place)) place.refuse(error);
    }
  }

  /** Rejects all whose deadline comes before `until`. */
  dismissBefore(until: number, now: number): void {
    if (until <= this.#earliestDeadline) return;
    this.#earliestDeadline = Infinity;
    this.dismiss((ask) => {
      if (ask.deadlineAt < until) return ask.late(until - now);
      this.#earliestDeadline = Math.min(this.#earliestDeadline, ask.deadlineAt);
      return undefined;
    });
  }

  /** One of its places goes: takes a permit of each quota. */
  grant(place: Place, now: number): void {
    const permit = takeAll(this.gates, place.ask, now);
    this.remove(place);
    place.grant(permit);
  }

  /** What is kept for its first is free. */
  relax(): void {
    if (this.bounces === 0) return;
    this.bounces = 0;
    for (const gate of this.gates) {
      if (gate.kept !== this) continue;
      gate.kept = undefined;
      gate.pump();
    }
  }

  /** @internal A place is given up; false when it had left before. */
  left(place: Place): boolean {
    const { at } = this;
    if (!this.remove(place)) return false;
    at?.pump();
    return true;
  }

  #empty(): void {
    this.#earliestDeadline = Infinity;
    this.#vigil?.cancel();
    this.#vigil = undefined;
    for (const gate of this.gates) gate.lanes.delete(this);
    this.emptied?.(this);
  }
}

/** Takes a permit of each gate, at once. */
export function takeAll(gates: readonly LaneGate[], ask: Ask, now: number): Permit {
  const permit = (gates[0] as LaneGate).take(ask, now);
  for (let index = 1; index < gates.length; index += 1) gates[index]?.share(permit, ask);
  return permit;
}
