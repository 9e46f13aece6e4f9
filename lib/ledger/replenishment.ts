import { type Calendar, calendarOf } from '../time/calendar.ts';
import { CLOCK_GRAIN_MS } from '../time/clock.ts';
import type { Window } from '../words/types.ts';
import { type Ring, ROUNDING } from './ring.ts';

/** Maximum interval of checking the wall clock while attempts wait for it, in ms: it may jump, or advance while a machine sleeps. */
const LOOK_MS = 60_000;
/** Number of future periods to look up; later ones count as the shortest possible. */
const MOST_PERIODS = 64;
const SHORTEST_MS = { day: 23 * 3_600_000, month: 28 * 24 * 3_600_000 - 3_600_000 } as const;
/** Maximum rounding error of a computed moment, in ms, added so that the awaited permits are then free. */
const ROUNDED_MS = 0.001;
/** Fraction of a bucket whose refill is worth a check. */
const LOOK_SHARE = 0.02;

/** A clock, as windows read it. */
export interface WindowClock {
  now(): number;
  /** Unix ms on the wall clock. */
  wall(): number;
}

/** How used permits become free again, if not `per` after the response. */
export interface Replenishment {
  /** Maximum time until the next check, in ms. */
  readonly lookMs: number;
  /** Adds a response that came, or counts from, `at`. */
  add(ring: Ring, at: number, weight: number): void;
  /** Removes from the ring what is free again at `now`. Returns its weight. @param held number of permits held */
  expire(ring: Ring, now: number, held: number): number;
  /** Moment at which this weight of the ring is free again. */
  freedAt(ring: Ring, weight: number, now: number, held: number): number;
  /** Next moment at which to check for freed permits; `Infinity` if there is none. */
  nextAt(ring: Ring, now: number, held: number): number;
  /** Earliest moment with room for `missing` more permits, of `most` in all: a lower bound. */
  roomAt(ring: Ring, missing: number, now: number, most: number): number;
  /** The replenishment of a copy of the ring, by a clock that runs ahead. */
  ahead(clock: WindowClock): Replenishment;
  /** Reduces by `by` the weight of what came at `at`. */
  lighten(ring: Ring, at: number, by: number): void;
}

/** The replenishment of a window; `undefined` for a rolling one. */
export function replenishmentOf(
  { kind, limit, per, zone }: Window,
  clock: WindowClock,
): Replenishment | undefined {
  if (kind === undefined || kind === 'spacing') return undefined;
  return kind === 'bucket'
    ? new Refill(limit / per, limit)
    : new CalendarReset(calendarOf(kind, zone ?? 'UTC'), clock, SHORTEST_MS[kind]);
}

/**
 * A token bucket: used permits come back at a steady rate, the oldest first.
 *
 *     used(t) = in flight + max over s of ( |{ r in responses : r ≥ s }| − rate · (t − s) )
 *
 * A server's bucket of `limit` never runs dry if every [s, t] has at most limit + rate · (t − s) requests. The server may count
 * a request at any time between sending and response, so it counts here from the response: nothing refills while in flight.
 *
 * The holder of a fraction of a bucket has the same fraction of its rate, so that all parts together never exceed the whole:
 * each permit carries its part of the rate.
 */
class Refill implements Replenishment {
  readonly lookMs: number = Infinity;
  /** Number of permits per ms that come back for each permit held. */
  readonly #perPermit: number;
  /** Moment up to which the refill has been taken out of the ring. */
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

  ahead(): Replenishment {
    const copy = new Refill(this.#perPermit, 1);
    copy.#doneAt = this.#doneAt;
    return copy;
  }

  /** Moment from which the oldest comes back. */
  #from(ring: Ring): number {
    return Math.max(this.#doneAt, ring.at(0) + CLOCK_GRAIN_MS);
  }
}

/**
 * A calendar window: what was answered is free again when the next day or month begins, by the wall clock. An attempt in flight
 * at that moment counts in both periods: the server may have counted it in either. The ring holds ends of periods, in Unix ms.
 */
class CalendarReset implements Replenishment {
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

  ahead(clock: WindowClock): Replenishment {
    return new CalendarReset(this.#calendar, clock, this.#shortestMs, Infinity);
  }

  /** End of the period that contains a moment on the gate's clock. */
  #endOf(at: number): number {
    return this.#calendar.at(this.#clock.wall() - (this.#clock.now() - at)).end;
  }

  /** If the wall clock was ahead by a period or more and has been corrected, moves everything to the current period. */
  #mend(ring: Ring, wall: number): void {
    const { end } = this.#calendar.at(wall);
    if (ring.last <= end || ring.last <= this.#calendar.at(end).end) return;
    const { weight } = ring;
    ring.clear();
    ring.push(end, weight);
  }

  /** Moment on the gate's clock at which the wall clock is past `wall`, plus the grain. */
  #momentOf(wall: number, now: number): number {
    return now + Math.max(0, wall + CLOCK_GRAIN_MS - this.#clock.wall());
  }
}
