import { defineProfile, type ProfileFactory, type QuotaDefinition } from './define/index.ts';

const CHANNEL = 'POST https://discord.com/api/v10/channels/1/messages';

/** Limits apply per route, top-level resource and, possibly, method; the first segment below the resource names the route. */
function route(resource: string, id: string): QuotaDefinition[] {
  const note = 'Stated in headers: the documentation asks clients not to hard-code limits.';
  return [
    {
      name: `${resource} route`,
      match: { path: `/api/{version}/${resource}/{${id}}/{route}/**` },
      each: ['method', `param:${id}`, 'param:route'],
      source: 'limits',
      note,
    },
    {
      name: resource,
      match: { path: `/api/{version}/${resource}/{${id}}` },
      each: ['method', `param:${id}`],
      source: 'limits',
      note,
    },
  ];
}

/** Profile of the Discord API. */
export const discord: ProfileFactory<'bot'> = /* @__PURE__ */ defineProfile({
  name: 'discord',
  title: 'Discord',
  docs: 'https://discord.com/developers/docs/topics/rate-limits',
  sources: {
    limits: { url: 'https://discord.com/developers/docs/topics/rate-limits', date: '2026-11-25' },
  },
  hosts: [
    { host: 'discord.com', family: 'discord.com' },
    { host: 'discordapp.com', family: 'discord.com' },
  ],
  paths: { root: '/api' },
  sharers: ['bot'],
  quotas: [
    {
      name: 'account',
      also: true,
      except: [{ path: '/api/{version}/interactions/**' }],
      windows: [{ limit: 50, per: '1s' }],
      source: 'limits',
    },
    ...route('channels', 'channel'),
    ...route('guilds', 'guild'),
    ...route('webhooks', 'webhook'),
    { name: 'other', match: { path: '/api/**' }, each: ['method'], source: 'limits' },
  ],
  error: { message: ['message'] },
  codes: [
    {
      status: 429,
      header: 'x-ratelimit-global: true',
      verdict: 'throttled',
      quota: 'account',
      advice: 'The global limit of the bot is used up: all its routes are closed.',
      source: 'limits',
    },
    {
      status: 429,
      header: 'x-ratelimit-scope: global',
      verdict: 'throttled',
      quota: 'account',
      advice: 'The global limit of the bot is used up: all its routes are closed.',
      source: 'limits',
    },
    {
      status: 429,
      message: /\bexceeding our rate limits\b/i,
      verdict: 'throttled',
      quota: 'account',
      advice:
        'Temporarily banned after too many 401, 403 or 429 answers (10,000 in 10 minutes): stop, and find their cause.',
      documented: false,
      source: 'https://github.com/discord/discord-api-docs/issues/5810',
      sourceDate: '2026-11',
    },
    {
      status: 429,
      verdict: 'throttled',
      advice: 'The limit of this route is used up: other routes remain open.',
      source: 'limits',
    },
    {
      status: 401,
      verdict: 'terminal',
      advice: 'The token is wrong: do not send it again, because refused requests lead to a ban.',
      source: 'limits',
    },
  ],
  waits: [{ body: 'retry_after', unit: 's' }],
  headers: [
    { name: 'x-ratelimit-limit', means: 'Requests per window.', source: 'limits' },
    { name: 'x-ratelimit-remaining', means: 'Remaining requests.', source: 'limits' },
    { name: 'x-ratelimit-reset', means: 'End of the window: epoch seconds.', source: 'limits' },
    {
      name: 'x-ratelimit-reset-after',
      means: 'Seconds until the end of the window, with decimals.',
      source: 'limits',
    },
    {
      name: 'x-ratelimit-bucket',
      means: 'Name of the limit, the same on all routes that share it.',
      source: 'limits',
    },
    { name: 'x-ratelimit-scope', means: '`user`, `global` or `shared`; only on a 429.', source: 'limits' },
    { name: 'x-ratelimit-global', means: '`true` when the global limit refused.', source: 'limits' },
  ],
  simulation: {
    told: {
      'x-ratelimit-limit': '{limit}',
      'x-ratelimit-remaining': '{remaining}',
      'x-ratelimit-reset-after': '{resetAfter}',
    },
    refusal: {
      status: 429,
      headers: { 'retry-after': '{wait}', 'x-ratelimit-scope': 'user' },
      body: { message: 'You are being rate limited.', retry_after: '{waitS}', global: false },
    },
  },
  examples: [
    {
      title: 'A route’s limit, in seconds with decimals',
      request: CHANNEL,
      status: 429,
      body: { message: 'You are being rate limited.', retry_after: 64.57, global: false },
      reading: { verdict: 'throttled', retryAfterMs: 64_570, unprocessed: true },
      source: 'https://github.com/victornpb/undiscord/pull/349',
      sourceDate: '2026-11',
    },
    {
      title: 'The global limit closes the whole account',
      request: CHANNEL,
      status: 429,
      headers: { 'retry-after': '65', 'x-ratelimit-global': 'true', 'x-ratelimit-scope': 'global' },
      body: { message: 'You are being rate limited.', retry_after: 64.57, global: true },
      reading: { verdict: 'throttled', retryAfterMs: 65_000, quota: 'account' },
      source: 'limits',
    },
    {
      title: 'A ban names no wait',
      request: 'POST https://discord.com/api/webhooks/1/x',
      status: 429,
      headers: { server: 'cloudflare' },
      body: {
        code: 0,
        message:
          'You are being blocked from accessing our API temporarily due to exceeding our rate limits frequently.',
      },
      reading: { verdict: 'throttled', retryAfterMs: null, quota: 'account' },
      source: 'https://github.com/discord/discord-api-docs/issues/5810',
      sourceDate: '2026-11',
    },
  ],
});
