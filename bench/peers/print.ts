import Table from 'cli-table3';
import { medians } from './figures.ts';
import type { Figures, Trial, Variant, Work } from './types.ts';

/** The figures of one peer and variant: medians over the seeds. */
export interface Row {
  readonly peer: string;
  readonly variant: Variant;
  readonly seeds: number;
  readonly idealMs: number;
  readonly figures: Figures;
}

/** Trials of one work, put together by peer and variant. */
export function rowsOf(trials: readonly Omit<Trial, 'hits'>[]): Row[] {
  const groups = Map.groupBy(trials, ({ peer, variant }) => `${peer} ${variant}`);
  return [...groups.values()].map((group) => {
    const [{ peer, variant, idealMs }] = group as [Omit<Trial, 'hits'>];
    return {
      peer,
      variant,
      seeds: group.length,
      idealMs,
      figures: medians(group.map(({ figures }) => figures)),
    };
  });
}

/** What a table shows of a row; the same in the terminal and in the README. */
export const COLUMNS: readonly { readonly title: string; readonly cell: (figures: Figures) => string }[] = [
  { title: 'time / ideal', cell: ({ timeOverIdeal }) => timeOverIdeal.toFixed(2) },
  { title: 'attempts / call', cell: ({ attemptsPerCall }) => attemptsPerCall.toFixed(2) },
  { title: '429s', cell: ({ throttled }) => String(throttled) },
  { title: '5xx', cell: ({ failed }) => String(failed) },
  { title: '429s / success', cell: ({ throttledPerSuccess }) => throttledPerSuccess.toFixed(2) },
  { title: '5xx / success', cell: ({ failedPerSuccess }) => failedPerSuccess.toFixed(2) },
  { title: 'lost', cell: ({ lost }) => String(lost) },
  { title: 'p50', cell: ({ p50Ms }) => seconds(p50Ms) },
  { title: 'p99', cell: ({ p99Ms }) => seconds(p99Ms) },
];

function seconds(ms: number): string {
  if (Number.isNaN(ms)) return '-';
  return ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(2)} s`;
}

/** Prints one work's trials. */
export function printTrials(work: Work, trials: readonly Trial[]): void {
  const rows = rowsOf(trials);
  const herd = work.name === 'herd';
  const routes = work.routes !== undefined;
  const table = new Table({
    head: [
      'peer',
      'variant',
      'seeds',
      ...COLUMNS.map(({ title }) => title),
      ...(herd ? ['most in 100 ms'] : []),
      ...(routes ? ['longest wait of a route'] : []),
    ],
    style: { head: [], border: [] },
  });
  for (const { peer, variant, seeds, figures } of rows) {
    const cells = COLUMNS.map(({ cell }) => cell(figures));
    const more = [...(herd ? [figures.herd] : []), ...(routes ? [seconds(figures.starvedMs)] : [])];
    table.push([peer, variant, seeds, ...cells, ...more]);
  }
  console.log(`\n${work.name}: ${work.title}. Ideal: ${((rows[0]?.idealMs ?? 0) / 1000).toFixed(2)} s`);
  console.log(table.toString());
}
