import { defineProfile, type ProfileFactory, type QuotaDefinition } from './define/index.ts';

type Choices = { readonly mode: readonly ['live', 'sandbox'] };

/** Each operation is an endpoint with its own limit; different IDs share it. */
function operation(path: string): QuotaDefinition<'account', 'mode'> {
  const each = ['method', 'param:resource', ...(path.includes('{action}') ? ['param:action'] : [])];
  return { name: path, match: { path }, each, windows: [{ limit: 25, per: '1s' }], source: 'limits' };
}

/** Profile of the Stripe API. */
export const stripe: ProfileFactory<'account', Choices> = /* @__PURE__ */ defineProfile({
  name: 'stripe',
  title: 'Stripe',
  docs: 'https://docs.stripe.com/rate-limits',
  sources: {
    limits: { url: 'https://docs.stripe.com/rate-limits', date: '2026-11-25' },
    errors: { url: 'https://docs.stripe.com/api/errors', date: '2026-11-25' },
    lock: { url: 'https://github.com/stripe/stripe-node/issues/2056', date: '2026-11', note: 'captured' },
    sdk: { url: 'https://github.com/stripe/stripe-node', date: '2026-11', note: 'RequestSender of 23.1.0' },
  },
  hosts: [
    { host: 'api.stripe.com', family: 'api.stripe.com' },
    { host: 'files.stripe.com', family: 'api.stripe.com' },
  ],
  sharers: ['account'],
  choices: { mode: ['live', 'sandbox'] },
  quotas: [
    {
      name: 'account',
      also: true,
      windows: [
        { limit: 100, per: '1s', when: { mode: 'live' } },
        { limit: 25, per: '1s', when: { mode: 'sandbox' } },
      ],
      source: 'limits',
    },
    operation('/v1/{resource}'),
    operation('/v1/{resource}/{id}'),
    operation('/v1/{resource}/{id}/{action}'),
    {
      name: 'files',
      match: { path: '/v1/files/**' },
      each: ['method'],
      windows: [{ limit: 20, per: '1s', note: '20 reads and 20 writes' }],
      source: 'limits',
    },
    {
      name: 'search',
      match: { method: 'GET', path: '/v1/{resource}/search' },
      windows: [{ limit: 20, per: '1s' }],
      source: 'limits',
    },
    {
      name: 'updates of a payment intent',
      also: true,
      match: [
        { method: 'POST', path: '/v1/payment_intents/{intent}' },
        { method: 'POST', path: '/v1/payment_intents/{intent}/{action}' },
      ],
      each: ['param:intent'],
      windows: [{ limit: 1000, per: '1h' }],
      source: 'limits',
    },
  ],
  error: { code: ['error.code', 'error.type'], message: ['error.message'] },
  codes: [
    {
      code: 'lock_timeout',
      status: 429,
      verdict: 'transient',
      unprocessed: true,
      advice:
        'Another request has locked this object. The request is retried. This is not a rate limit; other objects are not affected.',
      source: 'lock',
    },
    {
      code: 'rate_limit_error',
      status: 429,
      verdict: 'throttled',
      advice: 'A rate or concurrency limit: the header Stripe-Rate-Limited-Reason says which.',
      source: 'limits',
    },
    {
      status: [500, 502, 503],
      header: 'stripe-should-retry: false',
      verdict: 'terminal',
      advice: 'The answer is stored under the Idempotency-Key: a repeated request gets the same answer.',
      source: 'sdk',
    },
    {
      status: 409,
      header: 'stripe-should-retry: true',
      verdict: 'transient',
      unprocessed: true,
      advice: 'A conflict that Stripe says to retry.',
      source: 'sdk',
    },
    {
      code: 'card_error',
      status: 402,
      verdict: 'terminal',
      advice: 'The card was declined: the code says why.',
      source: 'errors',
    },
    {
      code: 'idempotency_error',
      status: 400,
      verdict: 'terminal',
      advice: 'The Idempotency-Key was used for another request: use a new one.',
      source: 'errors',
    },
  ],
  correlation: ['header:request-id'],
  headers: [
    {
      name: 'stripe-rate-limited-reason',
      means: 'Which limit refused: global, endpoint, concurrency or resource.',
      source: 'limits',
    },
    { name: 'stripe-should-retry', means: '`true` or `false`: outranks the status.', source: 'sdk' },
  ],
  simulation: {
    told: { 'request-id': 'req_1' },
    refusal: {
      status: 429,
      headers: { 'stripe-rate-limited-reason': 'global-rate' },
      body: { error: { message: 'Too many requests', type: 'rate_limit_error' } },
    },
  },
  examples: [
    {
      title: 'A lock on one object is not a rate limit',
      request: 'POST https://api.stripe.com/v1/customers/c',
      status: 429,
      headers: { 'request-id': 'req_o73536', 'stripe-should-retry': 'true' },
      body: {
        error: {
          code: 'lock_timeout',
          message:
            'This object cannot be accessed right now because another API request or Stripe process is currently accessing it.',
          type: 'invalid_request_error',
        },
      },
      reading: { verdict: 'transient', code: 'lock_timeout', correlationId: 'req_o73536', unprocessed: true },
      source: 'lock',
    },
    {
      title: 'A stored answer is not requested again',
      request: 'POST https://api.stripe.com/v1/charges',
      status: 500,
      headers: { 'request-id': 'req_1', 'stripe-should-retry': 'false' },
      body: { error: { type: 'api_error', message: 'x' } },
      reading: { verdict: 'terminal', code: 'api_error', correlationId: 'req_1' },
      source: 'sdk',
    },
    {
      title: 'A rate limit',
      request: 'GET https://api.stripe.com/v1/customers',
      status: 429,
      headers: { 'request-id': 'req_2' },
      body: { error: { message: 'Too many requests', type: 'rate_limit_error' } },
      reading: { verdict: 'throttled', code: 'rate_limit_error', correlationId: 'req_2', unprocessed: true },
      source: 'limits',
    },
  ],
  notes: ['Limits on subscriptions (invoices and updates per subscription) are learned.'],
});
