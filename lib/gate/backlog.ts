import type { Entry, Schedule } from '../time/schedule.ts';
import { QueueFullError } from '../words/errors.ts';
import type { Room } from './context.ts';
import type { Ask, Place } from './permit.ts';
import { Queue } from './queue.ts';

/** How many are looked at to pick one from among them. */
const MOST_LOOKED_AT = 256;

/** Who waits at one gate: in order, as many as there is room for, and none beyond its deadline. */
export class Backlog {
  readonly #context: { readonly room: Room; readonly schedule: Schedule };
  /** Made for the first who waits. */
  #queue: Queue<Place> | undefined;
  /** Whatever they wait for, the process must not exit while they do. */
  #vigil: Entry | undefined;
  /** No deadline in the queue is earlier than this. */
  #earliestDeadline = Infinity;

  constructor(context: { readonly room: Room; readonly schedule: Schedule }) {
    this.#context = context;
  }

  get length(): number {
    return this.#queue?.length ?? 0;
  }

  /** How many stand before a newcomer at the least. */
  ahead({ priority, resend }: Ask): number {
    return this.#queue?.ahead(priority, resend) ?? 0;
  }

  /** Throws `QueueFullError` when nobody else may wait. */
  reserve(): void {
    const { most, taken } = this.#context.room;
    if (taken >= most) throw new QueueFullError(most);
  }

  push(place: Place): void {
    if (place.held) this.#context.room.taken += 1;
    this.#vigil ??= this.#context.schedule.at(Infinity, true, () => undefined);
    this.#queue ??= new Queue();
    this.#queue.push(place);
    this.#earliestDeadline = Math.min(this.#earliestDeadline, place.ask.deadlineAt);
  }

  /** The next to go leaves. */
  shift(): Place {
    const place = this.#queue?.shift() as Place;
    this.#left(place);
    return place;
  }

  /** One who fits leaves, the first of the first few. */
  pick(fits: (ask: Ask) => boolean): Place | undefined {
    let looked = 0;
    for (const place of this.#queue ?? []) {
      if (fits(place.ask)) {
        this.remove(place);
        return place;
      }
      looked += 1;
      if (looked === MOST_LOOKED_AT) return undefined;
    }
    return undefined;
  }

  /** Leaves from anywhere; false when it does not stand here. */
  remove(place: Place): boolean {
    if (!this.#queue?.remove(place)) return false;
    this.#left(place);
    return true;
  }

  /** All leave, in order. */
  vacate(): Place[] {
    return [...(this.#queue ?? [])].filter((place) => this.remove(place));
  }

  /** Sends all away. */
  dismissAll(error: Error): void {
    for (const place of this.vacate()) place.refuse(error);
  }

  /** Sends away all whose deadline comes before `until`. */
  dismissBefore(until: number, now: number): void {
    if (until <= this.#earliestDeadline) return;
    this.#earliestDeadline = Infinity;
    for (const place of [...(this.#queue ?? [])]) {
      const { ask } = place;
      const { deadlineAt } = ask;
      if (deadlineAt < until && this.remove(place)) place.refuse(ask.late(until - now));
      else this.#earliestDeadline = Math.min(this.#earliestDeadline, deadlineAt);
    }
  }

  #left({ held }: Place): void {
    if (held) this.#context.room.taken -= 1;
    if (this.length > 0) return;
    this.#earliestDeadline = Infinity;
    this.#vigil?.cancel();
    this.#vigil = undefined;
  }
}
