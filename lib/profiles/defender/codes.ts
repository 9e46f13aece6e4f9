import type { Verdict } from '../../words/types.ts';

/** One error code of the Defender for Endpoint API. */
export interface DefenderErrorCode {
  /** The `code` of an error body. */
  readonly code: string;
  /** HTTP status with which it is documented or was observed. */
  readonly status: number;
  /** Verdict of the profile. */
  readonly verdict: Verdict;
  /** Advice for the error. */
  readonly hint: string;
  /** False for codes that are not on the API's page of common errors. */
  readonly documented: boolean;
}

const CASE =
  "Names of body parameters are case-sensitive: compare them with the example on the endpoint's page.";
const MISSING = 'Not found: check the ID, and that the device has reported within the retention period.';
const QUOTA = 'The quota is used up, by number of calls or by CPU time: wait until it reopens.';

/**
 * Every code of the page "Common Microsoft Defender for Endpoint API errors", in its order (read in
 * merill/defender-docs-mirror at commit 417a5f8), then those it omits. The verdicts are Headgate's, except for the
 * page's own rule: a client error is the caller's fault, a server error is temporary.
 */
export const defenderErrorCodes: readonly DefenderErrorCode[] = [
  entry(
    'BadRequest',
    400,
    'terminal',
    'The message says what is wrong with the request; possible causes include an advanced-hunting result over 50 MB and an expiry date in the past.',
  ),
  entry('ODataError', 400, 'terminal', 'Correct the query options: $filter, $top, $skip, $expand.'),
  entry(
    'InvalidInput',
    400,
    'terminal',
    'Correct the value that the message names; in a batch, drop that item.',
  ),
  entry('InvalidRequestBody', 400, 'terminal', `The body is not what the endpoint expects. ${CASE}`),
  entry('InvalidHashValue', 400, 'terminal', 'Not a SHA-1, SHA-256 or MD5 hash; in a batch, drop that item.'),
  entry('InvalidDomainName', 400, 'terminal', 'Not a domain name; in a batch, drop that item.'),
  entry(
    'InvalidIpAddress',
    400,
    'terminal',
    'Not an IP address (ranges are not accepted); in a batch, drop that item.',
  ),
  entry('InvalidUrl', 400, 'terminal', 'Not a URL; in a batch, drop that item.'),
  entry(
    'MaximumBatchSizeExceeded',
    400,
    'terminal',
    'Split the batch into parts of the size that the message allows.',
  ),
  entry('MissingRequiredParameter', 400, 'terminal', `A required parameter is missing. ${CASE}`),
  entry('OsPlatformNotSupported', 400, 'terminal', "Skip this device: its operating system can't do this."),
  entry(
    'ClientVersionNotSupported',
    400,
    'terminal',
    'Skip this device until its client is updated to the version that the message names.',
  ),
  entry(
    'Unauthorized',
    401,
    'unauthorized',
    'The token is invalid or has expired: get a new one, for the audience https://api.securitycenter.microsoft.com.',
  ),
  entry(
    'Forbidden',
    403,
    'terminal',
    'The token is valid but lacks a permission: grant the application roles that the message names, with admin consent, then get a new token.',
  ),
  entry('DisabledFeature', 403, 'terminal', 'The tenant has this feature switched off or no licence for it.'),
  entry(
    'DisallowedOperation',
    403,
    'terminal',
    'The tenant does not allow this operation; the message gives the reason.',
  ),
  entry('NotFound', 404, 'terminal', MISSING),
  entry('ResourceNotFound', 404, 'terminal', MISSING),
  entry('TooManyRequests', 429, 'throttled', QUOTA),
  entry(
    'InternalServerError',
    500,
    'transient',
    'A temporary fault of the service, often without a message; send the request again.',
  ),
  // Observed instead of TooManyRequests: microsoft-365-docs#4616 (2021), colin-stubbs/minemeld-wd-atp (2022).
  entry('429', 429, 'throttled', QUOTA, false),
  // Documented for live response only, observed for isolation too, with the message "Action is already in progress".
  entry(
    'ActiveRequestAlreadyExists',
    400,
    'terminal',
    'An action of this type is already pending on this device: find it with GET /api/machineactions and wait for it, instead of starting another.',
    false,
  ),
];

function entry(
  code: string,
  status: number,
  verdict: Verdict,
  hint: string,
  documented = true,
): DefenderErrorCode {
  return { code, status, verdict, hint, documented };
}
