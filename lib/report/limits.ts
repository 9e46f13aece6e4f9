import type { WindowSnapshot } from '../words/snapshot.ts';
import { duration } from './text.ts';

/** The parts of a window that its text needs. */
export type ToldWindow = Pick<WindowSnapshot, 'limit' | 'per' | 'kind' | 'zone' | 'unit'>;

/** A window's limit as text: `45 per 1 min`, `1000 per day in Europe/Paris`, `250, refilled at 25/s`, `one every 10 ms`. */
export function limitText({ limit, per, kind, zone = 'UTC', unit }: ToldWindow): string {
  const amount = unit === undefined || unit === 'requests' ? `${limit}` : `${limit} ${unit}`;
  switch (kind) {
    case 'spacing':
      return `one every ${duration(per)}`;
    case 'bucket':
      return `${amount}, refilled at ${rateText(limit, per)}`;
    case undefined:
      return `${amount} per ${duration(per)}`;
    default:
      return `${amount} per ${kind} in ${zone}`;
  }
}

/** A rate per the shortest unit of time in which it is at least 1: `25/s`, `1.5/min`. */
export function rateText(limit: number, per: number): string {
  const units: [string, number][] = [
    ['s', 1000],
    ['min', 60_000],
    ['h', 3_600_000],
    ['d', 86_400_000],
  ];
  const [unit, length] =
    units.find(([, ms]) => (limit / per) * ms > 0.999) ?? (units.at(-1) as [string, number]);
  return `${Number(((limit / per) * length).toPrecision(4))}/${unit}`;
}
