import { defineProfile, type ProfileFactory } from './define/index.ts';

const ID = '11111111-2222-4333-8444-555555555555';

/** Profile of the Slack Web API and of its incoming webhooks. */
export const slack: ProfileFactory<'workspace' | 'app'> = /* @__PURE__ */ defineProfile({
  name: 'slack',
  title: 'Slack Web API',
  docs: 'https://docs.slack.dev/apis/web-api/rate-limits',
  sources: {
    limits: { url: 'https://docs.slack.dev/apis/web-api/rate-limits', date: '2026-11-25' },
    errors: {
      url: 'https://hex.pm/packages/slack_kit/1.0.0-alpha.0/files/priv/docs/common_errors.json',
      date: '2026-11-25',
      note: 'a copy of the common errors of the methods’ pages',
    },
    posting: { url: 'https://api.slack.com/changelog/2018-03-great-rate-limits', date: '2026-11-25' },
  },
  hosts: ['slack.com', 'hooks.slack.com'],
  sharers: ['workspace', 'app'],
  quotas: [
    {
      name: 'method',
      match: { host: 'slack.com', path: '/api/{method}' },
      each: ['param:method'],
      source: 'limits',
      note: 'Per method, workspace and app. Tier 1: 1 a minute, tier 2: 20, tier 3: 50, tier 4: 100, with bursts above that. The page of a method states its tier. Limits are learned.',
    },
    {
      name: 'webhook',
      match: { host: 'hooks.slack.com', path: '/**' },
      each: ['path'],
      windows: [{ limit: 1, per: '1s', note: 'short bursts are allowed' }],
      source: 'posting',
    },
  ],
  readBody: { path: '/api/**' },
  error: { code: ['error'] },
  codes: [
    {
      code: ['ratelimited', 'rate_limited'],
      status: [200, 429],
      verdict: 'throttled',
      advice: 'The limit of this method in this workspace is used up: wait until it reopens.',
      source: 'limits',
    },
    {
      code: ['invalid_auth', 'not_authed', 'account_inactive'],
      status: [200, 401],
      verdict: 'terminal',
      advice: 'The token is missing, wrong or revoked: install the app again.',
      source: 'errors',
    },
    {
      code: ['missing_scope', 'not_in_channel'],
      status: [200, 403],
      verdict: 'terminal',
      advice: 'The app lacks a scope, or is not in the channel.',
      source: 'errors',
    },
    {
      code: ['internal_error', 'fatal_error'],
      status: [200, 500, 503],
      verdict: 'transient',
      advice: 'A fault of the service; the request may have been processed.',
      source: 'errors',
    },
  ],
  correlation: ['header:x-slack-req-id'],
  waits: [{ body: 'retry_after', unit: 's' }],
  headers: [{ name: 'retry-after', means: 'Seconds to wait.', source: 'limits' }],
  simulation: {
    told: { 'x-slack-req-id': ID },
    body: { ok: true },
    refusal: { status: 429, headers: { 'retry-after': '{wait}' }, body: { ok: false, error: 'ratelimited' } },
  },
  examples: [
    {
      title: 'A method is rate limited',
      request: 'POST https://slack.com/api/users.list',
      status: 429,
      headers: { 'retry-after': '1', 'x-slack-req-id': ID },
      body: { ok: false, error: 'ratelimited' },
      reading: { verdict: 'throttled', code: 'ratelimited', correlationId: ID, retryAfterMs: 1000 },
      source: 'https://github.com/beginner-corp/slack/issues/105',
      sourceDate: '2026-11',
    },
    {
      title: "A webhook's answer states the wait in its body",
      request: 'POST https://hooks.slack.com/services/x',
      status: 429,
      body: { retry_after: 1, ok: false, error: 'rate_limited' },
      reading: { verdict: 'throttled', code: 'rate_limited', retryAfterMs: 1000 },
      source: 'https://github.com/yassineaboukir/sublert/issues/46',
      sourceDate: '2026-11',
    },
  ],
  notes: [
    'chat.postMessage allows about one message a second per channel; the request body names the channel.',
    'Since 2025-05-29 conversations.history and conversations.replies have smaller limits for new apps that are distributed outside the Marketplace.',
    'Errors come with status 200 and ok: false.',
  ],
});
