import { OptionsError } from '../index.ts';
import { report as page, readRecord } from '../report/index.ts';
import { summaryOf } from '../report/summary.ts';
import { counted, duration } from '../report/text.ts';
import { type Answer, EXIT, type Surroundings, writeReport } from './answer.ts';
import { bullets, pairs, wrapped } from './output.ts';

/** Options of `headgate report`. */
export interface ReportFlags {
  readonly output?: string;
  readonly title?: string;
}

/** `headgate report`: draws a record as a page, and prints its advice. */
export async function report(
  file: string,
  { output, title }: ReportFlags,
  { width }: Surroundings,
): Promise<Answer> {
  const made = await readRecord(file).catch((error: Error & { code?: string }) => {
    throw new OptionsError(
      '<record.jsonl>',
      error.code ? `${file} (${error.code})` : file,
      `a record that record(gate, { file }) wrote${error.code ? '' : `: ${error.message}`}`,
    );
  });
  const target = output ?? file.replace(/(?:\.jsonl?)?$/, '.html');
  writeReport(target, page(made, title === undefined ? {} : { title }));
  const { gate, from, to, totals, advice, quotas } = summaryOf(made, title ?? '');
  return {
    json: {
      report: target,
      gate,
      from,
      to,
      totals,
      quotas: quotas.map(({ key, limits, closed, calls, failed, attempts, refusals }) => ({
        quota: key,
        limits,
        closed,
        calls,
        failed,
        attempts,
        refused: refusals,
      })),
      advice,
    },
    text: [
      pairs(
        [
          ['Gate', gate === '' ? 'an empty record' : gate],
          ['Time', duration(to - from)],
          [
            'Calls',
            `${totals.succeeded.toLocaleString('en-US')} succeeded, ${totals.failed} failed${totals.open > 0 ? `, ${totals.open} still open` : ''}`,
          ],
          ['Attempts', `${totals.attempts.toLocaleString('en-US')}, ${totals.refused} refused with a 429`],
          ['Took', `half at most ${duration(totals.p50)}, 99 % at most ${duration(totals.p99)}`],
          ...(totals.dropped > 0 ? [['Dropped', `${counted(totals.dropped, 'earlier call')}`] as const] : []),
        ],
        width,
      ),
      bullets(advice, width),
      wrapped(`Report: ${target}`, width),
    ].join('\n\n'),
    exit: EXIT.OK,
  };
}
