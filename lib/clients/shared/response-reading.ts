/**
 * Reads responses from the results and errors of plain functions: fetch, axios, got and the SDKs built on them.
 * Recognizes them by shape alone; never throws.
 */
import type { CallReport } from '../../words/report.ts';
import { remember } from '../../words/report-of.ts';
import type { Headers } from '../../words/types.ts';
import { bodyText, isReplayable } from './bodies.ts';
import { drop, peek } from './fetch-body.ts';

/** A response, or the part of it that an error carries. */
export interface Reading {
  readonly status: number;
  readonly headers: Headers | undefined;
  /** The body as text, if available. */
  readonly body: () => Promise<string | undefined>;
}

type Fields = Readonly<Record<string, unknown>>;

/** Reads a returned value that is a response, holds one next to its `output`, or describes one in its `$metadata`. */
export function readResponse(value: unknown): Reading | undefined {
  return guarded(() => {
    if (!isObject(value)) return undefined;
    const { response, output } = value as Record<string, Fields | undefined>;
    for (const one of isObject(output) && isObject(response) ? [value, response] : [value]) {
      const status = statusOf(one);
      if (status === undefined || !isObject(one.headers)) continue;
      return { status, headers: headersOf(one.headers), body: () => bodyOf(one) };
    }
    return metadataOf(value) ?? (isObject(output) ? metadataOf(output) : undefined);
  });
}

/** The response as described by a result of an SDK made with Smithy. */
function metadataOf({ $metadata }: Fields): Reading | undefined {
  if (!isObject($metadata)) return undefined;
  const status = valid($metadata.httpStatusCode);
  if (status === undefined) return undefined;
  const id = $metadata.requestId;
  const headers = typeof id === 'string' ? { 'x-amzn-requestid': id } : {};
  return { status, headers, body: async () => undefined };
}

/** Reads a thrown value that describes a response: in `response` or `$response`, or by its own status. */
export function readRefusal(error: unknown): Reading | undefined {
  return guarded(() => {
    if (!isObject(error)) return undefined;
    const { response, $response } = error as Record<string, Fields | undefined>;
    const holder = [response, error, $response].find((one) => isObject(one) && statusOf(one) !== undefined);
    const metadata = metadataOf(error);
    const status = holder ? statusOf(holder) : metadata?.status;
    if (status === undefined) return undefined;
    const headers = [response?.headers, error.headers, $response?.headers].find(isObject);
    const body = async () => (isObject(response) ? await bodyOf(response) : undefined) ?? textOf(error.error);
    return { status, headers: { ...metadata?.headers, ...headersOf(headers) }, body };
  });
}

/** Lets `reportOf` find the report from a returned response or its headers: an SDK may keep one of them in an error. */
export function rememberResult(value: unknown, report: () => CallReport): void {
  guarded(() => {
    if (!isObject(value)) return;
    for (const part of [value, value.response]) {
      if (!isObject(part) || !isObject(part.headers) || statusOf(part) === undefined) continue;
      for (const each of [value, part, part.headers]) remember(each, report);
    }
  });
}

/**
 * Discards a response that nobody will read.
 *
 * @param abort aborts the request if the body itself cannot be cancelled
 */
export function dropResponse(value: unknown, abort?: () => void): void {
  guarded(() => {
    if (!isObject(value)) return;
    const { body, data, response } = value as { body?: object; data?: object; response?: { body?: object } };
    const stream = [body, data, response?.body].find((one) => isObject(one) && !isReplayable(one));
    if (stream) drop({ body: stream } as never, abort);
  });
}

/** Headers of any form as a record, with names in lower case. */
export function headersOf(given: unknown): Headers | undefined {
  if (!isObject(given)) return undefined;
  const entries: Iterable<unknown> = Symbol.iterator in given ? (given as never) : Object.entries(given);
  const headers: Record<string, string | string[]> = {};
  for (const entry of entries) {
    if (!Array.isArray(entry) || typeof entry[0] !== 'string' || entry[1] == null) continue;
    headers[entry[0].toLowerCase()] = Array.isArray(entry[1]) ? entry[1].map(String) : String(entry[1]);
  }
  return headers;
}

async function bodyOf(response: Fields): Promise<string | undefined> {
  if (typeof response.clone === 'function') return peek(response as never);
  return textOf(response.data) ?? textOf(response.body) ?? textOf(response.bodyAsText);
}

function textOf(value: unknown): string | undefined {
  if (!isObject(value) || value instanceof Uint8Array) return bodyText({ body: value });
  return isReplayable(value) ? guarded(() => bodyText({ json: value })) : undefined;
}

function statusOf({ status, statusCode }: Fields): number | undefined {
  return valid(status) ?? valid(statusCode);
}

function valid(status: unknown): number | undefined {
  return Number.isInteger(status) && (status as number) >= 100 && (status as number) <= 599
    ? (status as number)
    : undefined;
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

/** Returns `undefined` if `read` throws: the values may be proxies, have throwing getters, or be circular. */
function guarded<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
