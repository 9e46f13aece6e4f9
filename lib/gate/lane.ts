import type { Entry, Schedule } from '../time/schedule.ts';
import type { Admitter } from './admitter.ts';
import { LinkedList } from './linked-list.ts';
import type { Permit } from './permit.ts';
import type { Ask, Place, Standing } from './place.ts';
import type { QueueLimit } from './queue-limit.ts';

/** Maximum number of places examined to pick one. */
const MAX_EXAMINED = 256;

/** A gate as seen by the lanes that lead through it. */
export interface LaneGate extends Admitter {
  /** Number of attempts waiting to draw on this quota, whichever quota holds them. */
  queued: number;
  /** Lanes that lead through it and are not empty. */
  readonly lanes: Set<Lane>;
  /** The lane that has a reservation here because it kept moving between its gates. */
  kept: Lane | undefined;
  /** Whether this quota lets an attempt of a lane go now. */
  lets(lane: Lane, ask: Ask, now: number): boolean;
  /** ms until the next probe, if the server is out. */
  probeIn(now: number): number | undefined;
  /** Whether this quota lets a newcomer go now. */
  clear(ask: Ask, now: number): boolean;
  /** The earliest moment at which the last of `count` newcomers can go: a lower bound. */
  expectedAt(count: number, ask: Ask, now: number): number;
  /** Whether the last of `count` newcomers waits for more than a permit on its way from the ledger. */
  holds(count: number, now: number): boolean;
  /** An attempt is sent: `take` returns its permit, `share` adds this quota to a permit taken elsewhere. */
  take(ask: Ask, now: number): Permit;
  share(permit: Permit, ask: Ask): void;
  /** A lane waits at this gate from now on. */
  receive(lane: Lane, now: number): void;
  /** The first attempt of a lane that waits here has changed. */
  reorder(lane: Lane): void;
  pump(now?: number): void;
}

/** What lanes share. */
export interface LaneContext {
  readonly queueLimit: QueueLimit;
  readonly schedule: Schedule;
}

/**
 * The waiting attempts of one flow, one priority and one set of quotas: in order, resends ahead of new calls.
 * Bounded; no attempt waits beyond its deadline.
 *
 * The lane waits at one gate only, `at`: that of a quota that holds its first attempt.
 */
export class Lane implements Standing {
  readonly gates: readonly LaneGate[];
  readonly priority: number;
  /** Absent for attempts without a flow. */
  readonly flow: string | undefined;
  /** The gate it waits at; absent while it is empty. */
  at: LaneGate | undefined;
  /** Called when the lane becomes empty. */
  emptied: ((lane: Lane) => void) | undefined;
  /** Its position among the lanes that wait there. */
  index = -1;
  /** Number of moves between gates for its current first attempt. */
  bounces = 0;
  readonly #context: LaneContext;
  readonly #resends = new LinkedList<Place>();
  readonly #fresh = new LinkedList<Place>();
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

  /** All its places, in order. */
  *[Symbol.iterator](): Iterator<Place> {
    yield* this.#resends;
    yield* this.#fresh;
  }

  /** Number of places ahead of a newcomer. */
  ahead(resend: boolean): number {
    return resend ? this.#resends.length : this.length;
  }

  /** Whether its first attempt goes before the other's, given the same priority and flow. */
  precedes(other: Lane): boolean {
    const [mine, its] = [this.first, other.first];
    if (!mine || !its) return mine !== undefined;
    return mine.resend === its.resend ? mine.number < its.number : mine.resend;
  }

  /** Throws `QueueFullError` if no further attempt may be queued. */
  reserve(): void {
    this.#context.queueLimit.reserve(this.flow);
  }

  push(place: Place): void {
    if (place.held) this.#context.queueLimit.enter(this.flow);
    this.#vigil ??= this.#context.schedule.at(Infinity, true, () => undefined);
    if (this.length === 0) for (const gate of this.gates) gate.lanes.add(this);
    for (const gate of this.gates) gate.queued += 1;
    const line = place.resend ? this.#resends : this.#fresh;
    line.push(place);
    this.#earliestDeadline = Math.min(this.#earliestDeadline, place.ask.deadlineAt);
    if (this.first === place) this.at?.reorder(this);
  }

  /** Removes a place at any position; false if it is in no lane. */
  remove(place: Place): boolean {
    if (place.list === undefined) return false;
    const first = this.first === place;
    (place.list as unknown as LinkedList<Place>).remove(place);
    for (const gate of this.gates) gate.queued -= 1;
    if (place.held) this.#context.queueLimit.leave(this.flow);
    if (this.length === 0) this.#empty();
    if (first) {
      this.at?.reorder(this);
      this.relax();
    }
    return true;
  }

  /** The first place that fits, among the first {@link MAX_EXAMINED}. */
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

  /** Rejects all attempts for which `why` returns an error. */
  dismiss(why: (ask: Ask) => Error | undefined): void {
    for (const place of [...this]) {
      const error = why(place.ask);
      if (error && this.remove(place)) place.refuse(error);
    }
  }

  /** Rejects all attempts whose deadline is before `until`. */
  dismissBefore(until: number, now: number): void {
    if (until <= this.#earliestDeadline) return;
    this.#earliestDeadline = Infinity;
    this.dismiss((ask) => {
      if (ask.deadlineAt < until) return ask.late(until - now);
      this.#earliestDeadline = Math.min(this.#earliestDeadline, ask.deadlineAt);
      return undefined;
    });
  }

  /** Admits the attempt at one of its places, with a permit for each quota. */
  grant(place: Place, now: number): void {
    const permit = takeAll(this.gates, place.ask, now);
    this.remove(place);
    place.grant(permit);
  }

  /** Releases what is reserved for its first attempt. */
  relax(): void {
    if (this.bounces === 0) return;
    this.bounces = 0;
    for (const gate of this.gates) {
      if (gate.kept !== this) continue;
      gate.kept = undefined;
      gate.pump();
    }
  }

  /** @internal A place is given up; false if it had already left. */
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

/** Takes one permit that draws on all the gates at once. */
export function takeAll(gates: readonly LaneGate[], ask: Ask, now: number): Permit {
  const permit = (gates[0] as LaneGate).take(ask, now);
  for (let index = 1; index < gates.length; index += 1) gates[index]?.share(permit, ask);
  return permit;
}
