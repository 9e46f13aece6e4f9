import { CORRELATION_ID_LIMIT, type Headers } from '../words/types.ts';

/**
 * Characters that could forge or disguise a log line: control characters (C0, DEL, C1), format characters
 * (bidirectional overrides, zero-width and soft-hyphen characters, BOM), line and paragraph separators.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Maximum number of characters read: far more than any ID has, yet little work for a hostile header or body. */
const READ_LIMIT = 16 * CORRELATION_ID_LIMIT;

/**
 * Makes a server's ID safe to log and show: removes unprintable characters, trims, and cuts it to
 * {@link CORRELATION_ID_LIMIT} characters. `undefined` if it is no string or nothing remains.
 */
export function sanitizeId(raw: unknown): string | undefined {
  if (typeof raw !== 'string') return undefined;
  const text = raw.slice(0, READ_LIMIT).toWellFormed().replace(UNPRINTABLE, '').trim();
  const end = splitsPair(text, CORRELATION_ID_LIMIT) ? CORRELATION_ID_LIMIT - 1 : CORRELATION_ID_LIMIT;
  return text.slice(0, end).trimEnd() || undefined;
}

/** True if a cut at `index` would split a surrogate pair. */
function splitsPair(text: string, index: number): boolean {
  const unit = text.charCodeAt(index);
  return unit >= 0xdc00 && unit <= 0xdfff;
}

/**
 * Headers that carry a request's ID, most specific first:
 *
 * 1. IDs that the service gave this request;
 * 2. IDs of the gateway in front of it, the only ones if the request never reached the service;
 * 3. IDs that span several requests or echo the caller's: they identify the conversation, not the request.
 */
const ID_HEADERS = [
  'request-id',
  'x-ms-request-id',
  'x-github-request-id',
  'x-amzn-requestid',
  'x-amz-request-id',
  'x-okta-request-id',
  'x-slack-req-id',
  'x-request-id',
  'apim-request-id',
  'x-azure-ref',
  'cf-ray',
  'x-ms-correlation-request-id',
  'x-correlation-id',
  'client-request-id',
  'x-ms-client-request-id',
];

/** The server's ID for a request, sanitised, from the response headers (names in lower case). */
export function correlationIdOf(headers: Headers | undefined): string | undefined {
  if (headers === undefined) return undefined;
  for (const name of ID_HEADERS) {
    const header = headers[name];
    const id = sanitizeId(Array.isArray(header) ? header[0] : header);
    if (id !== undefined) return id;
  }
  return undefined;
}
