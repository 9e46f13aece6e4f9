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

/** IDs that a service gave this request. */
const OWN = [
  'request-id',
  'x-ms-request-id',
  'x-github-request-id',
  'x-amzn-requestid',
  'x-amz-request-id',
  'x-okta-request-id',
  'x-slack-req-id',
  'x-request-id',
];

/** IDs of a gateway in front of the service: the only ones if the request never reached the service. */
const GATEWAYS = ['apim-request-id', 'x-azure-ref', 'cf-ray'];

/** IDs that span several requests or echo the caller's: they identify the conversation, not the request. */
const ECHOES = [
  'x-ms-correlation-request-id',
  'x-correlation-id',
  'client-request-id',
  'x-ms-client-request-id',
];

/** Further gateway IDs, looked for only in refusals. */
const MORE_GATEWAYS = [
  'x-amz-cf-id',
  'x-amz-apigw-id',
  'x-kong-request-id',
  'x-vercel-id',
  'akamai-request-id',
];

/**
 * Pattern of other services' request-ID headers: `x-notion-request-id`, `atl-traceid`, `x-zm-trackingid`,
 * `paypal-debug-id`, `x-fb-trace-id`, `intuit_tid`, `x-transaction-id`, `activityid`, `x-ms-activity-id`, `x-tt-logid`,
 * `rcrequestid`, `x-docusign-tracetoken`.
 */
const ID_NAME =
  /(?:^(?:rc)?|[-_])(?:request|req|correlation|trace|tracking|transaction|activity|debug|log)[-_]?(?:id|guid)$|^intuit_tid$|^sprequestguid$|-tracetoken$/;
/** Names that {@link ID_NAME} must not claim, because their own list ranks them. */
const LISTED: ReadonlySet<string> = new Set([
  ...OWN,
  ...GATEWAYS,
  ...ECHOES,
  ...MORE_GATEWAYS,
  'x-amzn-trace-id',
]);
const MAX_NAME = 60;

/** The server's ID for a request, sanitised, from the response headers (names in lower case). */
export function correlationIdOf(headers: Headers | undefined): string | undefined {
  if (headers === undefined) return undefined;
  return idIn(headers, OWN) ?? idIn(headers, GATEWAYS) ?? idIn(headers, ECHOES);
}

/**
 * The server's ID for a refused request, sanitised: the service's own from a header, else from the body, else a
 * gateway's, else an echo.
 *
 * @param inBody ID from the body, untrusted
 */
export function refusalIdOf(headers: Headers | undefined, inBody: string | undefined): string | undefined {
  if (headers === undefined) return sanitizeId(inBody);
  return (
    idIn(headers, OWN) ??
    idIn(headers, otherNames(headers)) ??
    sanitizeId(inBody) ??
    idIn(headers, GATEWAYS) ??
    idIn(headers, MORE_GATEWAYS) ??
    idIn(headers, ECHOES) ??
    idIn(headers, ['x-amzn-trace-id'])
  );
}

function otherNames(headers: Headers): string[] {
  return Object.keys(headers).filter(
    (name) => name.length <= MAX_NAME && ID_NAME.test(name) && !LISTED.has(name) && !name.includes('client'),
  );
}

function idIn(headers: Headers, names: readonly string[]): string | undefined {
  for (const name of names) {
    const header = headers[name];
    if (header === undefined) continue;
    const id = sanitizeId(Array.isArray(header) ? header[0] : header);
    if (id !== undefined) return id;
  }
  return undefined;
}
