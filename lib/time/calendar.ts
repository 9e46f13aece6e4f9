/** Days and months of the calendar, in any time zone. */

/** Unit of a calendar window. */
export type CalendarUnit = 'day' | 'month';

/** A day or month, from its start to the start of the next; Unix ms. */
export interface Period {
  readonly start: number;
  readonly end: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Maximum length of a day or month in a zone, in ms: except in UTC, daylight saving time may end within it. */
export function longestPeriodMs(unit: CalendarUnit, zone: string = 'UTC'): number {
  return (unit === 'day' ? DAY_MS : 31 * DAY_MS) + (zone === 'UTC' ? 0 : HOUR_MS);
}

/** Whether `zone` is the IANA name of a time zone known to this runtime. */
export function isZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).format(0) !== '';
  } catch {
    return false;
  }
}

/**
 * The days or months of one zone. A day begins at its first moment, which is not midnight if clocks go forward then.
 *
 * The runtime's time zone database gives the local time at any moment; a search finds the moment at which a date begins.
 * (Temporal would give it directly, but Node.js 22 and 24 lack it.)
 */
export class Calendar {
  readonly #unit: CalendarUnit;
  readonly #format: Intl.DateTimeFormat;
  #last: Period = { start: 0, end: 0 };

  constructor(unit: CalendarUnit, zone: string) {
    this.#unit = unit;
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  }

  /** The period that contains this moment. */
  at(moment: number): Period {
    const { start, end } = this.#last;
    if (moment < start || moment >= end) this.#last = this.#find(moment);
    return this.#last;
  }

  /** Computes the period that contains this moment. */
  #find(moment: number): Period {
    const local = new Date(this.#shown(moment));
    const [year, month] = [local.getUTCFullYear(), local.getUTCMonth()];
    const daily = this.#unit === 'day';
    const first = (step: number): number =>
      daily ? Date.UTC(year, month, local.getUTCDate() + step) : Date.UTC(year, month + step);
    let end = this.#begin(first(1));
    // A zone may skip a day when it moves across the date line.
    for (let step = 2; end <= moment; step += 1) end = this.#begin(first(step));
    return { start: Math.min(moment, this.#begin(first(0))), end };
  }

  /** First moment at which the zone's clocks show this date or a later one. */
  #begin(date: number): number {
    let [before, from] = [date - DAY_MS, date + DAY_MS];
    while (from - before > 1) {
      const middle = Math.floor((before + from) / 2);
      if (this.#shown(middle) >= date) from = middle;
      else before = middle;
    }
    return from;
  }

  /** The zone's local time at a moment, as if it were UTC. */
  #shown(moment: number): number {
    const parts: Record<string, number> = {};
    for (const { type, value } of this.#format.formatToParts(moment)) parts[type] = Number(value);
    const { year = 0, month = 1, day, hour, minute, second } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second) + (Math.floor(moment) % 1000);
  }
}

const known = new Map<string, Calendar>();

/** The calendar of a zone, shared by all windows. */
export function calendarOf(unit: CalendarUnit, zone: string): Calendar {
  const key = `${unit} ${zone}`;
  let calendar = known.get(key);
  if (!calendar) {
    calendar = new Calendar(unit, zone);
    known.set(key, calendar);
  }
  return calendar;
}
