/**
 * Meanings of error codes that differ from those of their status. The lists are what APIs document or their own clients
 * do; each has its source. A code that is not listed leaves the decision to the status.
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
  hint: "The account's paid quota or credit is used up: no wait refills it. Check the plan, the spending limit and the billing of the account.",
};

const DAY: Meaning = {
  verdict: 'terminal',
  unprocessed: true,
  hint: "The day's quota is used up. Google's resets at midnight Pacific time: try again then, or ask for a higher quota.",
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

/** Codes, in any case, with what they mean. */
const CODES: readonly (readonly [meaning: Meaning, codes: string])[] = [
  // https://github.com/smithy-lang/smithy-typescript: THROTTLING_ERROR_CODES of service-error-classification.
  [
    QUOTA,
    `BandwidthLimitExceeded EC2ThrottledException LimitExceededException PriorRequestNotComplete
    ProvisionedThroughputExceededException RequestLimitExceeded RequestThrottled RequestThrottledException SlowDown
    ThrottledException Throttling ThrottlingException TooManyRequestsException TransactionInProgressException`,
  ],
  // https://www.alibabacloud.com/help/en/sdk/product-overview/handle-throttling: with status 400 or 503.
  [QUOTA, 'Throttling.User Throttling.Api'],
  // https://developers.google.com/workspace/drive/api/guides/handle-errors,
  // https://developers.google.com/analytics/devguides/reporting/core/v4/errors,
  // https://cloud.google.com/apis/design/errors (RESOURCE_EXHAUSTED), https://google.aip.dev/194.
  [
    QUOTA,
    `rateLimitExceeded userRateLimitExceeded userRateLimitExceededUnreg rateLimitExceededUnreg
    concurrentLimitExceeded RESOURCE_EXHAUSTED RATE_LIMIT_EXCEEDED`,
  ],
  [DAY, 'dailyLimitExceeded dailyLimitExceededUnreg'],
  // https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm
  [QUOTA, 'REQUEST_LIMIT_EXCEEDED'],
  [LOCK, 'UNABLE_TO_LOCK_ROW'],
  [FAULT, 'SERVER_UNAVAILABLE'],
  // https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-reference
  [QUOTA, 'AF429'],
  [FAULT, 'AF50000'],
  // https://learn.microsoft.com/graph/throttling, https://learn.microsoft.com/graph/errors,
  // https://learn.microsoft.com/onedrive/developer/rest-api/concepts/errors
  [QUOTA, 'activityLimitReached throttledRequest ApplicationThrottled Request_ThrottledTemporarily'],
  // https://learn.microsoft.com/exchange/client-developer/exchange-web-services/ews-throttling-in-exchange
  [QUOTA, 'ErrorServerBusy ErrorExceededConnectionCount'],
  // https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes: the account's limit is reached.
  [QUOTA, 'ServerBusy'],
  // https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling
  [QUOTA, 'SubscriptionRequestsThrottled TenantRequestsThrottled ResourceRequestsThrottled'],
  [LOCK, 'RetryableErrorDueToAnotherOperation AnotherOperationInProgress RetryableError'],
  // https://docs.stripe.com/error-codes, https://docs.stripe.com/rate-limits (object lock timeouts)
  [LOCK, 'lock_timeout idempotency_key_in_use'],
  // https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
  [LOCK, 'OperationAborted'],
  [FAULT, 'RequestTimeout RequestTimeoutException'],
  // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
  [LOCK, 'TransactionConflictException ReplicatedWriteConflictException'],
  // https://developers.notion.com/reference/status-codes: "transaction could not be completed … try again".
  [LOCK, 'conflict_error'],
  // https://linear.app/developers/rate-limiting, https://docs.github.com/graphql/overview/rate-limits-and-query-limits,
  // https://shopify.dev/docs/api/usage/limits, https://developer.monday.com/api-reference/docs/error-handling
  [
    QUOTA,
    'RATELIMITED RATE_LIMITED RATE_LIMIT THROTTLED ComplexityException COMPLEXITY_BUDGET_EXHAUSTED maxComplexityExceeded',
  ],
  // https://docs.slack.dev/apis/web-api/rate-limits, https://api.slack.com/web
  [QUOTA, 'ratelimited rate_limited'],
  [TOKEN, 'token_expired'],
  // https://platform.openai.com/docs/guides/error-codes, https://docs.claude.com/en/api/errors,
  // https://developer.box.com/guides/api-calls/permissions-and-errors/common-errors
  [QUOTA, 'rate_limit_exceeded rate_limit_error'],
  [
    MONEY,
    'insufficient_quota billing_hard_limit_reached billing_not_active insufficient_balance insufficient_credits billing_error',
  ],
  // https://docs.x.com/x-api/fundamentals/rate-limits: the cap of a month.
  [MONEY, 'usage-capped UsageCapExceeded'],
  // https://developers.hubspot.com/docs/api/error-handling, https://airtable.com/developers/web/api/errors,
  // https://developer.paypal.com/api/rest/responses, https://www.dropbox.com/developers/documentation/http
  [QUOTA, 'RATE_LIMITS RATE_LIMIT_REACHED too_many_write_operations'],
  // https://spec.matrix.org/latest/client-server-api/#rate-limiting
  [QUOTA, 'M_LIMIT_EXCEEDED'],
  // https://developers.cloudflare.com/fundamentals/api/reference/limits, https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers
  [QUOTA, 'quota-exceeded temporary-reduced-capacity'],
  // https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html: with status 400 or 403.
  [TOKEN, 'ExpiredToken ExpiredTokenException'],
];

/**
 * Codes of Meta's Graph API, which are plain numbers: they count only beside an `fbtrace_id`.
 *
 * Source: https://developers.facebook.com/docs/graph-api/guides/error-handling and …/overview/rate-limiting
 */
const META: readonly (readonly [meaning: Meaning, codes: string])[] = [
  [FAULT, '1 2'],
  [QUOTA, '4 17 32 341 613 80000 80001 80002 80003 80004 80005 80006 80008 80009 80014 130429 131048 131056'],
  [TOKEN, '102 190'],
];

const BY_CODE = byCode(CODES);
const BY_META = byCode(META);

function byCode(lists: readonly (readonly [Meaning, string])[]): ReadonlyMap<string, Meaning> {
  return new Map(
    lists.flatMap(([meaning, codes]) =>
      codes.split(/\s+/).map((code) => [code.toLowerCase(), meaning] as const),
    ),
  );
}

/**
 * Words that name a refusal by a quota wherever they end a code, whatever an API puts before them, in letters alone:
 * `HOURLY_APIINVOCATION_LIMIT_EXCEEDED` of DocuSign (status 400), `SSS_REQUEST_LIMIT_EXCEEDED` of NetSuite (403),
 * `policies.ratelimit.SpikeArrestViolation` of Apigee (500). A bare `rate_limit` in a longer code may name a field, so it has
 * to be exceeded.
 *
 * Sources: https://developers.docusign.com/platform/resource-limits,
 * https://docs.apigee.com/api-platform/reference/policies/spike-arrest-policy
 */
const THROTTLES =
  /(?:(?:rate|requests?|invocation|calls?|concurrency)limits?(?:exceeded|reached|hit|violation)|ratelimited|throttled|spikearrestviolation)(?:error|exception|fault)?(?:per[a-z]{1,10})?$/;

/**
 * The meaning of a code, in any case; `undefined` if the status decides.
 *
 * @param meta the body is one of Meta's
 */
export function meaningOf(code: string, meta: boolean): Meaning | undefined {
  if (meta) return BY_META.get(code);
  const word = code.toLowerCase();
  return BY_CODE.get(word) ?? (THROTTLES.test(word.replace(/[^a-z]/g, '')) ? QUOTA : undefined);
}

/** Meta marks temporary faults: https://developers.facebook.com/docs/marketing-api/error-reference */
export const META_TRANSIENT: Meaning = FAULT;

/** Phrases by which refusals without a code are known, whatever their status. */
const PHRASES: readonly (readonly [phrase: RegExp, meaning: Meaning])[] = [
  // https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api: wait at least one minute.
  [/\bsecondary rate limit\b|\babuse detection mechanism\b/i, { ...QUOTA, waitMs: 60_000 }],
  // https://learn.microsoft.com/azure/api-management/quota-policy: status 403.
  [/\bout of (?:call volume|bandwidth) quota\b/i, QUOTA],
  // GitHub, Okta, Kong, Tyk and others.
  [/\brate[ -]limit (?:is |has been |was )?(?:exceeded|reached|hit)\b/i, QUOTA],
  [/\bexceeded (?:a|the|your|its)(?: api| request)? rate limit/i, QUOTA],
  // https://www.django-rest-framework.org/api-guide/throttling
  [/\brequest was throttled\b/i, QUOTA],
  [/\btoo many requests\b|^rate exceeded\b/i, QUOTA],
  // https://tyk.io/docs/api-management/request-quotas: status 403, and nothing else.
  [/^(?:api )?quota exceeded\.?$/i, QUOTA],
];

/** Statuses whose meaning a phrase may change: refusals of a kind that quotas hide behind. */
const PHRASED: ReadonlySet<number> = new Set([400, 403, 409, 420]);

/** The meaning of a refusal by its messages alone; `undefined` if the status decides. */
export function meaningOfText(status: number, messages: readonly string[]): Meaning | undefined {
  if (!PHRASED.has(status) && status !== 429) return undefined;
  for (const message of messages) {
    for (const [phrase, meaning] of PHRASES) if (phrase.test(message)) return meaning;
  }
  return undefined;
}
