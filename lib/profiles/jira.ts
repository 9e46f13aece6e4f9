import { defineProfile, type ProfileFactory } from './define/index.ts';

const ISSUE = 'GET https://x.atlassian.net/rest/api/3/issue/A-1';

/** Profile of the Jira Cloud API. */
export const jira: ProfileFactory<'app'> = /* @__PURE__ */ defineProfile({
  name: 'jira',
  title: 'Jira Cloud',
  docs: 'https://developer.atlassian.com/cloud/jira/platform/rate-limiting/',
  sources: {
    limits: { url: 'https://developer.atlassian.com/cloud/jira/platform/rate-limiting/', date: '2026-03-05' },
    guide: {
      url: 'https://developer.atlassian.com/cloud/jira/platform/build-an-app-that-respects-rate-limits/',
      date: '2026-10-20',
    },
  },
  hosts: ['{site}.atlassian.net', 'api.atlassian.com'],
  sharers: ['app'],
  quotas: [
    {
      name: 'issue',
      match: { method: ['GET'], path: '/rest/api/{version}/issue/{issue}/**' },
      each: ['method'],
      source: 'limits',
      note: 'Requests per second for one endpoint and method of a site; stated in headers.',
    },
    {
      name: 'writes of an issue',
      match: { method: ['PUT', 'POST', 'DELETE'], path: '/rest/api/{version}/issue/{issue}/**' },
      each: ['param:issue'],
      source: 'limits',
      note: 'A limit for each issue, in addition to those of its endpoint; stated in headers.',
    },
    {
      name: 'endpoint',
      match: { path: '/rest/api/{version}/{resource}/**' },
      each: ['method', 'param:resource'],
      source: 'limits',
      note: 'Requests per second for one endpoint and method of a site; stated in headers.',
    },
    { name: 'other', match: { path: '/**' }, source: 'limits' },
  ],
  error: { message: ['errorMessages.0', 'message'] },
  codes: [
    {
      status: 429,
      header: 'ratelimit-reason: jira-burst-based',
      verdict: 'throttled',
      advice: 'Too many requests a second to this endpoint: slow down there only.',
      source: 'guide',
    },
    {
      status: 429,
      header: 'ratelimit-reason: jira-per-issue-on-write',
      verdict: 'throttled',
      advice: 'Too many writes to this issue: space them out.',
      source: 'guide',
    },
    {
      status: 429,
      verdict: 'throttled',
      advice:
        'A limit of points per hour, of an endpoint or of an issue is used up: the header RateLimit-Reason says which.',
      source: 'limits',
    },
    {
      status: 503,
      header: 'retry-after',
      verdict: 'transient',
      unprocessed: true,
      advice: 'Jira lacks a resource. The request is retried after the wait that the answer names.',
      source: 'limits',
    },
  ],
  correlation: ['header:atl-traceid'],
  headers: [
    {
      name: 'retry-after',
      means: 'Seconds to wait; 0 is frequent and means "not stated".',
      source: 'limits',
    },
    { name: 'x-ratelimit-limit', means: 'Requests per window.', source: 'limits' },
    { name: 'x-ratelimit-remaining', means: 'Remaining requests.', source: 'limits' },
    { name: 'x-ratelimit-reset', means: 'End of the window: ISO 8601, without seconds.', source: 'limits' },
    { name: 'ratelimit-reason', means: 'Which limit refused.', source: 'guide' },
  ],
  resend: [{ method: 'POST', path: '/rest/api/{version}/search/jql', why: 'A query: it changes nothing.' }],
  simulation: {
    refusal: {
      status: 429,
      headers: { 'retry-after': '{wait}', 'ratelimit-reason': 'jira-burst-based' },
    },
  },
  examples: [
    {
      title: 'A reset in ISO 8601 without seconds',
      request: ISSUE,
      status: 429,
      headers: {
        date: 'Thu, 15 Jan 2026 12:00:00 GMT',
        'x-ratelimit-limit': '100',
        'x-ratelimit-remaining': '0',
        'x-ratelimit-reset': '2026-01-15T12:05Z',
      },
      body: '',
      reading: { verdict: 'throttled', retryAfterMs: 300_000 },
      source: 'https://github.com/fleetdm/fleet/issues/2936',
      sourceDate: '2026-11',
    },
    {
      title: 'A burst of one endpoint',
      request: ISSUE,
      status: 429,
      headers: { 'retry-after': '5', 'ratelimit-reason': 'jira-burst-based' },
      body: '',
      reading: { verdict: 'throttled', retryAfterMs: 5000, unprocessed: true },
      source: 'guide',
    },
  ],
  notes: [
    'Points per hour are counted for Forge, Connect and OAuth 2.0 apps since 2026-03-02: 1 for a request and more for each object that a read touches. API tokens are not affected.',
  ],
});
