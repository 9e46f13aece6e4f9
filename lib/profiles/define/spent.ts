import { durationMs } from '../../classify/moment.ts';
import type { QuotaRef, Window } from '../../words/types.ts';
import type { QuotaDefinition } from './definition.ts';
import { Json } from './json.ts';
import { listOf } from './requests.ts';

/** Where an answer tells what its request cost, by unit. */
export type Places = NonNullable<QuotaDefinition['spent']>;

/** Reads from headers and JSON bodies what an answer says that its request cost. Absent where no place is given. */
export function spentOf(places: Places): QuotaRef['spent'] {
  const entries = Object.entries(places);
  if (entries.length === 0) return undefined;
  return ({ headers, body }) => {
    const json = new Json(body, true);
    const spent: Record<string, number> = {};
    for (const [unit, place] of entries) {
      const at = place.slice(place.indexOf(':') + 1);
      const told = place.startsWith('header:') ? listOf(headers?.[at.toLowerCase()])[0] : json.at(at);
      const amount = amountOf(told);
      if (amount >= 0 && amount < Infinity) spent[unit] = amount;
    }
    return spent;
  };
}

/** A number, or the seconds of a duration such as `00:00:19.0625`; `NaN` if it is neither. */
function amountOf(told: string | number | undefined): number {
  if (told === undefined || told === '') return Number.NaN;
  const ms = durationMs(String(told));
  return ms === undefined ? Number(told) : ms / 1000;
}

/** What a quota with these windows reads: places of units that none of them counts are not looked at. */
export function spentBy(places: Places, windows: readonly Window[]): Pick<QuotaRef, 'spent' | 'seldom'> {
  const units = new Set(windows.map(({ of = 'requests' }) => of));
  const counted = Object.entries(places).filter(([unit]) => units.has(unit));
  const spent = spentOf(Object.fromEntries(counted));
  const seldom = counted.some(([, place]) => !place.startsWith('header:'));
  // `spent` is present even where it is undefined: what the profile reads otherwise is for declared quotas.
  return { spent, ...(seldom && { seldom }) };
}
