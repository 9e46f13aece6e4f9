import { readFileSync } from 'node:fs';
import { safeUrl } from '../events/safe-url.ts';
import {
  type Classification,
  type HeadgateOptions,
  OptionsError,
  type Outcome,
  type Profile,
} from '../index.ts';
import { readOptions } from '../options/read.ts';
import { optionsOf, PROFILE_NAMES } from '../policy-file/document.ts';
import { loadPolicy } from '../policy-file/index.ts';
import type { ProfileDefinition } from '../profiles/index.ts';
import { duration } from '../report/text.ts';
import { type Answer, EXIT, type Surroundings } from './answer.ts';
import { bullets, pairs } from './output.ts';
import { ownCode } from './own-codes.ts';
import { planOf } from './plan.ts';
import { definitionOf, typicalRequest } from './typical.ts';
import { headersIn, requestIn } from './values.ts';

/** Options of `headgate explain`. */
export interface ExplainFlags {
  readonly profile?: string;
  readonly policy?: string;
  readonly request?: string;
  readonly status?: string;
  readonly header?: readonly string[];
}

/** An answer to explain, or a fault. */
interface Given {
  readonly status?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | undefined;
  readonly error?: unknown;
  /** True for one of the profile's examples, whose ID is not real. */
  readonly exemplary?: boolean | undefined;
}

/** `headgate explain`: how a status, a code or a body is read, and what a gate would do. */
export async function explain(
  what: string,
  flags: ExplainFlags,
  { width, stdin }: Surroundings,
): Promise<Answer> {
  const options: HeadgateOptions = {
    ...(flags.policy === undefined ? {} : loadPolicy(flags.policy).options),
    ...(flags.profile === undefined ? {} : { profile: profileIn(flags.profile) }),
  };
  const { profile, policy, redact } = readOptions(options);
  const own = ownCode(what);
  if (own !== undefined) {
    refuseAnswer(what, flags, ['status', 'header']);
    return { json: { code: what, meaning: own }, text: `${what}\n\n${bullets([own], width)}`, exit: EXIT.OK };
  }
  const { method, url } =
    flags.request === undefined ? typicalRequest({ profile }) : requestIn('--request', flags.request);
  const request = { method, url: new URL(url) };
  const shown = `${method} ${safeUrl(request.url, redact)}`;
  const { exemplary = false, ...given } = await givenIn(what, flags, profile, request, stdin);
  const headers = { ...given.headers, ...headersIn('--header', flags.header ?? []) };
  const outcome: Outcome = { ...given, request, headers, receivedAt: Date.now() };
  const { correlationId: id, ...reading } = profile.classify(outcome);
  const read: Classification = exemplary || id === undefined ? reading : { ...reading, correlationId: id };
  const plan = planOf(read, request, policy, profile);
  const { verdict, status, code, correlationId, retryAfterMs, quota, unit, hint } = read;
  return {
    json: { profile: profile.name, request: shown, ...read, plan },
    text: [
      pairs(
        [
          ['Profile', profile.name],
          ['Request', shown],
          ...(status === undefined ? [] : [['Status', String(status)] as const]),
          ...(code === undefined ? [] : [['Code', code] as const]),
          ['Verdict', `${verdict}: ${MEANING[verdict]}`],
          ...(retryAfterMs === undefined
            ? []
            : [['Wait', `${duration(retryAfterMs)}${SOURCE[read.retryAfterSource ?? 'profile']}`] as const]),
          ...(quota === undefined ? [] : [['Quota', quota] as const]),
          ...(unit === undefined ? [] : [['Unit', unit] as const]),
          ...(correlationId === undefined
            ? []
            : [['ID', `${correlationId}: quote it to the API's support`] as const]),
        ],
        width,
      ),
      ...(hint === undefined ? [] : [`Advice\n${bullets([hint], width)}`]),
      `Plan\n${bullets(plan.sentences, width)}`,
    ].join('\n\n'),
    exit: EXIT.OK,
  };
}

const MEANING: Readonly<Record<Classification['verdict'], string>> = {
  success: 'nothing is wrong',
  throttled: 'refused by a quota, and not processed',
  transient: 'a fault that may be temporary',
  unauthorized: 'the token was refused',
  terminal: 'a retry would not help',
};
const SOURCE = { header: ', from a header', message: ', from the text', profile: ', from the profile' };

/** A profile by name, or as JSON with its options. */
function profileIn(text: string): Profile {
  let profile: unknown = text;
  if (text.trimStart().startsWith('{')) {
    try {
      profile = JSON.parse(text);
    } catch (error) {
      throw new OptionsError('--profile', text, `a name, or JSON (${(error as Error).message})`);
    }
  } else if (!PROFILE_NAMES.includes(text))
    throw new OptionsError(
      '--profile',
      text,
      `one of ${PROFILE_NAMES.join(', ')}, or JSON with its name and options`,
    );
  return optionsOf({ profile }, '--profile').profile as Profile;
}

async function givenIn(
  what: string,
  flags: ExplainFlags,
  profile: Profile,
  request: Outcome['request'],
  stdin: () => Promise<string>,
): Promise<Given> {
  const status = flags.status === undefined ? undefined : statusIn(flags.status);
  if (/^\d{1,3}$/.test(what)) return { status: agreed(status, statusIn(what), what), body: '' };
  const text = what === '-' ? await stdin() : fileText(what);
  if (text !== undefined) return answerIn(text, what, status, profile, request);
  const error = Object.assign(new Error(what), { code: what });
  const fault = profile.classify({ request, error, receivedAt: Date.now() });
  // For an unknown code, nothing but the code itself is known.
  if (status === undefined && (fault.verdict === 'transient' || fault.hint !== undefined)) {
    refuseAnswer(what, flags, ['header']);
    return { error };
  }
  const answers = answersOf(definitionOf(profile), what);
  if (status !== undefined) return { ...answers[0], status };
  const known =
    answers.find((answer) => answer.status !== undefined) ??
    recognised(answers[0] as Given, what, profile, request);
  if (known) return known;
  throw new OptionsError(
    '--status',
    undefined,
    `the status that came with '${what}', which the profile '${profile.name}' does not know`,
  );
}

/** The status that `source` states. Throws if `--status` contradicts it. */
function agreed(given: number | undefined, stated: number, source: string): number {
  if (given === undefined || given === stated) return stated;
  throw new OptionsError('--status', given, `${stated}, as ${source} says, or nothing`);
}

/** Throws if there are options about an answer, where there is none. */
function refuseAnswer(what: string, flags: ExplainFlags, options: readonly ('status' | 'header')[]): void {
  const option = options.find((name) => flags[name] !== undefined);
  if (option !== undefined)
    throw new OptionsError(`--${option}`, [flags[option]].flat()[0], `nothing: no answer comes with ${what}`);
}

function statusIn(text: string): number {
  const status = Number(text);
  if (!(Number.isInteger(status) && status >= 100 && status <= 599))
    throw new OptionsError('--status', text, 'an HTTP status from 100 to 599');
  return status;
}

/** Text of a file; `undefined` if the word names no file. */
function fileText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (/[/\\]|\.(?:jsonl?|txt|html?|xml)$/i.test(file))
      throw new OptionsError('<what>', `${file} (${code})`, 'a status, a code, or a file that can be read');
    return undefined;
  }
}

/** The answer in a file: `{ status, headers, body }`, or only a body. */
function answerIn(
  text: string,
  source: string,
  status: number | undefined,
  profile: Profile,
  request: Outcome['request'],
): Given {
  let json: Record<string, unknown> | undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) json = value as Record<string, unknown>;
  } catch {
    // A body may be a page, or text.
  }
  if (json && typeof json.status === 'number' && ('body' in json || 'headers' in json)) {
    const { headers = {}, body = '' } = json;
    const named = Object.entries(headers as object).map(([name, value]) => [
      name.toLowerCase(),
      String(value),
    ]);
    return {
      status: agreed(status, statusIn(String(json.status)), source),
      headers: Object.fromEntries(named),
      body: typeof body === 'string' ? body : JSON.stringify(body),
    };
  }
  if (status !== undefined) return { status, body: text };
  const { code } = profile.classify({ request, status: 400, body: text, receivedAt: Date.now() });
  const stated = [
    json?.status,
    json?.statusCode,
    json?.code,
    (json?.error as { code?: unknown } | undefined)?.code,
  ];
  const own = stated.map(Number).find((each) => Number.isInteger(each) && each >= 400 && each <= 599);
  const known =
    code === undefined
      ? undefined
      : answersOf(definitionOf(profile), code).find((answer) => answer.status !== undefined);
  const guess =
    own ??
    known?.status ??
    (code === undefined ? undefined : recognised({ body: text }, code, profile, request)?.status);
  if (guess === undefined)
    throw new OptionsError(
      '--status',
      undefined,
      `the status that came with the body in ${source}, which does not state it`,
    );
  return { status: guess, body: text };
}

/** Answers that carry a code: from the profile's examples, its table of codes, and the usual envelope. */
function answersOf(definition: ProfileDefinition | undefined, code: string): Given[] {
  const same = (other: string | undefined): boolean => other?.toLowerCase() === code.toLowerCase();
  const { examples = [], codes = [] } = definition ?? {};
  const envelope = JSON.stringify({ error: { code, message: code } });
  const shown = examples
    .filter(({ reading }) => same(reading.code as string | undefined))
    .map(({ status, headers, body }) => ({
      status,
      exemplary: true,
      headers: Object.fromEntries(
        Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
      ),
      body: typeof body === 'object' ? JSON.stringify(body) : (body ?? ''),
    }));
  const listed = codes
    .filter((each) => [each.code].flat().some(same) && each.status !== undefined)
    .map((each) => ({ status: [each.status].flat()[0], body: envelope }));
  return [...shown, ...listed, { body: envelope }];
}

/** Statuses that error codes come with, most likely first. */
const STATUSES = [429, 400, 403, 503, 500, 409, 401];

/** The answer with a status under which the code changes the reading; `undefined` if it never does. */
function recognised(
  answer: Given,
  code: string,
  profile: Profile,
  request: Outcome['request'],
): Given | undefined {
  const receivedAt = Date.now();
  const unknown = answer.body?.replaceAll(code, 'NoSuchCode');
  const status = STATUSES.find((each) => {
    const read = profile.classify({ request, status: each, body: answer.body, receivedAt });
    const other = profile.classify({ request, status: each, body: unknown, receivedAt });
    return read.verdict !== other.verdict || read.hint !== other.hint;
  });
  return status === undefined ? undefined : { ...answer, status };
}
