import { defineProfile, type ProfileFactory } from './define/index.ts';

const CHAT = 'POST https://api.openai.com/v1/chat/completions';

/** Profile of the OpenAI API. */
export const openai: ProfileFactory<'project'> = /* @__PURE__ */ defineProfile({
  name: 'openai',
  title: 'OpenAI',
  docs: 'https://platform.openai.com/docs/guides/rate-limits',
  sources: {
    errors: { url: 'https://developers.openai.com/docs/guides/error-codes', date: '2026-11-25' },
    billing: {
      url: 'https://dev.to/sublynow/your-openai-api-429-is-not-always-a-rate-limit-reading-insufficientquota-by-errorcode-1mbl',
      date: '2026-11-25',
      note: 'second hand: the codes below the type insufficient_quota',
    },
    headers: {
      url: 'https://github.com/open-webui/open-webui/issues/3743',
      date: '2026-11',
      note: 'captured',
    },
  },
  hosts: ['api.openai.com'],
  sharers: ['project'],
  quotas: [
    {
      name: 'requests and tokens',
      match: { path: '/v1/**' },
      spent: { tokens: 'body:usage.total_tokens' },
      source: 'headers',
      note: 'Limits per model and tier, stated in headers. Both requests and tokens are limited.',
    },
  ],
  error: { code: ['error.code', 'error.type'], message: ['error.message'] },
  codes: [
    {
      code: [
        'insufficient_quota',
        'credit_balance_exhausted',
        'organization_spend_limit_exceeded',
        'project_spend_limit_exceeded',
        'organization_usage_limit_exceeded',
      ],
      status: 429,
      verdict: 'terminal',
      advice:
        "Credits or a budget are used up, not a rate: add credits or raise the project's limit. Waiting does not help.",
      source: 'billing',
    },
    {
      code: 'rate_limit_exceeded',
      status: 429,
      verdict: 'throttled',
      advice:
        'The requests or tokens per minute or day are used up: the message says which. Wait until the quota reopens.',
      source: 'errors',
    },
    {
      code: 'invalid_api_key',
      status: 401,
      verdict: 'terminal',
      advice: 'The key is wrong or revoked: make a new one.',
      source: 'errors',
    },
    { status: 500, advice: 'A fault of the service. The request is retried.', source: 'errors' },
    {
      status: 503,
      advice: 'The service is overloaded. The request is retried, more slowly.',
      source: 'errors',
    },
  ],
  correlation: ['header:x-request-id'],
  headers: ['requests', 'tokens'].flatMap((unit) => [
    { name: `x-ratelimit-limit-${unit}`, means: `Limit of ${unit}.`, source: 'headers' },
    { name: `x-ratelimit-remaining-${unit}`, means: `Remaining ${unit}.`, source: 'headers' },
    {
      name: `x-ratelimit-reset-${unit}`,
      means: `Time until the quota is full: a duration such as \`8ms\`.`,
      source: 'headers',
    },
  ]),
  simulation: {
    told: {
      'x-ratelimit-limit-requests': '{limit}',
      'x-ratelimit-remaining-requests': '{remaining}',
      'x-ratelimit-reset-requests': '{resetAfter}s',
      'x-ratelimit-limit-tokens': '{limit:tokens}',
      'x-ratelimit-remaining-tokens': '{remaining:tokens}',
      'x-ratelimit-reset-tokens': '{resetAfter:tokens}s',
    },
    body: { object: 'chat.completion', choices: [] },
    refusal: {
      status: 429,
      headers: { 'retry-after': '{wait}' },
      body: {
        error: {
          message: 'Rate limit reached. Please try again in {waitS}s.',
          type: 'requests',
          param: null,
          code: 'rate_limit_exceeded',
        },
      },
    },
  },
  examples: [
    {
      title: 'The credits are used up: waiting does not help',
      request: CHAT,
      status: 429,
      headers: { 'x-request-id': 'req_1' },
      body: {
        error: {
          code: 'insufficient_quota',
          message: 'You exceeded your current quota, please check your plan and billing details.',
          param: null,
          type: 'insufficient_quota',
        },
      },
      reading: {
        verdict: 'terminal',
        code: 'insufficient_quota',
        correlationId: 'req_1',
        retryAfterMs: null,
      },
      source: 'https://github.com/langchain-ai/langchainjs/issues/1929',
      sourceDate: '2026-11',
    },
    {
      title: 'A limit that the headers do not explain',
      request: CHAT,
      status: 429,
      headers: {
        'x-ratelimit-limit-requests': '500',
        'x-ratelimit-limit-tokens': '30000',
        'x-ratelimit-remaining-requests': '499',
        'x-ratelimit-remaining-tokens': '29996',
        'x-ratelimit-reset-requests': '120ms',
        'x-ratelimit-reset-tokens': '8ms',
      },
      body: { error: { message: 'x', type: 'requests', code: 'rate_limit_exceeded' } },
      reading: { verdict: 'throttled', code: 'rate_limit_exceeded', retryAfterMs: null },
      source: 'headers',
    },
    {
      title: 'A wrong key',
      request: CHAT,
      status: 401,
      body: {
        error: {
          message: 'Incorrect API key provided',
          type: 'invalid_request_error',
          code: 'invalid_api_key',
        },
      },
      reading: { verdict: 'terminal', code: 'invalid_api_key' },
      source: 'errors',
    },
  ],
  notes: ["`x-should-retry` is honoured, as in OpenAI's SDK."],
});
