import { defineProfile, type ProfileFactory } from './define/index.ts';

const FILES = 'GET https://www.googleapis.com/drive/v3/files';
const usage = (reason: string, message: string): object => ({
  error: { errors: [{ domain: 'usageLimits', reason, message }], code: 403, message },
});

/** Profile of Google's APIs below googleapis.com. */
export const google: ProfileFactory<'project'> = /* @__PURE__ */ defineProfile({
  name: 'google',
  title: 'Google APIs',
  docs: 'https://cloud.google.com/apis/design/errors',
  sources: {
    drive: { url: 'https://developers.google.com/drive/api/guides/limits', date: '2026-11-25' },
    codes: {
      url: 'https://cloud.google.com/service-control/reference/rpc/google.rpc',
      date: '2026-11-25',
      note: 'google.rpc.Code with its HTTP mapping',
    },
    captured: {
      url: 'https://github.com/google-gemini/gemini-cli/issues/14831',
      date: '2026-11',
      note: 'captured',
    },
  },
  hosts: ['{service}.googleapis.com'],
  sharers: ['project'],
  quotas: [
    {
      name: 'service',
      match: { path: '/**' },
      source: 'drive',
      note: 'Limits per service, project and user, as the console shows them. Drive counts quota units: 1,000,000 a minute per project and 325,000 per user for projects before May 2026.',
    },
  ],
  error: {
    code: ['error.status', 'error.errors.*.reason', '0.error.status'],
    message: ['error.message', '0.error.message'],
  },
  codes: [
    {
      status: 429,
      message: /\bper day\b|\bper_day\b|\bdaily limit\b|\bdaily quota\b/i,
      verdict: 'throttled',
      advice:
        'A daily quota is used up: it reopens at midnight Pacific Time. Wait until then, or ask for more in the console.',
      documented: false,
      source: 'https://github.com/google-gemini/gemini-cli/issues/10925',
      sourceDate: '2026-11',
    },
    {
      code: ['dailyLimitExceeded', 'dailyLimitExceededUnreg'],
      status: [403],
      verdict: 'terminal',
      advice:
        'A daily quota is used up: it reopens at midnight Pacific Time. Wait until then, or ask for more in the console.',
      documented: false,
    },
    {
      code: ['rateLimitExceeded', 'userRateLimitExceeded', 'RATE_LIMIT_EXCEEDED'],
      status: [403, 429],
      verdict: 'throttled',
      advice: 'A per-minute quota of the project or user is used up: wait until it reopens.',
      source: 'drive',
    },
    {
      code: 'RESOURCE_EXHAUSTED',
      status: 429,
      verdict: 'throttled',
      advice: 'A quota is used up, or the service lacks capacity: wait until it reopens.',
      source: 'captured',
    },
    {
      code: 'UNAUTHENTICATED',
      status: 401,
      verdict: 'unauthorized',
      advice: 'The token is wrong or has expired.',
      source: 'codes',
    },
    {
      status: 403,
      message: /\brate limit\b|\brate-limit\b|\bquota exceeded\b/i,
      verdict: 'throttled',
      advice: 'A quota is used up, although the status suggests a missing permission: wait until it reopens.',
      documented: false,
    },
    {
      status: 403,
      verdict: 'terminal',
      advice: 'The caller lacks a permission: grant it, and enable the API in the project.',
      source: 'codes',
    },
    {
      code: 'UNAVAILABLE',
      status: 503,
      verdict: 'transient',
      advice: 'The service is unavailable. The request is retried.',
      source: 'codes',
    },
    {
      code: 'ABORTED',
      status: 409,
      verdict: 'terminal',
      advice: 'A conflict: read the resource again, then repeat the change.',
      source: 'codes',
    },
  ],
  headers: [{ name: 'retry-after', means: 'Seconds to wait; rarely sent.', source: 'drive' }],
  simulation: {
    refusal: {
      status: 429,
      body: {
        error: {
          code: 429,
          message: 'Quota exceeded.',
          status: 'RESOURCE_EXHAUSTED',
          details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '{wait}s' }],
        },
      },
    },
  },
  examples: [
    {
      title: 'A quota per user gives a 403',
      request: FILES,
      status: 403,
      body: usage('userRateLimitExceeded', 'User rate limit exceeded.'),
      reading: { verdict: 'throttled', code: 'userRateLimitExceeded', unprocessed: true },
      source: 'https://github.com/labbots/google-drive-upload/issues/192',
      sourceDate: '2026-11',
    },
    {
      title: 'A daily quota reopens at midnight Pacific Time',
      request: 'POST https://datastore.googleapis.com/v1/projects/p:runQuery',
      status: 403,
      body: usage(
        'dailyLimitExceeded',
        'Daily Limit Exceeded. The quota will be reset at midnight Pacific Time (PT).',
      ),
      reading: { verdict: 'terminal', code: 'dailyLimitExceeded' },
      source: 'https://github.com/murer/dsopz/issues/6',
      sourceDate: '2026-11',
    },
    {
      title: 'Lack of capacity',
      request: 'POST https://aiplatform.googleapis.com/v1/p:generateContent',
      status: 429,
      body: {
        error: {
          code: 429,
          message: 'Resource exhausted. Please try again later.',
          errors: [{ message: 'Resource exhausted.', domain: 'global', reason: 'rateLimitExceeded' }],
          status: 'RESOURCE_EXHAUSTED',
        },
      },
      reading: { verdict: 'throttled', code: 'RESOURCE_EXHAUSTED' },
      source: 'captured',
    },
    {
      title: 'A wait among the details',
      request: 'POST https://generativelanguage.googleapis.com/v1beta/models/m:generateContent',
      status: 429,
      body: {
        error: {
          code: 429,
          message: 'Quota exceeded.',
          status: 'RESOURCE_EXHAUSTED',
          details: [
            { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'RATE_LIMIT_EXCEEDED' },
            { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '36s' },
          ],
        },
      },
      reading: { verdict: 'throttled', code: 'RESOURCE_EXHAUSTED', retryAfterMs: 36_000 },
      source: 'captured',
    },
  ],
  notes: [
    'A 429 may also mean a daily quota: its text says "per day", and waiting for minutes does not help.',
    'Quotas in units (Drive, Gmail, YouTube) are learned: answers do not state what a method costs.',
  ],
});
