import { defineProfile, type ProfileFactory } from './define/index.ts';

/** Profile of the Okta API. */
export const okta: ProfileFactory = /* @__PURE__ */ defineProfile({
  name: 'okta',
  title: 'Okta',
  docs: 'https://developer.okta.com/docs/reference/rate-limits/',
  sources: {
    concurrent: {
      url: 'https://developer.okta.com/docs/reference/rl-additional-limits/',
      date: '2026-11-25',
    },
    help: {
      url: 'https://help.okta.com/oie/ja-jp/Content/Topics/security/api-rate-limits.htm',
      date: '2026-11-25',
    },
    headers: { url: 'https://developer.okta.com/docs/reference/rl-best-practices/', date: '2026-11-25' },
    errors: { url: 'https://developer.okta.com/docs/reference/error-codes/', date: '2026-11-25' },
    captured: {
      url: 'https://github.com/okta/terraform-provider-okta/issues/35',
      date: '2026-11',
      note: 'captured',
    },
  },
  hosts: ['{org}.okta.com', '{org}.oktapreview.com', '{org}.okta-emea.com'],
  quotas: [
    {
      name: 'concurrent',
      also: true,
      concurrency: {
        limit: 75,
        note: 'per org, for requests that come neither from agents nor from Microsoft 365',
      },
      source: 'help',
    },
    {
      name: 'endpoint',
      match: { path: '/api/v1/{resource}/**' },
      each: ['param:resource'],
      source: 'headers',
      note: 'Requests per minute by endpoint, plan and org, stated in headers. Which paths share a limit varies; paths with the same first segment are assumed to.',
    },
    {
      name: 'oauth',
      match: { path: '/oauth2/**' },
      source: 'headers',
      note: 'Stated in headers.',
    },
  ],
  error: { code: ['errorCode'], message: ['errorSummary'] },
  codes: [
    {
      code: 'E0000047',
      status: 429,
      header: 'x-rate-limit-limit: 0',
      verdict: 'throttled',
      quota: 'concurrent',
      advice: 'Too many concurrent requests in this org: send fewer at once. The reset is only a hint.',
      source: 'concurrent',
    },
    {
      code: 'E0000047',
      status: 429,
      verdict: 'throttled',
      advice: 'The limit of this endpoint is used up: wait until x-rate-limit-reset.',
      source: 'captured',
    },
    {
      code: 'E0000011',
      status: 401,
      verdict: 'unauthorized',
      advice: 'The token is wrong or has expired.',
      source: 'errors',
    },
    {
      code: 'E0000006',
      status: 403,
      verdict: 'terminal',
      advice: 'The token lacks the permission for this.',
      source: 'errors',
    },
    { code: 'E0000007', status: 404, verdict: 'terminal', advice: 'No such resource.', source: 'errors' },
  ],
  correlation: ['header:x-okta-request-id', 'body:errorId'],
  headers: [
    {
      name: 'x-rate-limit-limit',
      means: 'Requests per minute; 0 with a remaining of 0 means the concurrency limit.',
      source: 'headers',
    },
    { name: 'x-rate-limit-remaining', means: 'Remaining requests in this window.', source: 'headers' },
    { name: 'x-rate-limit-reset', means: 'End of the window: epoch seconds.', source: 'headers' },
  ],
  simulation: {
    told: {
      'x-rate-limit-limit': '{limit}',
      'x-rate-limit-remaining': '{remaining}',
      'x-rate-limit-reset': '{reset}',
      'x-okta-request-id': 'XTDx',
    },
    refusal: {
      status: 429,
      body: {
        errorCode: 'E0000047',
        errorSummary: 'API call exceeded rate limit due to too many requests.',
        errorId: 'o',
      },
    },
  },
  examples: [
    {
      title: 'An endpoint’s limit',
      request: 'GET https://x.okta.com/api/v1/users',
      status: 429,
      headers: {
        date: 'Thu, 15 Jan 2026 12:00:00 GMT',
        'x-rate-limit-limit': '20',
        'x-rate-limit-remaining': '0',
        'x-rate-limit-reset': '1768478442',
        'x-okta-request-id': 'XTDx',
      },
      body: {
        errorCode: 'E0000047',
        errorSummary: 'API call exceeded rate limit due to too many requests.',
        errorLink: 'E0000047',
        errorId: 'oae6dB62BdhRFCF_9ltxiklFQ',
        errorCauses: [],
      },
      reading: { verdict: 'throttled', code: 'E0000047', correlationId: 'XTDx', retryAfterMs: 42_000 },
      source: 'captured',
    },
    {
      title: 'The concurrency limit of the org',
      request: 'GET https://x.okta.com/api/v1/users',
      status: 429,
      headers: {
        date: 'Thu, 15 Jan 2026 12:00:00 GMT',
        'x-rate-limit-limit': '0',
        'x-rate-limit-remaining': '0',
        'x-okta-request-id': 'XTDy',
      },
      body: { errorCode: 'E0000047', errorSummary: 'Too many requests', errorId: 'o' },
      reading: { verdict: 'throttled', code: 'E0000047', correlationId: 'XTDy', quota: 'concurrent' },
      source: 'concurrent',
    },
  ],
});
