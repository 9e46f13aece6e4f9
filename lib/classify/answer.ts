/** Classifies an answer by its status, headers and body. */
import type { Classification, Headers, Outcome } from '../words/types.ts';
import { ACCOUNT } from '../words/types.ts';
import { bodyWaitMs } from './body-wait.ts';
import { META_TRANSIENT, type Meaning, meaningOf, meaningOfText } from './codes.ts';
import { refusalIdOf, sanitizeId } from './correlation-id.ts';
import { bodyId, codesOf, type ErrorObject, errorObjects, messagesOf, wordOf } from './error-fields.ts';
import { serverNow, valuesOf } from './field-values.ts';
import { classifyHttp, shouldRetry, waitInHeaders } from './http.ts';
import { pageOf } from './pages.ts';
import { textWaitMs } from './text-wait.ts';

/** Maximum length of a body in plain text whose wait is read. */
const MAX_TEXT = 2000;

/** Headers that name the error: https://docs.aws.amazon.com/general/latest/gr/api-error-codes.html */
const CODE_HEADERS = ['x-amzn-errortype', 'x-ms-error-code'];

const NO_HEADERS: Headers = {};

/** Classifies an outcome by HTTP and, if it is refused, by an error body in any of the common shapes. Never throws. */
export function classifyAnswer(outcome: Outcome): Classification {
  const { status } = outcome;
  const http = classifyHttp(outcome);
  return status === undefined || status < 400 ? http : refusal(outcome, status, http);
}

/**
 * Classifies an answer with a success status whose body may say otherwise: GraphQL's `errors`, Slack's `ok: false`,
 * ArcGIS's `error`, Kraken's and Etherscan's sentences. Only a quota, a lock, a fault or an expired token counts; otherwise
 * the answer remains a success.
 */
export function classifySuccess(outcome: Outcome): Classification {
  const http = classifyHttp(outcome);
  if (http.verdict !== 'success' || outcome.body === undefined) return http;
  const objects = errorObjects(outcome.body);
  const { code, meaning = meaningOfStatus(objects) ?? meaningOfText(200, failuresIn(objects)) } = codeOf(
    200,
    objects,
    NO_HEADERS,
  );
  if (meaning === undefined || meaning.verdict === 'terminal') return http;
  return {
    ...http,
    ...read(outcome, { objects, meaning, http, page: undefined }),
    code: sanitizeId(code),
    correlationId: refusalIdOf(outcome.headers, bodyId(objects)),
  };
}

/**
 * The sentences of a body that says it is an error: by an `error`, `errors`, `error_code` or the like, by a code from 400
 * on (Bybit, TikTok) or by a status `0` (Etherscan). In any other body, a sentence may be data.
 */
function failuresIn(objects: readonly ErrorObject[]): string[] {
  const main = objects.filter(({ place }) => place === 'main');
  const isFailure = main.some(
    ({ fields }) =>
      fields.get('status') === '0' ||
      Number(fields.get('retcode') ?? fields.get('code')) >= 400 ||
      // Kraken's `error` is an empty array if there is none.
      [...fields].some(([name, value]) => name.startsWith('err') && String(value || '') !== ''),
  );
  return isFailure ? messagesOf(main) : [];
}

/** ArcGIS: `{"error":{"code":429}}` with status 200. https://developers.arcgis.com/rest/services-reference/status-codes */
function meaningOfStatus(objects: readonly ErrorObject[]): Meaning | undefined {
  const [first, ...around] = objects;
  const number = first?.fields.get('code');
  const wrapped = around.some(({ fields }) => fields.has('error'));
  if (!wrapped || typeof number !== 'number') return undefined;
  // Expired and missing tokens.
  const status = number === 498 || number === 499 ? 401 : number;
  return status === 401 || status === 429
    ? meaningOf(status === 401 ? 'token_expired' : 'ratelimited', { status, messages: [] })
    : undefined;
}

function refusal(outcome: Outcome, status: number, http: Classification): Classification {
  const { headers = NO_HEADERS, body } = outcome;
  const objects = errorObjects(body);
  const { code, meaning } = codeOf(status, objects, headers);
  const page =
    objects.length === 0 && http.verdict !== 'unauthorized' ? pageOf(status, headers, body) : undefined;
  const texts = messagesIn(objects, body, page !== undefined);
  return {
    ...http,
    ...read(outcome, {
      objects,
      meaning: meaning ?? meaningOfText(status, texts),
      http,
      page: page?.hint,
      texts,
    }),
    code: sanitizeId(code ?? page?.code),
    correlationId: refusalIdOf(headers, bodyId(objects)),
  };
}

/** What was read from an answer, before its verdict. */
interface Findings {
  readonly objects: readonly ErrorObject[];
  readonly meaning: Meaning | undefined;
  readonly http: Classification;
  /** Hint about a page that the API did not send. */
  readonly page: string | undefined;
  readonly texts?: readonly string[];
}

/** Derives verdict, hint and wait from the findings. */
function read(
  { headers = NO_HEADERS, receivedAt, status = 0 }: Outcome,
  { objects, meaning, http, page, texts = messagesOf(objects) }: Findings,
): Partial<Classification> {
  const advice = http.verdict === 'unauthorized' ? undefined : shouldRetry(headers);
  const decided = advice === undefined ? meaning : adviseWith(advice, meaning);
  const verdict = decided?.verdict ?? http.verdict;
  const unprocessed = decided?.unprocessed ?? http.unprocessed;
  const hint = decided?.hint ?? page ?? http.hint;
  if (verdict !== 'throttled' && verdict !== 'transient') {
    return { verdict, unprocessed, hint, retryAfterMs: undefined, retryAfterSource: undefined };
  }
  const named = verdict === http.verdict ? http : waitInHeaders(verdict, headers, receivedAt);
  const now = serverNow(headers, receivedAt);
  const inBody = bodyWaitMs(objects, now);
  const inText = verdict === 'throttled' ? textWait(texts, now, named.retryAfterMs, inBody) : undefined;
  const stated = Math.max(inBody ?? 0, inText ?? 0) || undefined;
  const byHeader = named.retryAfterMs !== undefined && named.retryAfterMs >= (stated ?? 0);
  const wait = byHeader ? named.retryAfterMs : stated;
  const isAccountWide = status < 500 && objects.some(({ fields }) => fields.get('global') === true);
  return {
    verdict,
    unprocessed,
    hint,
    ...(verdict === 'throttled'
      ? { quota: named.quota ?? (isAccountWide ? ACCOUNT : undefined), unit: named.unit }
      : undefined),
    retryAfterMs: wait ?? meaning?.waitMs,
    retryAfterSource: wait === undefined ? undefined : byHeader ? 'header' : 'message',
  };
}

/** A should-retry header outranks the code, as it outranks the status: it drops a meaning that contradicts it. */
function adviseWith(advice: boolean, meaning: Meaning | undefined): Meaning | undefined {
  return meaning !== undefined && (meaning.verdict === 'terminal') === advice ? undefined : meaning;
}

/**
 * The wait in the text, if no header names one. If a field of the body does, the text counts only as a more exact form of
 * the same wait: Google's `retryDelay` is rounded down ("36s" for "Please retry in 36.43s").
 */
function textWait(
  texts: readonly string[],
  now: number,
  inHeader: number | undefined,
  inBody: number | undefined,
): number | undefined {
  if (inHeader !== undefined) return undefined;
  let longest: number | undefined;
  for (const text of texts) {
    const ms = textWaitMs(text, now);
    if (ms !== undefined) longest = Math.max(longest ?? 0, ms);
  }
  const isFiner = inBody === undefined || (longest !== undefined && longest - inBody < 1000);
  return isFiner ? longest : undefined;
}

/** The messages of an error, or a whole plain-text body. */
function messagesIn(objects: readonly ErrorObject[], body: string | undefined, isPage: boolean): string[] {
  if (objects.length > 0) return messagesOf(objects);
  const isText = !isPage && typeof body === 'string' && body.length <= MAX_TEXT && !/^\s*[<{[]/.test(body);
  return isText ? [body] : [];
}

/** The code to show, and the first code whose meaning is known. */
function codeOf(
  status: number,
  objects: readonly ErrorObject[],
  headers: Headers,
): { code: string | undefined; meaning: Meaning | undefined } {
  const { own, inner, meta } = codesOf(objects);
  const inHeaders = CODE_HEADERS.flatMap((name) => valuesOf(headers[name]).slice(0, 1).map(wordOf));
  const codes = [...inHeaders, ...own, ...inner].filter((code) => code !== undefined);
  const messages = messagesOf(objects);
  for (const code of codes) {
    const meaning = meaningOf(code, { status, messages, meta });
    if (meaning !== undefined) return { code, meaning };
  }
  const isTransient = meta && objects.some(({ fields }) => fields.get('istransient') === true);
  return { code: codes[0], meaning: isTransient ? META_TRANSIENT : undefined };
}
