import type { QuotaRef, Window } from '../../index.ts';
import { type CalendarUnit, calendarOf } from '../../time/calendar.ts';
import type { Scenario } from './settings.ts';

/** Times that the limits require, in ms. */
export interface Ideal {
  /** From the start of the first call to the end of the last. */
  readonly idealMs: number;
  /** Time of the longest call. */
  readonly longestMs: number;
}

/**
 * Times that the limits require: each call is sent as soon as all of its windows have room, as if the limits were
 * known exactly and nothing failed.
 *
 * @param draws the quotas of each call, in order
 */
export function idealOf(draws: readonly (readonly QuotaRef[])[], scenario: Scenario): Ideal {
  const { everyMs, concurrency, capacity, kind, startAt } = scenario;
  const latencyMs = (scenario.latencyMs[0] + scenario.latencyMs[1]) / 2;
  const windows = new Map<string, Counted>();
  const ends: number[] = [];
  const most = Math.min(concurrency, capacity);
  let [last, longest] = [0, 0];
  for (const [index, refs] of draws.entries()) {
    let at = Math.max(index * everyMs, index < most ? 0 : (ends[index - most] as number));
    const began = Math.max(index * everyMs, index < concurrency ? 0 : (ends[index - concurrency] as number));
    const admit: Counted[] = [];
    for (const { key, windows: limits, concurrency: most = Infinity } of refs) {
      const all: Window[] = most < Infinity ? [...limits, { limit: most, per: latencyMs }] : [...limits];
      for (const each of all) {
        if (each.of !== undefined && each.of !== 'requests') continue;
        const name = `${key} ${each.limit} ${each.per} ${each.kind} ${each.zone}`;
        const window = windows.get(name) ?? countedOf(each, kind, startAt);
        windows.set(name, window);
        admit.push(window);
      }
    }
    for (const window of admit) at = Math.max(at, window.opensAt());
    for (const window of admit) window.count(at);
    ends.push(at + latencyMs);
    last = Math.max(last, at + latencyMs);
    longest = Math.max(longest, at + latencyMs - began);
  }
  return { idealMs: last, longestMs: longest };
}

/** Count of a window. */
interface Counted {
  /** First moment with room. */
  opensAt(): number;
  count(at: number): void;
}

function countedOf({ limit, per, kind, zone = 'UTC' }: Window, usual: string, startAt: number): Counted {
  if (kind === 'day' || kind === 'month') return calendar(limit, kind, zone, startAt);
  if (kind === 'bucket' || (kind === undefined && usual === 'bucket' && per > 0)) return bucket(limit, per);
  return rolling(limit, per);
}

function calendar(limit: number, unit: CalendarUnit, zone: string, startAt: number): Counted {
  const endAt = (at: number): number => calendarOf(unit, zone).at(startAt + at).end - startAt;
  let [end, used] = [endAt(0), 0];
  return {
    opensAt: () => (used < limit ? 0 : end),
    count: (at) => {
      if (at >= end) [end, used] = [endAt(at), 0];
      used += 1;
    },
  };
}

function rolling(limit: number, per: number): Counted {
  const counted: number[] = [];
  return {
    opensAt: () => (counted.length < limit ? 0 : (counted.at(-limit) as number) + per),
    count: (at) => counted.push(at),
  };
}

function bucket(limit: number, per: number): Counted {
  const each = per / limit;
  /** Moment at which the bucket is full again. */
  let fullAt = 0;
  return {
    opensAt: () => fullAt - per + each,
    count: (at) => {
      fullAt = Math.max(fullAt, at) + each;
    },
  };
}
