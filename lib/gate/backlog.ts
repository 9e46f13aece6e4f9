import type { Entry, Schedule } from '../time/schedule.ts';
import { QueueFullError } from '../words/errors.ts';
import type { Room } from './context.ts';
import type { Ask, Place } from './permit.ts';
import { Queue } from './queue.ts';

/** Maximum number of places examined to pick one. */
const MAX_EXAMINED = 256;

/** The attempts queued at one gate: in order, bounded, and none beyond its deadline. */
export class Backlog {
  readonly #context: { readonly room: Room; readonly schedule: Schedule };
  /** Made for the first queued attempt. */
  #queue: Queue<Place> | undefined;
  /** Keeps the process alive while attempts are queued, whatever they wait for. */
  #vigil: Entry | undefined;
  /** No deadline in the queue is earlier than this. */
  #earliestDeadline = Infinity;

  constructor(context: { readonly room: Room; readonly schedule: Schedule }) {
    this.#context = context;
  }

  get length(): number {
    return this.#queue?.length ?? 0;
  }

  /** Minimum number of places before a newcomer. */
  ahead({ priority, resend }: Ask): number {
    return this.#queue?.ahead(priority, resend) ?? 0;
  }

  /** Throws `QueueFullError` if no further attempt may be queued. */
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

  /** Removes and returns the next to go. */
  shift(): Place {
    const place = this.#queue?.shift() as Place;
    this.#left(place);
    return place;
  }

  /** Removes and returns the first that fits, of the first {@link MAX_EXAMINED}. */
  pick(fits: (ask: Ask) => boolean): Place | undefined {
    let looked = 0;
    for (const place of this.#queue ?? []) {
      if (fits(place.ask)) {
        this.remove(place);
        return place;
      }
      looked += 1;
      if (looked === MAX_EXAMINED) return undefined;
    }
    return undefined;
  }

  /** Removes a place from anywhere; false if it is not here. */
  remove(place: Place): boolean {
    if (!this.#queue?.remove(place)) return false;
    this.#left(place);
    return true;
  }

  /** Removes and returns all, in order. */
  vacate(): Place[] {
    return [...(this.#queue ?? [])].filter((place) => this.remove(place));
  }

  /** Rejects all. */
  dismissAll(error: Error): void {
    for (const place of this.vacate()) place.refuse(error);
  }

  /** Rejects all whose deadline comes before `until`. */
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
