/** Classifies outcomes by HTTP alone: RFC 9110 and related RFCs. Every profile starts from this. */
import type { Classification, Headers, Outcome, Verdict } from '../words/types.ts';
import { correlationIdOf } from './correlation-id.ts';
import { readFault } from './network.ts';
import { rateLimits, usedUpMs } from './rate-limit.ts';
import { retryAfterMs } from './retry-after.ts';

interface StatusRule {
  readonly verdict: Verdict;
  /** The server says that it did not process the request. */
  readonly unprocessed?: true;
  readonly hint?: string;
}

/** Statuses that differ from the rule of their class. */
const STATUSES: ReadonlyMap<number, StatusRule> = new Map<number, StatusRule>([
  [401, { verdict: 'unauthorized', hint: 'The credentials were refused: get a new token.' }],
  [403, { verdict: 'terminal', hint: 'The credentials are valid, but lack the right to do this.' }],
  [407, { verdict: 'terminal', hint: 'The proxy asks for credentials.' }],
  // RFC 9110, 15.5.9: the client may repeat the request on a new connection.
  [408, { verdict: 'transient' }],
  // RFC 9110, 15.5.20: the server is not responsible for this host; the request may be repeated on another connection.
  [421, { verdict: 'transient', unprocessed: true }],
  // RFC 8470: refused because it might be a replay; repeat it after the handshake.
  [425, { verdict: 'transient', unprocessed: true }],
  [429, { verdict: 'throttled', unprocessed: true, hint: 'The quota is used up: wait until it reopens.' }],
  // Lasting server errors: method, version, negotiation, storage full (RFC 4918 forbids automatic repetition), loop,
  // extension, a captive portal's sign-in page.
  ...[501, 505, 506, 507, 508, 510, 511].map((status): [number, StatusRule] => [
    status,
    { verdict: 'terminal' },
  ]),
]);

/** RFC 9110, 15.5.14: with a Retry-After, a 413 is temporary; the request was not processed. */
const TOO_LARGE_FOR_NOW: StatusRule = { verdict: 'transient', unprocessed: true };

const SUCCESS: StatusRule = { verdict: 'success' };
const CLIENT_ERROR: StatusRule = { verdict: 'terminal' };
const SERVER_ERROR: StatusRule = { verdict: 'transient' };

/** The rule for a status. RFC 9110, section 15: an invalid status counts as a server error. */
function ruleOf(status: number): StatusRule {
  if (!(Number.isInteger(status) && status >= 100 && status <= 599)) return SERVER_ERROR;
  const ofClass = status < 400 ? SUCCESS : status < 500 ? CLIENT_ERROR : SERVER_ERROR;
  return STATUSES.get(status) ?? ofClass;
}

/** Classifies an outcome by status, headers and fault; does not read the body. Never throws. */
export function classifyHttp(outcome: Outcome): Classification {
  const { status, headers } = outcome;
  const correlationId = correlationIdOf(headers);
  // An error status outweighs the fault that cut off its body; a success status does not.
  if (status === undefined || (status < 400 && outcome.error !== undefined)) {
    return { ...readFault(outcome.error), status, correlationId };
  }
  const wait = headers && status >= 400 ? waitOf(status, headers, outcome.receivedAt) : undefined;
  const rule = status === 413 && wait !== undefined ? TOO_LARGE_FOR_NOW : ruleOf(status);
  const waits = wait !== undefined && (rule.verdict === 'throttled' || rule.verdict === 'transient');
  return {
    verdict: rule.verdict,
    status,
    correlationId,
    retryAfterMs: waits ? wait : undefined,
    retryAfterSource: waits ? 'header' : undefined,
    unprocessed: rule.unprocessed ?? false,
    hint: rule.hint,
  };
}

/** `Retry-After` and its variants override rate-limit headers (draft-ietf-httpapi-ratelimit-headers-10, 6). */
function waitOf(status: number, headers: Headers, receivedAt: number): number | undefined {
  const named = retryAfterMs(headers, receivedAt);
  if (named !== undefined || status !== 429) return named;
  // A reset in the past does not explain this refusal.
  return usedUpMs(rateLimits(headers, receivedAt)) || undefined;
}
