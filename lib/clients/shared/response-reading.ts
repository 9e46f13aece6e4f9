/**
 * What a plain function's results and errors tell of the wire: those of fetch, of axios, of got, and of the SDKs
 * made on them. By their shapes alone; never throws.
 */
import type { Headers } from '../../words/types.ts';
import { bodyText, isReplayable } from './bodies.ts';
import { drop, peek } from './fetch-body.ts';

/** A response, or what an error says of one. */
export interface Reading {
  readonly status: number;
  readonly headers: Headers | undefined;
  /** What the response says, when it is at hand. */
  readonly body: () => Promise<string | undefined>;
}

type Fields = Readonly<Record<string, unknown>>;

/** A returned value, when it is a response: it has a status and headers. */
export function readResponse(value: unknown): Reading | undefined {
  return guarded(() => {
    if (!isObject(value)) return undefined;
    const status = statusOf(value);
    if (status === undefined || !isObject(value.headers)) return undefined;
    return { status, headers: headersOf(value.headers), body: () => bodyOf(value) };
  });
}

/** A thrown value, when it tells of a response: in `response`, or by a status of its own. */
export function readRefusal(error: unknown): Reading | undefined {
  return guarded(() => {
    if (!isObject(error)) return undefined;
    const { response, $response, $metadata } = error as Record<string, Fields | undefined>;
    const holder = [response, error].find((one) => isObject(one) && statusOf(one) !== undefined);
    const status = holder ? statusOf(holder) : valid($metadata?.httpStatusCode);
    if (status === undefined) return undefined;
    const headers = [response?.headers, error.headers, $response?.headers].find(isObject);
    const body = async () => (isObject(response) ? await bodyOf(response) : undefined) ?? textOf(error.error);
    return { status, headers: headersOf(headers), body };
  });
}

/** Lets go of a response that nobody will read. */
export function dropResponse(value: unknown): void {
  guarded(() => {
    if (!isObject(value)) return;
    const { body, data } = value as { body?: object; data?: object };
    const stream = [body, data].find((one) => isObject(one) && !isReplayable(one));
    if (stream) drop({ body: stream } as never);
  });
}

/** Headers of any make as a record, names in lower case. */
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
  return textOf(response.data) ?? textOf(response.body);
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

/** What is read is of anybody's making: proxies, getters that throw, circles. */
function guarded<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
