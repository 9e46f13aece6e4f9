import { durationMs } from '../../classify/moment.ts';
import type { QuotaRef, Window } from '../../words/types.ts';
import type { QuotaDefinition } from './definition.ts';
import { Json } from './json.ts';
import { listOf } from './requests.ts';

/** Places where an answer states what its request cost, by unit. */
export type Places = NonNullable<QuotaDefinition['spent']>;

/** Makes a reader of costs from an answer's headers and JSON body; `undefined` if there are no places. */
export function spentOf(places: Places): QuotaRef['spent'] {
  const entries = Object.entries(places);
  if (entries.length === 0) return undefined;
  return ({ headers, body }) => {
    const json = new Json(body, true);
    const spent: Record<string, number> = {};
    for (const [unit, place] of entries) {
      const at = place.slice(place.indexOf(':') + 1);
      const stated = place.startsWith('header:') ? listOf(headers?.[at.toLowerCase()])[0] : json.at(at);
      const amount = amountOf(stated);
      if (amount >= 0 && amount < Infinity) spent[unit] = amount;
    }
    return spent;
  };
}

/** A number, or the seconds of a duration such as `00:00:19.0625`; `NaN` if it is neither. */
function amountOf(stated: string | number | undefined): number {
  if (stated === undefined || stated === '') return Number.NaN;
  const ms = durationMs(String(stated));
  return ms === undefined ? Number(stated) : ms / 1000;
}

/** The reader of a quota with these windows; it skips units that no window counts. */
export function spentBy(places: Places, windows: readonly Window[]): Pick<QuotaRef, 'spent' | 'seldom'> {
  const units = new Set(windows.map(({ of = 'requests' }) => of));
  const counted = Object.entries(places).filter(([unit]) => units.has(unit));
  const spent = spentOf(Object.fromEntries(counted));
  const seldom = counted.some(([, place]) => !place.startsWith('header:'));
  // Present even if undefined: an absent `spent` would be replaced by the profile's own reading of all units.
  return { spent, ...(seldom && { seldom }) };
}
