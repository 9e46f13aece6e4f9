import type { QuotaSnapshot } from '../words/snapshot.ts';
import { limitText, type ToldWindow } from './limits.ts';
import { namesOf } from './names.ts';
import type { Tally } from './tally.ts';
import { counted, duration } from './text.ts';

/** Draws a share from 0 to 1 as a bar of text. */
export type DrawBar = (share: number) => string;

/** A batch of calls: its size, and the number of calls that have ended. */
export interface Batch {
  readonly calls: number;
  readonly ended: number;
}

type Window = QuotaSnapshot['windows'][number];

/** Maximum length of a quota's name in a row. */
const MAX_NAME = 40;
/** Minimum length to which it is cut on a narrow terminal. */
const MIN_NAME = 16;

/** A quota's declared windows, or else the learned ones. */
function windowsOf({ windows, learned }: QuotaSnapshot): readonly (ToldWindow & Pick<Window, 'used'>)[] {
  return windows.length > 0 ? windows : (learned?.windows ?? []);
}

/** The window with the largest used share. */
function tightest(quota: QuotaSnapshot): ReturnType<typeof windowsOf>[number] | undefined {
  return windowsOf(quota)
    .filter(({ kind }) => kind !== 'spacing')
    .sort((a, b) => b.used / b.limit - a.used / a.limit)[0];
}

/** One line for each quota used since the tally began, the busiest first: use, queue, pause, rate, retries. */
export function rowsOf(
  quotas: readonly QuotaSnapshot[],
  tally: Tally,
  now: number,
  most: number,
  bar: DrawBar,
  columns: number = Infinity,
): string[] {
  const used = quotas.filter(
    ({ key, queued, inFlight, pausedUntil = 0 }) =>
      queued > 0 || inFlight > 0 || pausedUntil > now || tally.used(key),
  );
  const busiest = used.sort((a, b) => b.queued + b.inFlight - (a.queued + a.inFlight)).slice(0, most);
  const names = namesOf(quotas.map(({ key }) => key));
  const width = Math.min(MAX_NAME, Math.max(0, ...busiest.map(({ key }) => names.get(key)?.length ?? 0)));
  const parts = busiest.map((quota) => {
    const { key, queued, inFlight, pausedUntil, learned } = quota;
    const window = tightest(quota);
    const { retries } = tally.of(key);
    const use = window && `${window.used}/${limitText(window)}`;
    return [
      [0, fitted(names.get(key) ?? key, Math.min(width, Math.max(MIN_NAME, Math.floor(columns / 3))))],
      [3, window && bar(window.used / window.limit), ' '],
      [1, use ?? 'no known limit'],
      [1, `${queued} queued`],
      [4, `${inFlight} in flight`],
      [1, pausedUntil !== undefined && pausedUntil > now && `closed for ${duration(pausedUntil - now)}`],
      [1, learned?.outage && 'outage'],
      [5, `${tally.rate(key, now).toFixed(1)}/s`],
      [2, retries > 0 && (retries === 1 ? '1 retry' : `${retries} retries`)],
    ] as const;
  });
  const rows = linesWithin(columns, parts);
  const more = quotas.length - busiest.length;
  return more > 0 ? [...rows, `and ${counted(more, 'quieter quota')}`] : rows;
}

/** The line of a batch: progress, failures, and when it is expected to end. */
export function batchRow(
  { calls, ended }: Batch,
  failed: number,
  leftMs: number,
  bar: DrawBar,
  columns: number = Infinity,
): string {
  const parts: readonly Part[] = [
    [2, bar(Math.min(1, ended / calls)), ' '],
    [0, `${ended}/${calls} calls`],
    [1, failed > 0 && `${failed} failed`],
    [1, leftMs > 0 && leftMs < Infinity && `at least ${duration(leftMs)} left`],
  ];
  return linesWithin(columns, [parts])[0] as string;
}

/**
 * Minimum time until `left` calls have been sent, in ms. Calls not yet queued or in flight are assumed to draw on the
 * quotas in proportion to the present load. `forecast` gives the time until a number of further calls would be sent.
 */
export function etaMs(
  left: number,
  quotas: readonly Pick<QuotaSnapshot, 'key' | 'queued' | 'inFlight'>[],
  forecast: (key: string, calls: number) => number,
): number {
  const open = quotas.reduce((sum, { queued, inFlight }) => sum + queued + inFlight, 0);
  const more = Math.max(0, left - open);
  const all = quotas.map(({ key, queued, inFlight }) => {
    const share = open > 0 ? (queued + inFlight) / open : 1 / quotas.length;
    return queued + more > 0 ? forecast(key, Math.round(more * share)) : 0;
  });
  return Math.max(0, ...all);
}

/** A part of a row, and the gap after it. On a narrow terminal, the parts of the highest rank are dropped first. */
type Part = readonly [rank: number, text: string | false | undefined, gap?: string];

/** Highest rank of a part. */
const MAX_RANK = 5;

/** One line of at most `columns` for each row; all of them leave out the same ranks. */
function linesWithin(columns: number, rows: readonly (readonly Part[])[]): string[] {
  for (let rank = MAX_RANK; ; rank -= 1) {
    const lines = rows.map((parts) => lineOf(parts, rank));
    if (lines.every(({ length }) => length <= columns)) return lines;
    if (rank === 1)
      return lines.map((line) => (line.length > columns ? `${line.slice(0, columns - 1)}…` : line));
  }
}

function lineOf(parts: readonly Part[], most: number): string {
  return parts
    .filter(([rank, text]) => rank <= most && text !== undefined && text !== false)
    .map(([, text, gap = '  ']) => `${text}${gap}`)
    .join('')
    .trimEnd();
}

/** A name fitted to a width; a longer one is cut at its start, because its end distinguishes it. */
function fitted(name: string, width: number): string {
  return name.length > width ? `…${name.slice(1 - width)}` : name.padEnd(width);
}
