import { defineProfile, type ProfileFactory } from './define/index.ts';

type Choices = { readonly plan: readonly ['standard', 'advanced', 'plus', 'enterprise'] };

const GRAPHQL = 'POST https://x.myshopify.com/admin/api/2026-01/graphql.json';

/** Profile of Shopify's Admin APIs. */
export const shopify: ProfileFactory<'app', Choices> = /* @__PURE__ */ defineProfile({
  name: 'shopify',
  title: 'Shopify Admin',
  docs: 'https://shopify.dev/docs/api/usage/limits',
  sources: {
    graphql: {
      url: 'https://shopify.dev/docs/apps/build/apis/graphql-admin/rate-limits',
      date: '2026-11-25',
    },
    rest: { url: 'https://shopify.dev/docs/api/admin-rest/usage/rate-limits', date: '2026-11-25' },
  },
  hosts: ['{shop}.myshopify.com'],
  paths: { root: '/admin' },
  sharers: ['app'],
  choices: { plan: ['standard', 'advanced', 'plus', 'enterprise'] },
  quotas: [
    {
      name: 'graphql',
      match: { method: 'POST', path: '/admin/api/{version}/graphql.json' },
      windows: [
        { limit: 100, per: '1s', of: 'points', when: { plan: 'standard' } },
        { limit: 200, per: '1s', of: 'points', when: { plan: 'advanced' } },
        { limit: 1000, per: '1s', of: 'points', when: { plan: 'plus' } },
        { limit: 2000, per: '1s', of: 'points', when: { plan: 'enterprise' } },
      ],
      spent: { points: 'body:extensions.cost.actualQueryCost' },
      source: 'graphql',
      note: 'A leaky bucket per app and store; each answer states its size (extensions.cost.throttleStatus).',
    },
    {
      name: 'rest',
      match: { path: '/admin/**' },
      windows: [
        { limit: 40, refill: '2/s', when: { plan: 'standard' } },
        {
          limit: 4,
          per: '1s',
          when: { plan: 'advanced' },
          note: "the bucket's size is not documented",
        },
        {
          limit: 20,
          per: '1s',
          when: { plan: 'plus' },
          note: "the bucket's size is not documented",
        },
        { limit: 40, per: '1s', when: { plan: 'enterprise' }, note: '20 times the standard limit' },
      ],
      source: 'rest',
    },
  ],
  readBody: { method: 'POST', path: '/admin/api/{version}/graphql.json' },
  error: { code: ['errors.0.extensions.code'], message: ['errors.0.message', 'errors'] },
  codes: [
    {
      code: 'THROTTLED',
      status: 200,
      verdict: 'throttled',
      unit: 'points',
      advice:
        'The bucket of query points is empty: wait for (requested - available) / restore rate, or request less.',
      source: 'graphql',
    },
    {
      status: 429,
      verdict: 'throttled',
      advice: 'The bucket of REST requests is full: wait until it has leaked.',
      source: 'rest',
    },
  ],
  correlation: ['header:x-request-id'],
  headers: [
    {
      name: 'x-shopify-shop-api-call-limit',
      means: 'Requests in the bucket and its size: `32/40`.',
      source: 'rest',
    },
    { name: 'retry-after', means: 'Seconds to wait.', source: 'rest' },
  ],
  deprecations: [
    {
      match: { path: '/admin/api/{version}/products/**' },
      message: 'The REST Admin API is a legacy API since 1 October 2024: use the GraphQL Admin API.',
      source: 'rest',
    },
  ],
  simulation: {
    told: { 'x-request-id': 'r1' },
    refusal: {
      status: 429,
      headers: { 'retry-after': '{waitS}' },
      body: { errors: 'Exceeded 2 calls per second for api client.' },
    },
  },
  examples: [
    {
      title: 'REST: the bucket is full',
      request: 'GET https://x.myshopify.com/admin/api/2026-01/orders.json',
      status: 429,
      headers: { 'retry-after': '2.0', 'x-request-id': 'r1', 'x-shopify-shop-api-call-limit': '40/40' },
      body: {
        errors:
          'Exceeded 2 calls per second for api client. Reduce request rates to resume uninterrupted service.',
      },
      reading: { verdict: 'throttled', correlationId: 'r1', retryAfterMs: 2000, unprocessed: true },
      source: 'rest',
    },
  ],
  notes: [`A throttled GraphQL query is answered with 200 and THROTTLED (${GRAPHQL}).`],
});
