/**
 * Error codes that mean something other than their status says. Each list follows an API's documentation or the API's
 * own client, and names its source. A code that is not listed leaves the decision to the status.
 */
import type { Verdict } from '../words/types.ts';

/** Meaning of a refusal. */
export interface Meaning {
  readonly verdict: Verdict;
  /** The server says that it did not process the request. */
  readonly unprocessed: boolean;
  readonly hint: string;
  /** Minimum wait that the API documents for a refusal that names none, in ms. */
  readonly waitMs?: number;
}

const QUOTA: Meaning = {
  verdict: 'throttled',
  unprocessed: true,
  hint: 'The quota is used up: wait until it reopens.',
};

/** A quota that waiting does not refill. */
const MONEY: Meaning = {
  verdict: 'terminal',
  unprocessed: true,
  hint: "The account's paid quota or credit is used up, and waiting does not refill it. Check the account's plan, spending limit and billing.",
};

const TOO_LARGE: Meaning = {
  verdict: 'terminal',
  unprocessed: true,
  hint: 'This request alone costs more than the whole limit, so waiting does not help. Send less in one request.',
};

const DAY: Meaning = {
  verdict: 'terminal',
  unprocessed: true,
  hint: "The day's quota is used up. Google's resets at midnight Pacific time: try again then, or ask for a higher quota.",
};

/** A quota for anonymous requests. */
const SIGN_UP: Meaning = {
  verdict: 'terminal',
  unprocessed: true,
  hint: 'This quota is for requests without an API key or token: send one, or enable the API for its project.',
};

const LOCK: Meaning = {
  verdict: 'transient',
  unprocessed: true,
  hint: 'Another request holds this object. If this recurs, send the requests for one object one after another.',
};

/** A fault of the server that comes with a client's status. */
const FAULT: Meaning = {
  verdict: 'transient',
  unprocessed: false,
  hint: 'The service reports a temporary fault of its own.',
};

const TOKEN: Meaning = {
  verdict: 'unauthorized',
  unprocessed: true,
  hint: 'The token has expired: get a new one.',
};

/** Condition under which a code has its listed meaning. */
interface Condition {
  readonly statuses?: readonly number[];
  /** Pattern that one of the messages must match. */
  readonly text?: RegExp;
}

type Listed = readonly [meaning: Meaning, codes: string, only?: Condition];

/** Statuses that outweigh a code that names a limit: gone, precondition failed, too large, storage full. */
const SPECIFIC_STATUSES: ReadonlySet<number> = new Set([410, 412, 413, 507]);

/** Codes and their meanings, in upper or lower case. */
const CODES: readonly Listed[] = [
  // https://github.com/smithy-lang/smithy-typescript: THROTTLING_ERROR_CODES of service-error-classification; the others of that
  // list are read by THROTTLES.
  [QUOTA, 'ProvisionedThroughputExceededException SlowDown'],
  [LOCK, 'PriorRequestNotComplete TransactionInProgressException'],
  // In the same list, but IAM, Cognito and others also use it when an account holds its maximum number of resources.
  [QUOTA, 'LimitExceededException', { text: /\b(?:rate|simultaneous|concurrent|attempts?)\b/i }],
  // https://www.alibabacloud.com/help/en/sdk/product-overview/handle-throttling: with status 400 or 503.
  [QUOTA, 'Throttling.User Throttling.Api Throttling.User.Flow'],
  // https://cloud.google.com/apis/design/errors, https://developers.google.com/workspace/drive/api/guides/handle-errors,
  // https://developers.google.com/analytics/devguides/reporting/core/v4/errors
  [QUOTA, 'RESOURCE_EXHAUSTED'],
  [DAY, 'dailyLimitExceeded'],
  // https://developers.google.com/youtube/v3/docs/errors. Compute Engine uses the code for a number of machines.
  [DAY, 'quotaExceeded', { statuses: [403], text: /\bexceeded your\b/i }],
  [SIGN_UP, 'dailyLimitExceededUnreg rateLimitExceededUnreg userRateLimitExceededUnreg'],
  // https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm
  [LOCK, 'UNABLE_TO_LOCK_ROW'],
  [FAULT, 'SERVER_UNAVAILABLE'],
  // https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-reference
  [QUOTA, 'AF429'],
  [FAULT, 'AF50000'],
  // https://learn.microsoft.com/graph/throttling, https://learn.microsoft.com/graph/errors,
  // https://learn.microsoft.com/onedrive/developer/rest-api/concepts/errors
  [QUOTA, 'activityLimitReached throttledRequest Request_ThrottledTemporarily'],
  // https://learn.microsoft.com/exchange/client-developer/exchange-web-services/ews-throttling-in-exchange
  [QUOTA, 'ErrorServerBusy ErrorExceededConnectionCount'],
  // https://learn.microsoft.com/azure/storage/common/scalability-targets-resource-provider: a limit of the account or of a partition.
  [QUOTA, 'ServerBusy'],
  // https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling
  [LOCK, 'RetryableErrorDueToAnotherOperation AnotherOperationInProgress RetryableError'],
  // https://docs.stripe.com/error-codes, https://docs.stripe.com/rate-limits (object lock timeouts)
  [LOCK, 'lock_timeout idempotency_key_in_use'],
  // https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html,
  // https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
  [LOCK, 'OperationAborted'],
  [FAULT, 'RequestTimeout RequestTimeoutException'],
  // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
  [LOCK, 'TransactionConflictException ReplicatedWriteConflictException'],
  // https://developers.notion.com/reference/status-codes: "Please try again." Other APIs use it for something that exists already.
  [LOCK, 'conflict_error', { text: /\btry again\b/i }],
  // https://docs.github.com/graphql/overview/rate-limits-and-query-limits,
  // https://developer.monday.com/api-reference/docs/error-handling
  [QUOTA, 'RATE_LIMIT ComplexityException COMPLEXITY_BUDGET_EXHAUSTED'],
  // https://developers.google.com/maps/documentation/geocoding/requests-geocoding (status 200),
  // https://www.mediawiki.org/wiki/Manual:Maxlag_parameter (status 200: all clients wait until replication has caught up),
  // https://open.feishu.cn/document/server-docs/api-call-guide/frequency-control (status 400)
  [QUOTA, 'OVER_QUERY_LIMIT maxlag 99991400'],
  // https://docs.slack.dev/apis/web-api
  [TOKEN, 'token_expired', { statuses: [200, 401, 403] }],
  // https://platform.openai.com/docs/guides/error-codes, https://docs.claude.com/en/api/errors
  [MONEY, 'insufficient_quota billing_hard_limit_reached billing_not_active billing_error'],
  // https://docs.x.com/x-api/fundamentals/response-codes-and-errors: a monthly cap.
  [MONEY, 'usage-capped UsageCapExceeded credits-depleted'],
  // https://support.airtable.com/docs/managing-api-call-limits-in-airtable: a monthly number of calls.
  [MONEY, 'PUBLIC_API_BILLING_LIMIT_EXCEEDED'],
  // https://developers.hubspot.com/docs/api/error-handling, https://www.dropbox.com/developers/documentation/http
  [QUOTA, 'RATE_LIMITS too_many_write_operations'],
  // https://spec.matrix.org/latest/client-server-api/#rate-limiting
  [QUOTA, 'M_LIMIT_EXCEEDED'],
  // https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers. Other APIs use the first for a full plan or disk.
  [QUOTA, 'quota-exceeded', { statuses: [429, 503] }],
  [QUOTA, 'temporary-reduced-capacity'],
  // https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html: with status 400 or 403.
  [TOKEN, 'ExpiredToken ExpiredTokenException', { statuses: [400, 401, 403] }],
  // https://developer.apple.com/documentation/usernotifications/handling-notification-responses-from-apns
  [TOKEN, 'ExpiredProviderToken'],
];

/**
 * Codes of Meta's Graph API, which are plain numbers: they count only beside an `fbtrace_id`.
 *
 * Source: https://developers.facebook.com/docs/graph-api/guides/error-handling and …/overview/rate-limiting
 */
const META: readonly Listed[] = [
  [FAULT, '1 2'],
  [
    QUOTA,
    '4 17 32 341 613 80000 80001 80002 80003 80004 80005 80006 80007 80008 80009 80014 130429 131056 133016',
  ],
  [TOKEN, '102 190'],
];

const BY_CODE = byCode(CODES);
const BY_META = byCode(META);

function byCode(lists: readonly Listed[]): ReadonlyMap<string, Listed> {
  return new Map(
    lists.flatMap((listed) => listed[1].split(/\s+/).map((code) => [code.toLowerCase(), listed] as const)),
  );
}

/**
 * Endings that mark a code as a quota's refusal, whatever prefix the API adds; matched against the code's letters alone.
 * Examples: AWS's `RequestLimitExceeded`, `ThrottlingException` and `TooManyRequestsException`, Google's
 * `userRateLimitExceeded`, Anthropic's `rate_limit_error`, Linear's `RATELIMITED`; with other statuses than 429, DocuSign's
 * `HOURLY_APIINVOCATION_LIMIT_EXCEEDED` (400), NetSuite's `SSS_REQUEST_LIMIT_EXCEEDED` (400), Deribit's `too_many_requests`
 * (400), Microsoft Advertising's `CallRateExceeded` (500), Apigee's `policies.ratelimit.SpikeArrestViolation` and
 * `QuotaViolation` (500). A bare `rate_limit` in a longer code may name a field, so `exceeded` or the like must follow.
 * Bit, sample and frame rates are not request rates.
 *
 * Sources: https://developers.docusign.com/platform/resource-limits,
 * https://docs.apigee.com/api-platform/reference/policies/spike-arrest-policy,
 * https://discuss.google.dev/t/http-429-as-default-status-code-for-quota-policy-violation/17548
 */
const THROTTLES =
  /(?:(?:(?<!bit|sample|frame)rate|requests?|invocation|polling|calls?|concurren(?:cy|t)|bandwidth)limits?(?:exceeded|reached|hit|violation|error)|ratelimited|throttl(?:ed|ing)|spikearrestviolation|policiesratelimitquotaviolation|toomanyrequests|callrateexceeded)(?:error|exception|fault)?(?:per[a-z]{1,10})?$/;

/** How OpenAI and Groq state a request's cost: https://github.com/Aider-AI/aider/issues/1880 */
const COST = /\bLimit (\d+), (?:Used \d+, )?Requested (\d+)\b/;

/** True if the message says that the request costs more than the limit. */
function isTooLarge(message: string): boolean {
  const [, limit, requested] = COST.exec(message) ?? [];
  return Number(requested) > Number(limit);
}

/** The rest of the answer that carries a code. */
interface Answer {
  readonly status: number;
  readonly messages: readonly string[];
  /** The body is one of Meta's. */
  readonly meta?: boolean;
}

/** The meaning of a code, in any case; `undefined` if the status decides. */
export function meaningOf(code: string, { status, messages, meta }: Answer): Meaning | undefined {
  const word = code.toLowerCase();
  const listed = meta ? BY_META.get(code) : BY_CODE.get(word);
  const [meaning, , only] = listed ?? [];
  if (only?.statuses?.includes(status) === false) return undefined;
  const { text } = only ?? {};
  if (text && !messages.some((message) => text.test(message))) return undefined;
  const named = meaning ?? (!meta && THROTTLES.test(word.replace(/[^a-z]/g, '')) ? QUOTA : undefined);
  if (named?.verdict !== 'throttled') return named;
  if (status === 402) return MONEY;
  if (messages.some(isTooLarge)) return TOO_LARGE;
  return SPECIFIC_STATUSES.has(status) ? undefined : named;
}

/** Meta marks temporary faults: https://developers.facebook.com/docs/marketing-api/error-reference */
export const META_TRANSIENT: Meaning = FAULT;

/** Phrases that identify a quota's refusal where no code does. */
const PHRASES: readonly (readonly [phrase: RegExp, meaning: Meaning])[] = [
  // https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api: wait at least one minute.
  [/\bsecondary rate limit\b|\babuse detection mechanism\b/i, { ...QUOTA, waitMs: 60_000 }],
  // https://learn.microsoft.com/azure/api-management/quota-policy: status 403.
  [/\bout of (?:call volume|bandwidth) quota\b/i, QUOTA],
  // RapidAPI, LINE, Resend and others: no wait within a call's deadline reaches the next month.
  [/\b(?:exceeded|reached|hit) (?:the|your|its) monthly\b/i, MONEY],
  // GitHub, Okta, Kong, Tyk, Marketo and others.
  [/\b(?:rate|api)[ -]limit (?:'\d{1,9}' )?(?:is |has been |was )?(?:exceeded|reached|hit)\b/i, QUOTA],
  // https://musicbrainz.org/doc/MusicBrainz_API/Rate_Limiting (status 503) and others.
  [/\bexceed(?:ed|ing) (?:a|the|your|its)(?: api| request| allowable)? rate[ -]limit/i, QUOTA],
  // https://www.django-rest-framework.org/api-guide/throttling
  [/\brequest was throttled\b/i, QUOTA],
  // AWS and others; https://bybit-exchange.github.io/docs/p2p/rate-limit (status 403).
  [/\btoo many (?:requests|visits)\b|^rate exceeded\b|\b(?:access|requests made) too frequent/i, QUOTA],
  // https://tyk.io/docs/api-management/request-quotas: status 403, and nothing else.
  [/^(?:api )?quota (?:limit )?exceeded\.?$/i, QUOTA],
];

/** Statuses, beside 429, that APIs also use to refuse for a quota. */
const PHRASE_STATUSES: ReadonlySet<number> = new Set([200, 400, 403, 409, 420, 503]);

/** The meaning of a refusal by its messages alone; `undefined` if the status decides. */
export function meaningOfText(status: number, messages: readonly string[]): Meaning | undefined {
  if (!PHRASE_STATUSES.has(status) && status !== 429) return undefined;
  for (const message of messages) {
    for (const [phrase, meaning] of PHRASES) if (phrase.test(message)) return meaning;
  }
  return undefined;
}
