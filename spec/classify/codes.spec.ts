import { expect } from 'chai';
import { generic } from '../../lib/profiles/index.ts';

/** Status, body, verdict and what it shows: codes of which one API says one thing and another something else. */
const ANSWERS: readonly (readonly [status: number, body: object, verdict: string, why: string])[] = [
  [
    402,
    { error: { code: 402, status: 'RESOURCE_EXHAUSTED' } },
    'terminal',
    "a limit's name with a 402 is about money",
  ],
  [
    429,
    { error: { code: 429, status: 'RESOURCE_EXHAUSTED' } },
    'throttled',
    'the same with a 429 is a quota',
  ],
  [
    413,
    { error: { code: 'rate_limit_exceeded', message: 'Request too large' } },
    'terminal',
    'a 413 is too large',
  ],
  [
    429,
    {
      error: {
        code: 'rate_limit_exceeded',
        message: 'Request too large: Limit 6000, Requested 14368, reduce it',
      },
    },
    'terminal',
    'what costs more than the limit is never served',
  ],
  [
    429,
    { error: { code: 'rate_limit_exceeded', message: 'Rate limit: Limit 6000, Used 5900, Requested 546' } },
    'throttled',
    'what costs less is served later',
  ],
  [507, { code: 'quota-exceeded' }, 'terminal', 'a disk that is full'],
  [403, { code: 'quota-exceeded' }, 'terminal', 'a plan that is full'],
  [
    400,
    { __type: 'LimitExceededException', message: 'Cannot exceed quota for PoliciesPerRole: 10' },
    'terminal',
    'IAM: as many as there may be',
  ],
  [
    400,
    { __type: 'LimitExceededException', message: 'Rate exceeded for stream' },
    'throttled',
    'Kinesis: too fast',
  ],
  [
    400,
    { __type: 'LimitExceededException', message: 'Subscriber limit exceeded: simultaneous CREATING streams' },
    'throttled',
    'too many at once',
  ],
  [400, { __type: 'PriorRequestNotComplete' }, 'transient', 'another request is under way'],
  [
    409,
    { object: 'error', code: 'conflict_error', message: 'Conflict occurred while saving. Please try again.' },
    'transient',
    'Notion: a conflict of writes',
  ],
  [409, { code: 'conflict_error', message: 'Email already in use' }, 'terminal', 'exists already'],
  [410, { reason: 'ExpiredToken' }, 'terminal', "Apple's: a device that is gone"],
  [403, { code: 'ExpiredToken' }, 'unauthorized', "AWS's: a token that expired"],
  [400, { code: 'TOKEN_EXPIRED' }, 'terminal', "an invitation's link"],
  [
    403,
    { error: { errors: [{ reason: 'dailyLimitExceededUnreg' }] } },
    'terminal',
    'a quota of those who do not say who they are',
  ],
  [429, { error: { type: 'PUBLIC_API_BILLING_LIMIT_EXCEEDED' } }, 'terminal', "Airtable's month"],
  [400, { error: { code: 80007, fbtrace_id: 'A' } }, 'throttled', "WhatsApp's limit"],
  [400, { errorCode: 'HOURLY_ENVELOPE_POLLING_LIMIT_EXCEEDED' }, 'throttled', "DocuSign's polling"],
  [
    500,
    { fault: { detail: { errorcode: 'policies.ratelimit.QuotaViolation' } } },
    'throttled',
    "Apigee's quota",
  ],
  [400, { code: 'bitrate_limit_exceeded' }, 'terminal', 'bits, not requests'],
  [400, { code: 'SampleRateLimitExceeded' }, 'terminal', 'samples, not requests'],
];

describe('A code', () => {
  for (const [status, body, verdict, why] of ANSWERS) {
    it(`of a ${status} is read by all that the answer says: ${why}`, () => {
      const url = new URL('https://api.test/a');
      const reading = generic().classify({
        request: { method: 'GET', url, headers: {} },
        status,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        receivedAt: 0,
      });
      expect(reading.verdict).to.equal(verdict);
    });
  }
});
