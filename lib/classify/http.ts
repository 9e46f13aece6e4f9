/** Classifies outcomes by HTTP alone: RFC 9110 and related RFCs. Every profile starts from this. */
import { ACCOUNT, type Classification, type Headers, type Outcome, type Verdict } from '../words/types.ts';
import { correlationIdOf, sanitizeId } from './correlation-id.ts';
import { valuesOf } from './field-values.ts';
import { readFault } from './network.ts';
import { bucketOf, reasonOf, refusedBy } from './rate-limit.ts';
import { retryAfterMs } from './retry-after.ts';

interface StatusRule {
  readonly verdict: Verdict;
  /** The server says that it did not process the request. */
  readonly unprocessed?: boolean;
  readonly hint?: string | undefined;
}

const THROTTLED: StatusRule = {
  verdict: 'throttled',
  unprocessed: true,
  hint: 'The quota is used up: wait until it reopens.',
};

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
  [429, THROTTLED],
  // "Enhance your calm", once Twitter's, now EVE Online's: https://developers.eveonline.com/docs/services/esi/best-practices/
  [420, THROTTLED],
  // "Bandwidth Limit Exceeded": https://wiki.openstreetmap.org/wiki/API_v0.6, OneDrive, cPanel.
  [509, THROTTLED],
  // Cosmos DB's "Retry with", for concurrent writes to one item: https://learn.microsoft.com/rest/api/cosmos-db/http-status-codes-for-cosmosdb
  [449, { verdict: 'transient', unprocessed: true }],
  // Lasting server errors: method, version, negotiation, storage full (RFC 4918 forbids automatic repetition), loop,
  // extension, a captive portal's sign-in page.
  ...[501, 505, 506, 507, 508, 510, 511].map((status): [number, StatusRule] => [
    status,
    { verdict: 'terminal' },
  ]),
]);

/** RFC 9110, 15.5.14: with a Retry-After, a 413 is temporary; the request was not processed. The same holds for RFC 4918's 423. */
const FOR_NOW: StatusRule = { verdict: 'transient', unprocessed: true };
const REFUSED_FOR_NOW: ReadonlySet<number> = new Set([413, 423]);

/**
 * Statuses, beside 429, that mean a used-up quota if a header says when to come back: Azure API Management's quotas
 * (403), GitHub (403), Qualys (409), Toggl's hourly quotas (402), Binance's ban of an address that kept sending after a 429 (418).
 *
 * Sources: https://learn.microsoft.com/azure/api-management/quota-policy,
 * https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api,
 * https://docs.qualys.com/en/vm/api/get_started/api_limits.htm, https://engineering.toggl.com/docs/focus,
 * https://developers.binance.com/docs/binance-spot-api-docs/rest-api/limits
 */
const QUOTA_STATUSES: ReadonlySet<number> = new Set([402, 403, 409, 418]);

/**
 * Headers by which a server says whether to send the request again. Sources: the clients of OpenAI and Anthropic
 * (https://github.com/openai/openai-node, `shouldRetry`) and of Stripe (https://github.com/stripe/stripe-node).
 */
const SHOULD_RETRY = ['x-should-retry', 'stripe-should-retry'];

/** Whether the server says to send the request again; `undefined` if it does not say. */
export function shouldRetry(headers: Headers | undefined): boolean | undefined {
  for (const name of headers === undefined ? [] : SHOULD_RETRY) {
    const [value] = valuesOf(headers?.[name]);
    if (value === 'true' || value === 'false') return value === 'true';
  }
  return undefined;
}

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
  const refused = headers !== undefined && status >= 400;
  const {
    verdict,
    unprocessed = false,
    hint,
  } = refused ? ruleWith(status, headers, outcome.receivedAt) : ruleOf(status);
  const read = {
    verdict,
    status,
    correlationId,
    retryAfterMs: undefined,
    retryAfterSource: undefined,
    unprocessed,
    hint,
  };
  return refused ? { ...read, ...waitInHeaders(verdict, headers, outcome.receivedAt) } : read;
}

const DO_NOT_RETRY = 'The server says not to send this request again.';

/** The rule for an error status and its headers. A should-retry header decides first, except about a refused token. */
function ruleWith(status: number, headers: Headers, receivedAt: number): StatusRule {
  const rule = quotaRule(status, headers, receivedAt);
  const advice = rule.verdict === 'unauthorized' ? undefined : shouldRetry(headers);
  if (advice === undefined) return rule;
  if (!advice)
    return { ...rule, verdict: 'terminal', hint: rule.verdict === 'terminal' ? rule.hint : DO_NOT_RETRY };
  // A client-error refusal that may be repeated was not processed.
  return rule.verdict === 'terminal' ? { verdict: 'transient', unprocessed: status < 500 } : rule;
}

function quotaRule(status: number, headers: Headers, receivedAt: number): StatusRule {
  if (REFUSED_FOR_NOW.has(status) && retryAfterMs(headers, receivedAt) !== undefined) return FOR_NOW;
  if (!QUOTA_STATUSES.has(status)) return ruleOf(status);
  const quota = retryAfterMs(headers, receivedAt) || refusedBy(headers, receivedAt)?.stated;
  return quota ? THROTTLED : ruleOf(status);
}

/** The wait and quota that headers name for a verdict. */
export interface HeaderWait {
  readonly retryAfterMs: number | undefined;
  readonly retryAfterSource: 'header' | undefined;
  readonly quota?: string | undefined;
  readonly unit?: string | undefined;
}

const NO_WAIT: HeaderWait = { retryAfterMs: undefined, retryAfterSource: undefined };

/**
 * The wait that headers name: `Retry-After` and its variants override rate-limit headers
 * (draft-ietf-httpapi-ratelimit-headers-10, 6). A `Retry-After: 0` with a used-up quota, as Jira sends, names no wait.
 */
export function waitInHeaders(verdict: Verdict, headers: Headers, receivedAt: number): HeaderWait {
  if (verdict !== 'throttled' && verdict !== 'transient') return NO_WAIT;
  const named = retryAfterMs(headers, receivedAt);
  if (verdict === 'transient') {
    return { retryAfterMs: named, retryAfterSource: named === undefined ? undefined : 'header' };
  }
  const used = refusedBy(headers, receivedAt);
  const wait = named || used?.resetMs;
  return {
    retryAfterMs: wait,
    retryAfterSource: wait === undefined ? undefined : 'header',
    quota: isGlobal(headers) ? ACCOUNT : (bucketOf(headers) ?? reasonOf(headers)),
    unit: sanitizeId(used?.unit),
  };
}

/**
 * True if the limit covers all requests: Discord's limit for a whole bot, Jira's points for an app
 * (`jira-quota-global-based`, `-tenant-based`).
 *
 * Sources: https://discord.com/developers/docs/topics/rate-limits,
 * https://developer.atlassian.com/cloud/jira/platform/build-an-app-that-respects-rate-limits/
 */
function isGlobal(headers: Headers): boolean {
  const [scope] = valuesOf(headers['x-ratelimit-scope']);
  const [global] = valuesOf(headers['x-ratelimit-global']);
  return scope === 'global' || global === 'true' || /-quota-(?:global|tenant)-/.test(reasonOf(headers) ?? '');
}
