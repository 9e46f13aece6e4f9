import { defineProfile, type ProfileFactory } from './define/index.ts';

const QUERY = 'GET https://x.my.salesforce.com/services/data/v60.0/query';

/** Profile of the Salesforce REST API. */
export const salesforce: ProfileFactory = /* @__PURE__ */ defineProfile({
  name: 'salesforce',
  title: 'Salesforce REST',
  docs: 'https://developer.salesforce.com/docs/platform/salesforce-app-limits-cheatsheet/guide/salesforce-app-limits-platform-api.html',
  sources: {
    limits: {
      url: 'https://developer.salesforce.com/docs/platform/salesforce-app-limits-cheatsheet/guide/salesforce-app-limits-platform-api.html',
      date: '2026-11-25',
    },
    session: {
      url: 'https://developer.salesforce.com/docs/platform/api-rest/guide/errorcodes.md',
      date: '2026-11-25',
      note: 'and https://nango.dev/blog/fix-salesforce-invalid-session-id-error for the code',
    },
    captured: {
      url: 'https://github.com/SalesforceLabs/OrgCheck/issues/432',
      date: '2026-11',
      note: 'captured',
    },
  },
  hosts: ['{org}.my.salesforce.com', '{org}.{partition}.my.salesforce.com'],
  paths: { root: '/services' },
  quotas: [
    {
      name: 'org',
      match: { path: '/services/**' },
      source: 'limits',
      note: '100,000 requests or more in any 24 hours, depending on licences; Sforce-Limit-Info states them. Requests of 20 seconds or longer: 25 at once, 5 in developer and trial orgs; shorter requests are not limited.',
    },
  ],
  error: { code: ['0.errorCode', 'error'], message: ['0.message', 'error_description'] },
  codes: [
    {
      code: 'REQUEST_LIMIT_EXCEEDED',
      status: 403,
      message: /\bConcurrent/i,
      verdict: 'throttled',
      advice: 'Too many long requests at once: as soon as one ends, the next may start.',
      source: 'captured',
    },
    {
      code: 'REQUEST_LIMIT_EXCEEDED',
      status: 403,
      message: /\bTotalRequests\b/i,
      verdict: 'terminal',
      advice:
        'The requests of 24 hours are used up: wait until the oldest leave the window, or buy more. Waiting for minutes does not help.',
      source: 'limits',
    },
    {
      code: 'REQUEST_LIMIT_EXCEEDED',
      status: 403,
      verdict: 'throttled',
      advice: 'A limit on requests: the message says which.',
      source: 'limits',
    },
    {
      code: 'INVALID_SESSION_ID',
      status: 401,
      verdict: 'unauthorized',
      advice: 'The session has expired: get a new token.',
      source: 'session',
    },
  ],
  headers: [
    {
      name: 'sforce-limit-info',
      means: 'Requests used and allowed in 24 hours: `api-usage=18/5000`.',
      source:
        'https://raw.githubusercontent.com/api-evangelist/salesforce/refs/heads/main/rate-limits/salesforce-rate-limits.yml',
      sourceDate: '2026-08-13',
    },
  ],
  simulation: {
    refusal: {
      status: 403,
      body: [
        {
          message: 'ConcurrentRequests (Concurrent API Requests) Limit exceeded.',
          errorCode: 'REQUEST_LIMIT_EXCEEDED',
        },
      ],
    },
  },
  examples: [
    {
      title: 'Too many long requests at once',
      request: QUERY,
      status: 403,
      body: [{ message: 'ConcurrentPerOrgLongTxn Limit exceeded.', errorCode: 'REQUEST_LIMIT_EXCEEDED' }],
      reading: { verdict: 'throttled', code: 'REQUEST_LIMIT_EXCEEDED', unprocessed: true },
      source: 'captured',
    },
    {
      title: 'The daily requests are used up',
      request: QUERY,
      status: 403,
      body: [{ message: 'TotalRequests Limit exceeded.', errorCode: 'REQUEST_LIMIT_EXCEEDED' }],
      reading: { verdict: 'terminal', code: 'REQUEST_LIMIT_EXCEEDED', retryAfterMs: null },
      source: 'limits',
    },
  ],
});
