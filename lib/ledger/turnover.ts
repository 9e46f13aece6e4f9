import { type Calendar, calendarOf } from '../time/calendar.ts';
import type { Window } from '../words/types.ts';
import { type Ring, ROUNDING } from './ring.ts';

/**
 * What a client's clock may lag behind a server's whole milliseconds: a slot is given back this much late, so
 * that a server that counts in integers never sees two uses of it less than `per` apart.
 */
export const CLOCK_GRAIN_MS = 1;

/** Longest time between two looks at the wall clock while attempts wait for it, in ms: it may jump, or go on while a machine sleeps. */
const LOOK_MS = 60_000;
/** Periods ahead that are looked up; later ones are taken to be no shorter than the shortest. */
const MOST_PERIODS = 64;
const SHORTEST_MS = { day: 23 * 3_600_000, month: 28 * 24 * 3_600_000 - 3_600_000 } as const;
/** What a moment may be rounded by, in ms: at one that is computed, what was waited for must be free. */
const ROUNDED_MS = 0.001;
/** Share of a bucket whose refilling is worth a look. */
const LOOK_SHARE = 0.02;

/** A clock, as windows read it. */
export interface WindowClock {
  now(): number;
  /** Unix ms on the wall clock. */
  wall(): number;
}

/** How what was used becomes free again, where that is not `per` after the response. */
export interface Turnover {
  /** Longest time until that is worth another look, in ms. */
  readonly lookMs: number;
  /** A response came at `at`, or counts from then. */
  add(ring: Ring, at: number, weight: number): void;
  /** Takes out of the ring what is free again at `now`. Returns its weight. @param held permits held */
  expire(ring: Ring, now: number, held: number): number;
  /** The moment at which this much of what is in the ring is free again. */
  freedAt(ring: Ring, weight: number, now: number, held: number): number;
  /** The next moment at which it is worth a look what is free again; `Infinity` for none. */
  nextAt(ring: Ring, now: number, held: number): number;
  /** The earliest moment at which there is room for `missing` permits more, of `most` in all, whatever is used. */
  roomAt(ring: Ring, missing: number, now: number, most: number): number;
  /** The same for a copy of its ring, by a clock that is ahead. */
  ahead(clock: WindowClock): Turnover;
  /** What came at `at` weighed less, by so much. */
  lighten(ring: Ring, at: number, by: number): void;
}

/** The turnover of a window; `undefined` for that of a rolling one. */
export function turnoverOf({ kind, limit, per, zone }: Window, clock: WindowClock): Turnover | undefined {
  if (kind === undefined || kind === 'spacing') return undefined;
  return kind === 'bucket'
    ? new Refill(limit / per, limit)
    : new CalendarReset(calendarOf(kind, zone ?? 'UTC'), clock, SHORTEST_MS[kind]);
}

/**
 * A token bucket: what was used comes back at a steady rate, the oldest first.
 *
 *     used(t) = in flight + max over s of ( |{ r in responses : r ≥ s }| − rate · (t − s) )
 *
 * A server's bucket of `limit` is never empty if any [s, t] counts at most limit + rate · (t − s) requests. It may count one
 * anywhere from its sending to its response, so it is counted at the end of that: in flight, nothing comes back for it.
 *
 * Who holds a part of a bucket has the same part of its rate, so that all parts together are no more than the whole: with
 * what is free, a permit brings its part of the rate along.
 */
class Refill implements Turnover {
  readonly lookMs: number = Infinity;
  /** Permits per ms that come back to each permit held. */
  readonly #perPermit: number;
  /** Until when what came back is taken out of the ring. */
  #doneAt = 0;

  constructor(rate: number, limit: number) {
    this.#perPermit = rate / limit;
  }

  add(ring: Ring, at: number, weight: number): void {
    if (ring.size === 0) this.#doneAt = at;
    ring.push(Math.max(at, ring.last), weight);
  }

  expire(ring: Ring, now: number, held: number): number {
    let expired = 0;
    const rate = this.#perPermit * held;
    while (ring.size > 0 && rate > 0) {
      const from = this.#from(ring);
      const back = (now - from) * rate;
      if (!(back > 0)) return expired;
      const first = ring.weightAt(0);
      if (back < first - ROUNDING) {
        ring.thin(back);
        this.#doneAt = now;
        return expired + back;
      }
      ring.shift();
      this.#doneAt = from + first / rate;
      expired += first;
    }
    this.#doneAt = Math.max(this.#doneAt, now);
    return expired;
  }

  freedAt(ring: Ring, weight: number, _now: number, held: number): number {
    return this.#from(ring) + weight / (this.#perPermit * held) + ROUNDED_MS;
  }

  nextAt(ring: Ring, now: number, held: number): number {
    if (ring.size === 0) return Infinity;
    const some = Math.min(ring.weight, Math.max(1, held * LOOK_SHARE));
    return this.freedAt(ring, some, now, held);
  }

  roomAt(ring: Ring, missing: number, now: number, most: number): number {
    const from = ring.size > 0 ? this.#from(ring) : now + CLOCK_GRAIN_MS;
    return from + missing / (this.#perPermit * most) + ROUNDED_MS;
  }

  lighten(ring: Ring, at: number, by: number): void {
    ring.lighten(at, by);
  }

  ahead(): Turnover {
    const copy = new Refill(this.#perPermit, 1);
    copy.#doneAt = this.#doneAt;
    return copy;
  }

  /** From when on the oldest comes back. */
  #from(ring: Ring): number {
    return Math.max(this.#doneAt, ring.at(0) + CLOCK_GRAIN_MS);
  }
}

/**
 * A calendar window: what was answered is free again when the next day or month begins, by the wall clock. An attempt that is
 * in flight then counts in both: the server may have counted it before or after. The ring holds ends of periods, in Unix ms.
 */
class CalendarReset implements Turnover {
  readonly lookMs: number;
  readonly #calendar: Calendar;
  readonly #clock: WindowClock;
  readonly #shortestMs: number;

  constructor(calendar: Calendar, clock: WindowClock, shortestMs: number, lookMs: number = LOOK_MS) {
    this.lookMs = lookMs;
    this.#calendar = calendar;
    this.#clock = clock;
    this.#shortestMs = shortestMs;
  }

  add(ring: Ring, at: number, weight: number): void {
    const end = this.#endOf(at);
    if (ring.last >= end) ring.thicken(weight);
    else ring.push(end, weight);
  }

  expire(ring: Ring): number {
    let expired = 0;
    const wall = this.#clock.wall();
    while (ring.size > 0 && ring.at(0) + CLOCK_GRAIN_MS <= wall) expired += ring.shift();
    if (ring.size > 0) this.#mend(ring, wall);
    return expired;
  }

  freedAt(ring: Ring, weight: number, now: number): number {
    return this.#momentOf(ring.reaching(weight) ?? Infinity, now);
  }

  nextAt(ring: Ring, now: number): number {
    return ring.size === 0 ? Infinity : this.#momentOf(ring.at(0), now);
  }

  roomAt(ring: Ring, missing: number, now: number, most: number): number {
    let end = ring.size > 0 ? ring.at(0) : this.#calendar.at(this.#clock.wall()).end;
    let left = Math.ceil(missing / most - ROUNDING) - 1;
    for (let ahead = 0; left > 0 && ahead < MOST_PERIODS; ahead += 1) {
      ({ end } = this.#calendar.at(end));
      left -= 1;
    }
    return this.#momentOf(end + left * this.#shortestMs, now);
  }

  lighten(ring: Ring, at: number, by: number): void {
    ring.lighten(this.#endOf(at), by);
  }

  ahead(clock: WindowClock): Turnover {
    return new CalendarReset(this.#calendar, clock, this.#shortestMs, Infinity);
  }

  /** End of the period of a moment on the gate's clock. */
  #endOf(at: number): number {
    return this.#calendar.at(this.#clock.wall() - (this.#clock.now() - at)).end;
  }

  /** The wall clock was ahead by a period or more, and was set: what was counted counts in the current one. */
  #mend(ring: Ring, wall: number): void {
    const { end } = this.#calendar.at(wall);
    if (ring.last <= end || ring.last <= this.#calendar.at(end).end) return;
    const { weight } = ring;
    ring.clear();
    ring.push(end, weight);
  }

  /** The moment, on the gate's clock, at which the wall clock is past `wall` by its grain. */
  #momentOf(wall: number, now: number): number {
    return now + Math.max(0, wall + CLOCK_GRAIN_MS - this.#clock.wall());
  }
}
