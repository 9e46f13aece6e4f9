import { loadPolicy } from '../../policy-file/index.ts';
import { report } from '../../report/index.ts';
import { counted, duration, percent } from '../../report/text.ts';
import { type Answer, EXIT, type Surroundings, writeReport } from '../answer.ts';
import { bullets, pairs, wrapped } from '../output.ts';
import { compared } from './compare.ts';
import { type Figures, figuresOf } from './figures.ts';
import { run } from './run.ts';
import { type Scenario, type SimulateFlags, scenarioOf } from './settings.ts';

/** Options of `headgate simulate`. */
export interface Flags extends SimulateFlags {
  readonly report?: string;
  readonly compare?: string;
}

/** `headgate simulate`: runs the library itself under a policy, against a model of an API, on a virtual clock. */
export async function simulate(policy: string, flags: Flags, { width }: Surroundings): Promise<Answer> {
  const scenario = scenarioOf(flags);
  // Both are read before either runs, so that a mistake in the second is reported at once.
  const options = [policy, ...(flags.compare === undefined ? [] : [flags.compare])].map((file) => ({
    file,
    options: loadPolicy(file).options,
  }));
  const all: Figures[] = [];
  for (const { file, options: each } of options) {
    const made = await run(each, scenario);
    const figures = figuresOf(file, made);
    if (flags.report !== undefined && all.length === 0) {
      writeReport(flags.report, report(made.record, { title: `Simulation of ${file}` }));
      all.push({ ...figures, report: flags.report });
    } else all.push(figures);
  }
  const [first, second] = all as [Figures, Figures?];
  const exit = all.every(({ calls }) => calls.failed === 0 && calls.open === 0) ? EXIT.OK : EXIT.NO;
  if (!second) return { json: first, text: textOf(first, scenario, width), exit };
  const { better, advice } = compared(first, second);
  return {
    json: { policies: all, better, advice },
    text: [
      heading(first, scenario, width),
      rows(all, width),
      bullets(advice, width),
      ...paths(first, width),
    ].join('\n\n'),
    exit,
  };
}

function textOf(figures: Figures, scenario: Scenario, width: number): string {
  return [
    heading(figures, scenario, width),
    rows([figures], width),
    bullets([...figures.advice, ...figures.warnings], width),
    ...paths(figures, width),
  ].join('\n\n');
}

function paths({ report: page }: Figures, width: number): string[] {
  return page === undefined ? [] : [wrapped(`Report: ${page}`, width)];
}

function heading({ calls, requests, limits }: Figures, scenario: Scenario, width: number): string {
  const { everyMs, concurrency, latencyMs, faults, outages, capacity } = scenario;
  const [from, to] = latencyMs;
  const pace = [
    everyMs > 0 ? `one every ${duration(everyMs)}` : concurrency === Infinity && 'all at once',
    concurrency < Infinity && `at most ${concurrency} open`,
  ].filter(Boolean);
  const [first = '', ...more] = requests;
  const api = [
    limits.length > 0 ? limits.join('; ') : 'no limit',
    `answers in ${from === to ? duration(from) : `${duration(from)} to ${duration(to)}`}`,
    capacity < Infinity && `handles ${capacity} at once`,
    ...faults.map(({ what, share }) => `${percent(share)} ${what}`),
    ...outages.map(({ fromMs, toMs }) => `down for ${duration(toMs - fromMs)} at ${duration(fromMs)}`),
  ].filter(Boolean);
  return [
    `${counted(calls.total, 'call')}, ${pace.join(', ')}: ${first}${more.length > 0 ? ` and ${counted(more.length, 'other')}` : ''}`,
    `The API: ${api.join('; ')}`,
  ]
    .map((line) => wrapped(line, width))
    .join('\n');
}

function rows(all: readonly Figures[], width: number): string {
  const each = (of: (figures: Figures) => string): string[] => all.map(of);
  const names: [string, ...string[]][] =
    all.length > 1 ? [['', ...each(({ policy }) => policy)]] : [['Policy', ...each(({ policy }) => policy)]];
  return pairs(
    [
      ...names,
      [
        'Finished',
        ...each(({ finishedMs }) =>
          finishedMs === null ? 'not in 90 days' : `after ${duration(finishedMs)}`,
        ),
      ],
      ['Ideal', ...each(({ idealMs }) => duration(idealMs))],
      ['Calls', ...each(callsIn)],
      ['Attempts', ...each(attemptsIn)],
      ['Waste', ...each(({ waste }) => `${percent(waste)} of the attempts`)],
      [
        'Waits',
        ...each(
          ({ waits: { p50, p95, max } }) =>
            `median ${duration(p50)}, 95 % within ${duration(p95)}, longest ${duration(max)}`,
        ),
      ],
      ['Waiting', ...each(({ queued }) => `at most ${counted(queued, 'call')} at once`)],
    ],
    width,
  );
}

function callsIn({ calls: { succeeded, failed, open }, failures }: Figures): string {
  const causes = failures.slice(0, 3).map(({ reason, code, calls }) => `${calls} ${code ?? reason}`);
  return [
    `${succeeded.toLocaleString('en-US')} succeeded`,
    failed > 0 ? `${failed.toLocaleString('en-US')} failed (${causes.join(', ')})` : 'none failed',
    ...(open > 0 ? [`${open} still open`] : []),
  ].join(', ');
}

function attemptsIn({ attempts, refused, faulty, retries }: Figures): string {
  const parts = [
    refused > 0 && `${refused} refused with a 429`,
    faulty > 0 && `${faulty} failed otherwise`,
    retries > 0 && counted(retries, 'retry').replace('retrys', 'retries'),
  ].filter(Boolean);
  return `${attempts.toLocaleString('en-US')}${parts.length > 0 ? `: ${parts.join(', ')}` : ''}`;
}
