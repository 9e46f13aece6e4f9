import { defineProfile, type ProfileFactory } from './define/index.ts';

const MESSAGES = 'POST https://api.anthropic.com/v1/messages';
const ID = 'req_011CZAau32QzxDkriovTaFCB';
const error = (type: string, message: string): object => ({
  type: 'error',
  error: { type, message },
  request_id: ID,
});

const UNITS = ['requests', 'tokens', 'input-tokens', 'output-tokens'];

/** Profile of the Anthropic API. */
export const anthropic: ProfileFactory<'organization'> = /* @__PURE__ */ defineProfile({
  name: 'anthropic',
  title: 'Anthropic',
  docs: 'https://docs.claude.com/en/api/rate-limits',
  sources: {
    errors: { url: 'https://docs.claude.com/en/api/errors', date: '2026-11-25' },
    headers: { url: 'https://docs.claude.com/en/api/rate-limits', date: '2026-11' },
  },
  hosts: ['api.anthropic.com'],
  sharers: ['organization'],
  quotas: [
    {
      name: 'messages',
      match: { path: '/v1/messages' },
      spent: { 'input-tokens': 'body:usage.input_tokens', 'output-tokens': 'body:usage.output_tokens' },
      source: 'headers',
      note: 'Requests, input tokens and output tokens per model and tier; headers state them.',
    },
    { name: 'other', match: { path: '/v1/**' }, source: 'headers', note: 'Stated in headers.' },
  ],
  error: { code: ['error.type'], message: ['error.message'] },
  codes: [
    {
      code: 'rate_limit_error',
      status: 429,
      verdict: 'throttled',
      advice:
        'The requests or tokens per minute are used up, or usage grew too fast: wait until the quota reopens.',
      source: 'errors',
    },
    {
      code: 'overloaded_error',
      status: 529,
      verdict: 'transient',
      unprocessed: true,
      advice: 'The service is overloaded for everyone. The request is retried, more slowly.',
      source: 'errors',
    },
    {
      code: 'api_error',
      status: 500,
      verdict: 'transient',
      advice: 'A fault of the service. The request is retried.',
      source: 'errors',
    },
    {
      code: 'invalid_request_error',
      status: 400,
      verdict: 'terminal',
      advice: 'Correct the request: the message says what is wrong.',
      source: 'errors',
    },
    {
      code: 'authentication_error',
      status: 401,
      verdict: 'terminal',
      advice: 'The key is wrong or revoked.',
      source: 'errors',
    },
    {
      code: 'permission_error',
      status: 403,
      verdict: 'terminal',
      advice: 'The key may not use this resource.',
      source: 'errors',
    },
    {
      code: 'not_found_error',
      status: 404,
      verdict: 'terminal',
      advice: 'No such resource: check the ID or the model.',
      source: 'errors',
    },
    {
      code: 'request_too_large',
      status: 413,
      verdict: 'terminal',
      advice: 'More than 32 MB (batches 256 MB, files 500 MB): send less.',
      source: 'errors',
    },
  ],
  correlation: ['body:request_id', 'header:request-id'],
  headers: [
    ...UNITS.flatMap((unit) => [
      { name: `anthropic-ratelimit-${unit}-limit`, means: `Limit of ${unit}.`, source: 'headers' },
      { name: `anthropic-ratelimit-${unit}-remaining`, means: `Remaining ${unit}.`, source: 'headers' },
      {
        name: `anthropic-ratelimit-${unit}-reset`,
        means: `Time at which ${unit} are replenished: RFC 3339.`,
        source: 'headers',
      },
    ]),
    { name: 'retry-after', means: 'Seconds to wait.', source: 'headers' },
  ],
  simulation: {
    told: {
      'anthropic-ratelimit-requests-limit': '{limit}',
      'anthropic-ratelimit-requests-remaining': '{remaining}',
      'request-id': ID,
    },
    body: { type: 'message', content: [] },
    refusal: {
      status: 429,
      headers: { 'retry-after': '{wait}' },
      body: error('rate_limit_error', 'This request would exceed your rate limit.'),
    },
  },
  examples: [
    {
      title: 'Overload has its own status',
      request: MESSAGES,
      status: 529,
      body: error('overloaded_error', 'Overloaded'),
      reading: { verdict: 'transient', code: 'overloaded_error', correlationId: ID, unprocessed: true },
      source: 'https://github.com/anthropics/claude-code/issues/35792',
      sourceDate: '2026-11',
    },
    {
      title: 'A fault of the service',
      request: MESSAGES,
      status: 500,
      body: error('api_error', 'Overloaded'),
      reading: { verdict: 'transient', code: 'api_error', correlationId: ID },
      source: 'https://github.com/anthropics/claude-code/issues/4248',
      sourceDate: '2026-11',
    },
    {
      title: 'A limit, with a wait',
      request: MESSAGES,
      status: 429,
      headers: { 'retry-after': '20', 'request-id': ID },
      body: error('rate_limit_error', 'This request would exceed your rate limit.'),
      reading: { verdict: 'throttled', code: 'rate_limit_error', correlationId: ID, retryAfterMs: 20_000 },
      source: 'errors',
    },
  ],
});
