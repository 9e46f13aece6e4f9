import { CORRELATION_ID_LIMIT, type Headers } from '../words/types.ts';

/**
 * Characters that have no place in an ID but can forge a line of a log or disguise one: control characters (C0,
 * DEL, C1), format characters (bidirectional overrides, zero-width and soft-hyphen characters, BOM), line and
 * paragraph separators.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Far more than any ID has; keeps the work on a hostile header or body small. */
const READ_LIMIT = 16 * CORRELATION_ID_LIMIT;

/**
 * A server's ID, safe to log and to show: opaque text without unprintable characters, trimmed, at most
 * {@link CORRELATION_ID_LIMIT} characters. `undefined` for anything but a string and for what comes out empty.
 */
export function sanitizeId(raw: unknown): string | undefined {
  if (typeof raw !== 'string') return undefined;
  const text = raw.slice(0, READ_LIMIT).toWellFormed().replace(UNPRINTABLE, '').trim();
  const end = splitsPair(text, CORRELATION_ID_LIMIT) ? CORRELATION_ID_LIMIT - 1 : CORRELATION_ID_LIMIT;
  return text.slice(0, end).trimEnd() || undefined;
}

/** True when a cut at `index` would part the halves of a surrogate pair. */
function splitsPair(text: string, index: number): boolean {
  const unit = text.charCodeAt(index);
  return unit >= 0xdc00 && unit <= 0xdfff;
}

/**
 * Headers that carry a request's ID, the most telling first:
 *
 * 1. IDs that the service itself gave this very request;
 * 2. IDs of the gateway before it, the only ones there are when the service was never reached;
 * 3. IDs that span several requests or echo the caller's own: they find the conversation, not the request.
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

/** The server's ID of a response, from its headers (names in lower case), sanitised. */
export function correlationIdOf(headers: Headers | undefined): string | undefined {
  if (headers === undefined) return undefined;
  for (const name of ID_HEADERS) {
    const header = headers[name];
    const id = sanitizeId(Array.isArray(header) ? header[0] : header);
    if (id !== undefined) return id;
  }
  return undefined;
}
