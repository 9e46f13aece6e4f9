import * as v from 'valibot';
import type { AgreedWindow, FoundWindow } from '../ledger/ledger.ts';

/** Maximum number of windows agreed on. */
const MOST = 3;
/** Maximum difference in length at which a finding counts as the same window: fraction of the length, and ms. */
const ALIKE = 0.25;
const ALIKE_MS = 1000;
/** Unit to which lengths are rounded up, in ms, and maximum shortfall for that, as a fraction. */
const ROUND_MS = 1000;
const ROUND = 0.05;
/** Number of window lengths before a higher limit is tried: initial, maximum, and growth after each failure. */
const FIRST = 6;
const MOST_EVERY = 32;
const GROWTH = 2;
/** Maximum growth of a limit in one trial, as a fraction of it. */
const MOST_STEP = 0.5;

/** What the processes of a fleet agreed on, as stored in Redis. */
export interface Agreed {
  readonly windows: readonly AgreedWindow[];
  /** Number of consecutive full window lengths before a higher limit is tried. */
  readonly every: number;
  /** The trial of a higher limit under way: the window's id, and the last limit proved. */
  readonly trial?: { readonly id: number; readonly limit: number } | undefined;
}

/** Nothing is agreed on. */
export const NONE: Agreed = { windows: [], every: FIRST };

const number = v.pipe(v.number(), v.finite(), v.minValue(1));
const per = v.pipe(v.number(), v.finite(), v.minValue(0));
const schema = v.object({
  windows: v.pipe(v.array(v.object({ id: number, limit: number, per })), v.maxLength(MOST)),
  every: number,
  trial: v.optional(v.object({ id: number, limit: number })),
});

/** Parses what Redis stores; `undefined` if it is invalid. */
export function parse(text: string): Agreed | undefined {
  try {
    const { success, output } = v.safeParse(schema, JSON.parse(text));
    return success ? output : undefined;
  } catch {
    return undefined;
  }
}

/** Adds found windows to the agreed ones. A finding replaces an older one of about the same length. */
export function merged(agreed: Agreed, found: readonly FoundWindow[]): Agreed {
  let windows = agreed.windows;
  let id = Math.max(0, ...windows.map((each) => each.id));
  for (const each of found) {
    const per = rounded(each.per);
    const old = windows.find((other) => Math.abs(other.per - per) <= Math.min(ALIKE_MS, other.per * ALIKE));
    const made = { id: old?.id ?? ++id, limit: each.limit, per };
    // A longer window that allows no more makes a shorter one superfluous.
    windows = windows.filter((other) => other !== old && !(other.per <= per && other.limit >= made.limit));
    if (made.limit === Infinity) continue;
    windows = [...windows, made].sort((a, b) => a.per - b.per).slice(-MOST);
  }
  return { windows, every: FIRST };
}

/** Tries a higher limit for a window: higher by 1, 2, 4, … */
export function raised(agreed: Agreed, id: number): Agreed {
  const { windows, trial } = agreed;
  const window = windows.find((each) => each.id === id);
  if (!window) return agreed;
  const step = trial?.id === id ? 2 * (window.limit - trial.limit) : 1;
  const limit = window.limit + Math.max(1, Math.min(step, Math.floor(window.limit * MOST_STEP)));
  return {
    windows: windows.map((each) => (each === window ? { ...each, limit } : each)),
    every: 1,
    trial: { id, limit: window.limit },
  };
}

/** Restores the proved limit after a refused trial, which had begun after `every`; the next trial comes later. */
export function lowered({ windows, trial }: Agreed, every: number): Agreed {
  return {
    windows: windows.map((each) => (each.id === trial?.id ? { ...each, limit: trial.limit } : each)),
    every: Math.min(MOST_EVERY, every * GROWTH),
  };
}

/** Rounds an estimated length up to whole seconds if it falls just short of them, as most windows are whole seconds. */
function rounded(per: number): number {
  const whole = Math.ceil(per / ROUND_MS) * ROUND_MS;
  return whole - per <= whole * ROUND ? whole : Math.ceil(per);
}
