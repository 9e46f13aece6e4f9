import { OptionsError } from '../../index.ts';
import { counted, duration } from '../../report/text.ts';
import { systemClock } from '../../time/clock.ts';
import { type Answer, EXIT, OutsideError, type Surroundings } from '../answer.ts';
import { bullets } from '../output.ts';
import { countIn, durationIn, headersIn, requestIn } from '../values.ts';
import type { Finding } from './openings.ts';
import { type Found, Session } from './session.ts';

/** Options of `headgate probe`. */
export interface ProbeFlags {
  readonly requests: string;
  readonly for?: string;
  readonly method?: string;
  readonly header?: readonly string[];
  readonly concurrency?: string;
}

const METHODS = ['GET', 'HEAD', 'OPTIONS'];
const BECAUSE: Readonly<Record<Finding['from'], string>> = {
  stated: 'the API states it in its headers',
  refusals: 'its refusals show it',
  guess: 'a guess after one refusal: give it more time (--for) to be sure',
};

/** `headgate probe`: learns the limits of an endpoint within a budget of requests, and prints a policy that declares them. */
export async function probe(
  text: string,
  flags: ProbeFlags,
  { width, aside }: Surroundings,
): Promise<Answer> {
  const asked = requestIn('URL', text);
  const url = new URL(asked.url);
  if (url.username !== '' || url.password !== '')
    throw new OptionsError('URL', text, `no user or password: give --header 'authorization: Basic …'`);
  const method = (flags.method ?? asked.method).toUpperCase();
  if (asked.method !== method && /^[a-z]+\s/i.test(text.trim()))
    throw new OptionsError('--method', method, `${asked.method}, as the request says, or nothing`);
  if (!METHODS.includes(method))
    throw new OptionsError('--method', method, `${METHODS.join(', ')}: a probe must change nothing`);
  const settings = {
    url,
    method,
    headers: headersIn('--header', flags.header ?? []),
    requests: countIn('--requests', flags.requests),
    forMs: durationIn('--for', flags.for ?? '2m'),
    concurrency: countIn('--concurrency', flags.concurrency ?? '10'),
  };
  const found = await new Session(settings, systemClock, globalThis.fetch, (line) => aside(line)).run();
  if (found.answer && found.served === 0) throw new OutsideError(answered(found));
  const { windows, concurrency } = found;
  const known = windows.length > 0 || concurrency !== undefined;
  const policy = policyOf(url, found);
  const sentences = sentencesOf(found);
  // Messages go to standard error, so that the policy can be redirected to a file.
  aside(bullets(sentences, width));
  return {
    json: { ...found, url: `${url.origin}${url.pathname}`, policy: known ? policy : null, sentences },
    text: known ? JSON.stringify(policy, null, 2) : '',
    exit: known ? EXIT.OK : EXIT.NO,
  };
}

function policyOf(url: URL, { windows, concurrency }: Found): object {
  return {
    quotas: [
      {
        match: { host: url.host },
        ...(windows.length > 0 && {
          windows: windows.map(({ limit, perMs }) => ({ limit, per: written(perMs) })),
        }),
        ...(concurrency !== undefined && { concurrency }),
      },
    ],
  };
}

/** A duration as a policy writes it: `1m`, `1500ms`. */
function written(ms: number): string {
  for (const [unit, length] of [
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
  ] as const)
    if (ms % length === 0) return `${ms / length}${unit}`;
  return `${Math.ceil(ms)}ms`;
}

function sentencesOf(found: Found): string[] {
  const { windows, concurrency, stated, sent, served, refused, tookMs, ended, waitMs } = found;
  const sentences = windows.map(
    ({ limit, perMs, from }) =>
      `At most ${counted(limit, 'request')} in any ${duration(perMs)}: ${BECAUSE[from]}.`,
  );
  if (concurrency !== undefined) sentences.push(`At most ${counted(concurrency, 'request')} in flight.`);
  const unwindowed = stated.find(({ limit, windowMs }) => limit !== undefined && windowMs === undefined);
  if (unwindowed)
    sentences.push(
      `Its headers state what remains of ${unwindowed.limit}: a gate follows them without a declaration.`,
    );
  if (windows.length === 0 && concurrency === undefined) sentences.push('No limit was reached.');
  const why = {
    found: 'the limits are known',
    requests: 'the budget of requests is used up',
    time: 'the time is up (--for)',
    wait: `the endpoint asks for a wait of ${duration(waitMs ?? 0)}, longer than the time left (--for)`,
    answer: answered(found),
  };
  sentences.push(
    `${counted(sent, 'request')} in ${duration(tookMs)}, ${served} served and ${refused} refused. It ended because ${why[ended]}.`,
  );
  return sentences;
}

function answered({ answer }: Found): string {
  const { what = '', fault = false, hint } = answer ?? {};
  return `${fault ? 'the request failed:' : 'the endpoint answered'} ${what}${hint === undefined ? '' : `: ${hint.replace(/\.$/, '')}`}`;
}
