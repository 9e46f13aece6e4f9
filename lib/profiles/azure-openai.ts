import { defineProfile, type ProfileFactory } from './define/index.ts';

const ID = '11111111-2222-4333-8444-555555555555';
const CHAT = 'POST https://x.openai.azure.com/openai/deployments/d/chat/completions';

/** Profile of the Azure OpenAI API. */
export const azureOpenai: ProfileFactory<'subscription'> = /* @__PURE__ */ defineProfile({
  name: 'azure-openai',
  title: 'Azure OpenAI',
  docs: 'https://learn.microsoft.com/azure/ai-services/openai/quotas-limits',
  sources: {
    captured: {
      url: 'https://github.com/openai/openai-python/issues/937',
      date: '2026-11',
      note: 'captured',
    },
    docs: { url: 'https://learn.microsoft.com/azure/ai-services/openai/quotas-limits', date: '2026-11' },
  },
  hosts: ['{resource}.openai.azure.com'],
  paths: { root: '/openai' },
  sharers: ['subscription'],
  quotas: [
    {
      name: 'deployment',
      match: { path: '/openai/deployments/{deployment}/**' },
      each: ['param:deployment'],
      spent: { tokens: 'body:usage.total_tokens' },
      source: 'docs',
      note: 'Requests and tokens per minute as assigned to the deployment; headers state them.',
    },
    { name: 'resource', match: { path: '/openai/**' }, source: 'docs', note: 'Stated in headers.' },
  ],
  error: { code: ['error.code', 'error.type'], message: ['error.message'] },
  codes: [
    {
      code: '429',
      status: 429,
      verdict: 'throttled',
      advice: "The deployment's requests or tokens per minute are used up: wait, or assign it more.",
      source: 'captured',
    },
  ],
  correlation: ['header:apim-request-id', 'header:x-request-id'],
  waits: [{ message: /\bretry after (\d{1,9}) seconds?\b/i, unit: 's' }],
  headers: [
    { name: 'retry-after', means: 'Seconds to wait.', source: 'captured' },
    {
      name: 'x-ratelimit-remaining-requests',
      means: 'Remaining requests; -1 or 0 with a limit of -1 or 0 means "not counted".',
      source: 'https://github.com/openai/openai-dotnet/issues/838',
      sourceDate: '2026-11',
    },
    {
      name: 'x-rate-limit-reset-tokens',
      means: 'Seconds until tokens are available again; may come alone.',
      source: 'captured',
    },
  ],
  scopes: [{ scope: 'https://cognitiveservices.azure.com/.default' }],
  simulation: {
    told: {
      'x-ratelimit-remaining-requests': '{remaining}',
      'x-ratelimit-remaining-tokens': '{remaining:tokens}',
    },
    refusal: {
      status: 429,
      headers: { 'retry-after': '{wait}' },
      body: { error: { code: '429', message: 'Please retry after {wait} seconds.' } },
    },
  },
  examples: [
    {
      title: 'A reset without a remaining',
      request: CHAT,
      status: 429,
      headers: {
        'x-rate-limit-reset-tokens': '55',
        'apim-request-id': ID,
        'policy-id': 'DeploymentRatelimit-Token',
        'x-ratelimit-remaining-requests': '9',
      },
      body: {
        error: {
          code: '429',
          message:
            'Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2023-07-01-preview have exceeded token rate limit of your current OpenAI S0 pricing tier. Please retry after 55 seconds.',
        },
      },
      reading: { verdict: 'throttled', code: '429', correlationId: ID, retryAfterMs: 55_000 },
      source: 'captured',
    },
    {
      title: 'A wait in the header',
      request: CHAT,
      status: 429,
      headers: { 'retry-after': '45', 'apim-request-id': ID },
      body: { error: { code: '429', message: 'Please retry after 45 seconds.' } },
      reading: { verdict: 'throttled', code: '429', correlationId: ID, retryAfterMs: 45_000 },
      source: 'https://github.com/icereed/paperless-gpt/issues/814',
      sourceDate: '2026-11',
    },
    {
      title: 'Headers that mean "not counted"',
      request: 'POST https://x.openai.azure.com/openai/responses',
      status: 429,
      headers: {
        'x-ratelimit-limit-tokens': '-1',
        'x-ratelimit-remaining-tokens': '-1',
        'x-ratelimit-reset-tokens': '0',
      },
      body: { error: { code: '429', message: 'Too Many Requests' } },
      reading: { verdict: 'throttled', code: '429', retryAfterMs: null },
      source: 'https://github.com/openai/openai-dotnet/issues/838',
      sourceDate: '2026-11',
    },
  ],
});
