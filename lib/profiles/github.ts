import { defineProfile, type ProfileFactory } from './define/index.ts';

const SECONDARY = 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.';

/** Profile of the GitHub REST and GraphQL APIs. */
export const github: ProfileFactory<
  'user',
  { readonly plan: readonly ['user', 'anonymous', 'enterprise-cloud'] }
> = /* @__PURE__ */ defineProfile({
  name: 'github',
  title: 'GitHub REST and GraphQL',
  docs: 'https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api',
  sources: {
    limits: {
      url: 'https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api',
      date: '2026-11-25',
    },
  },
  hosts: [
    { host: 'api.github.com', family: 'api.github.com' },
    { host: 'uploads.github.com', family: 'api.github.com' },
  ],
  sharers: ['user'],
  choices: { plan: ['user', 'anonymous', 'enterprise-cloud'] },
  quotas: [
    {
      name: 'core',
      match: { path: '/**' },
      windows: [
        { limit: 5000, per: '1h', when: { plan: 'user' } },
        { limit: 60, per: '1h', when: { plan: 'anonymous' }, note: 'per IP address' },
        { limit: 15_000, per: '1h', when: { plan: 'enterprise-cloud' } },
      ],
      source: 'limits',
    },
    {
      name: 'search',
      match: { path: '/search/**' },
      source: 'limits',
      note: 'Has its own, smaller limit, stated in headers.',
    },
    {
      name: 'graphql',
      match: { method: 'POST', path: '/graphql' },
      source: 'limits',
      note: 'Has its own points, stated in headers.',
    },
    {
      name: 'rate limit',
      match: { method: 'GET', path: '/rate_limit' },
      source: 'limits',
      note: 'Not counted.',
    },
    { name: 'concurrent', also: true, concurrency: { limit: 100 }, source: 'limits' },
    {
      name: 'points',
      also: true,
      each: ['path'],
      windows: [
        {
          limit: 900,
          per: '1m',
          of: 'points',
          note: 'REST, per endpoint; which paths form one endpoint is not documented',
        },
      ],
      except: { path: '/graphql' },
      cost: { points: { GET: 1, HEAD: 1, OPTIONS: 1, '*': 5 } },
      source: 'limits',
    },
    {
      name: 'graphql points',
      also: true,
      match: { method: 'POST', path: '/graphql' },
      windows: [{ limit: 2000, per: '1m', of: 'points' }],
      cost: { points: 5 },
      source: 'limits',
      note: 'A mutation costs 5, a query 1; all are counted as mutations.',
    },
    {
      name: 'content',
      also: true,
      match: { method: 'POST', path: '/repos/**' },
      windows: [
        { limit: 80, per: '1m' },
        { limit: 500, per: '1h' },
      ],
      source: 'limits',
      note: 'Requests that create content; every POST below /repos counts as one.',
    },
  ],
  readBody: { method: 'POST', path: '/graphql' },
  error: { code: ['errors.0.type'], message: ['message'] },
  codes: [
    {
      status: [403, 429],
      header: 'x-ratelimit-remaining: 0',
      verdict: 'throttled',
      advice: 'The primary limit is used up: wait until x-ratelimit-reset.',
      source: 'limits',
    },
    {
      status: [403, 429],
      message: /\bsecondary rate limit\b|\babuse detection\b/i,
      verdict: 'throttled',
      wait: '60s',
      advice:
        'A secondary limit: send fewer requests at once and fewer writes; wait at least a minute if the answer names no wait.',
      source: 'limits',
    },
    {
      status: [403, 429],
      header: 'retry-after',
      verdict: 'throttled',
      advice: 'A limit with a Retry-After: wait that long.',
      source: 'limits',
    },
    {
      status: 429,
      verdict: 'throttled',
      wait: '60s',
      advice: 'A limit without a wait: wait at least a minute.',
      source: 'limits',
    },
    {
      code: 'RATE_LIMITED',
      status: [200, 403],
      verdict: 'throttled',
      wait: '60s',
      advice: 'The GraphQL points are used up: wait until x-ratelimit-reset.',
      documented: false,
    },
  ],
  correlation: ['header:x-github-request-id'],
  headers: [
    { name: 'x-ratelimit-limit', means: 'Requests per hour.', source: 'limits' },
    { name: 'x-ratelimit-remaining', means: 'Remaining requests in this window.', source: 'limits' },
    { name: 'x-ratelimit-used', means: 'Requests made in this window.', source: 'limits' },
    { name: 'x-ratelimit-reset', means: 'End of the window: epoch seconds.', source: 'limits' },
    {
      name: 'x-ratelimit-resource',
      means: 'The quota that the request drew on: `core`, `search`, `graphql`, …',
      source: 'limits',
    },
    { name: 'retry-after', means: 'Seconds to wait, after a secondary limit.', source: 'limits' },
  ],
  simulation: {
    told: {
      'x-ratelimit-limit': '{limit}',
      'x-ratelimit-remaining': '{remaining}',
      'x-ratelimit-used': '{used}',
      'x-ratelimit-reset': '{reset}',
    },
    refusal: { status: 403, headers: { 'retry-after': '{wait}' }, body: { message: SECONDARY } },
  },
  examples: [
    {
      title: 'The primary limit gives a 403',
      request: 'GET https://api.github.com/repos/o/r',
      status: 403,
      headers: {
        date: 'Thu, 15 Jan 2026 12:00:00 GMT',
        'x-ratelimit-limit': '60',
        'x-ratelimit-remaining': '0',
        'x-ratelimit-reset': '1768479900',
        'x-github-request-id': 'FA2D:87B1:1:2:3',
      },
      body: {
        message: 'API rate limit exceeded for 203.0.113.7.',
        documentation_url: 'https://docs.github.com/rest',
      },
      reading: {
        verdict: 'throttled',
        correlationId: 'FA2D:87B1:1:2:3',
        retryAfterMs: 1_500_000,
        unprocessed: true,
      },
      source: 'https://github.com/hub4j/github-api/issues/220',
      sourceDate: '2026-11',
    },
    {
      title: 'A secondary limit, with a wait',
      request: 'POST https://api.github.com/repos/o/r/issues',
      status: 403,
      headers: { 'retry-after': '4', 'x-github-request-id': 'FA2D:2' },
      body: { message: SECONDARY },
      reading: { verdict: 'throttled', correlationId: 'FA2D:2', retryAfterMs: 4000, unprocessed: true },
      source: 'https://github.com/laminas/automatic-releases/issues/236',
      sourceDate: '2026-11',
    },
    {
      title: 'A secondary limit without a wait: at least a minute',
      request: 'POST https://api.github.com/repos/o/r/issues',
      status: 403,
      body: { message: SECONDARY },
      reading: { verdict: 'throttled', retryAfterMs: 60_000 },
      source: 'limits',
    },
    {
      title: 'A 403 that is not a limit',
      request: 'POST https://api.github.com/repos/o/r/issues',
      status: 403,
      headers: { 'x-ratelimit-remaining': '4999', 'x-github-request-id': 'FA2D:3' },
      body: { message: 'Resource not accessible by integration' },
      reading: { verdict: 'terminal', correlationId: 'FA2D:3', retryAfterMs: null },
    },
  ],
  notes: [
    'A further limit is 90 s of CPU time per 60 s, at most 60 s of them for GraphQL. It depends on response times and is learned.',
    'An app installation has 5,000 to 12,500 requests an hour; GITHUB_TOKEN has 1,000 per repository. Headers state which.',
  ],
});
