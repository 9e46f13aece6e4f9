/** Sends one request through a gated client, and reads its answer as JSON. */
import { type ErrorEnvelope, layersOf, parseJson, readErrorEnvelope } from '../classify/error-body.ts';
import type { CallOptions } from '../options/types.ts';
import { attachReport } from '../words/errors.ts';
import type { CallReport } from '../words/report.ts';
import { reportOf } from '../words/report-of.ts';

/** A gated client: the function that `gate.fetch()` returns, or a gated got instance. */
export type Client = GatedFetchLike | GatedGotLike;

type GatedFetchLike = (url: string, init?: never) => Promise<unknown>;
interface GatedGotLike {
  extend(...options: never[]): unknown;
}

/** Request options of all helpers. */
export interface RequestOptions {
  /** Aborts the request in flight, and any wait. */
  readonly signal?: AbortSignal | undefined;
  /** Further headers of each request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Per-call options of each request. */
  readonly headgate?: CallOptions | undefined;
}

interface Asked extends RequestOptions {
  readonly method?: string | undefined;
  readonly url: string;
  /** Body, sent as JSON. */
  readonly json?: unknown;
}

/** The API refused a request for good. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  /** HTTP status of the answer. */
  readonly status: number;
  /** The API's code, such as `ResourceNotFound`. Stable, unlike the message. */
  readonly code: string | undefined;
  /** The parsed body; absent if it is not JSON. */
  readonly body: unknown;
  /** Record of the call. */
  declare readonly headgate?: CallReport;

  constructor(subject: string, status: number, text: string | undefined, cause?: unknown) {
    const code = codeIn(text);
    super(`${subject} was refused: ${status}${code === undefined ? '' : ` ${code}`}`, { cause });
    this.status = status;
    this.code = code;
    this.body = parseJson(text);
  }
}

/** The innermost code is the most precise. */
function codeIn(text: string | undefined): string | undefined {
  const layers: ErrorEnvelope[] = [...layersOf(readErrorEnvelope(text))];
  return layers.findLast(({ code }) => code !== undefined)?.code;
}

/** Parsed body of a good answer. Throws {@link RefusedError} for any other answer, or the client's own error without one. */
export async function ask(client: Client, asked: Asked): Promise<unknown> {
  const { method = 'GET', url } = asked;
  const { status, text, report, cause } =
    'extend' in client ? await byGot(client, asked) : await byFetch(client, asked);
  if (status < 400) {
    const body = parseJson(text);
    if (body !== undefined || text === '') return body;
    throw new SyntaxError(`${method} ${pathOf(url)} got an answer that is not JSON`);
  }
  const error = new RefusedError(`${method} ${pathOf(url)}`, status, text, cause);
  if (report) attachReport(error, report);
  throw error;
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly report: CallReport | undefined;
  readonly cause?: unknown;
}

async function byFetch(client: GatedFetchLike, asked: Asked): Promise<Answer> {
  const { method = 'GET', url, json, signal, headers, headgate } = asked;
  const init = {
    ...{ method, signal, headgate },
    headers: { ...(json !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(json !== undefined && { body: JSON.stringify(json) }),
  };
  const response = (await client(url, init as never)) as Response;
  return { status: response.status, text: await response.text(), report: reportOf(response) };
}

interface GotResponse {
  readonly statusCode: number;
  readonly body: string;
}

async function byGot(client: GatedGotLike, asked: Asked): Promise<Answer> {
  const { method = 'GET', url, json, signal, headers, headgate } = asked;
  const got = client as unknown as (url: string, options: object) => Promise<GotResponse>;
  const options = {
    ...{ method, signal, headers, responseType: 'text' },
    ...(json !== undefined && { json }),
    ...(headgate && { context: { headgate } }),
  };
  try {
    const response = await got(url, options);
    return { status: response.statusCode, text: response.body, report: reportOf(response) };
  } catch (error) {
    const { response } = (error ?? {}) as { readonly response?: GotResponse };
    if (response === undefined || response.statusCode < 400) throw error;
    return {
      status: response.statusCode,
      text: String(response.body),
      report: reportOf(error),
      cause: error,
    };
  }
}

/** A query may hold secrets. */
function pathOf(url: string): string {
  return URL.canParse(url) ? new URL(url).pathname : url.split('?', 1).join('');
}
