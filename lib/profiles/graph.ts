import { defineProfile, type ProfileFactory } from './define/index.ts';

const ID = '11111111-2222-4333-8444-555555555555';
const error = (code: string, message: string): object => ({
  error: {
    code,
    message,
    innerError: { date: '2026-01-15T12:00:00', 'request-id': ID, 'client-request-id': 'caller-1' },
  },
});

/** Profile of the Microsoft Graph API, with its security endpoints. */
export const graph: ProfileFactory<'tenant' | 'app'> = /* @__PURE__ */ defineProfile({
  name: 'graph',
  title: 'Microsoft Graph',
  docs: 'https://learn.microsoft.com/graph/throttling',
  sources: {
    limits: { url: 'https://learn.microsoft.com/graph/throttling-limits', date: '2026-11-25' },
    security: {
      url: 'https://github.com/microsoftgraph/microsoft-graph-docs-contrib/blob/01351749d65ac935c5cc9d2c9c1e83fffd608016/concepts/throttling-limits.md',
      date: '2026-11-25',
      note: 'section "Security detections and incidents service limits" of a stored copy',
    },
    hunting: {
      url: 'https://learn.microsoft.com/graph/api/security-security-runhuntingquery',
      date: '2026-11',
    },
  },
  hosts: [
    { host: 'graph.microsoft.com', family: 'global' },
    { host: 'graph.microsoft.us', family: 'gov' },
    { host: 'dod-graph.microsoft.us', family: 'dod' },
  ],
  family: 'global',
  paths: { odata: true },
  sharers: ['tenant', 'app'],
  quotas: [
    {
      name: 'app',
      also: true,
      sharedBy: ['app'],
      windows: [{ limit: 130_000, per: '10s' }],
      source: 'limits',
      note: 'Per application across all tenants.',
    },
    {
      name: 'security alerts',
      match: [
        { path: '/{version}/security/alerts/**' },
        { path: '/{version}/security/alerts_v2/**' },
        { path: '/{version}/security/securityActions/**' },
      ],
      windows: [{ limit: 150, per: '1m' }],
      source: 'security',
    },
    {
      name: 'security scores',
      match: [
        { path: '/{version}/security/secureScores/**' },
        { path: '/{version}/security/secureScoreControlProfiles/**' },
      ],
      windows: [
        { limit: 150, per: '1m', note: 'documented only for secureScore' },
        { limit: 10_000, per: '10m' },
      ],
      concurrency: { limit: 4 },
      source: 'security',
    },
    {
      name: 'security indicators',
      match: { path: '/{version}/security/tiIndicators/**' },
      windows: [{ limit: 1000, per: '1m' }],
      source: 'security',
    },
    {
      name: 'hunting',
      match: { method: 'POST', path: '/{version}/security/runHuntingQuery' },
      sharedBy: ['tenant'],
      windows: [{ limit: 45, per: '1m', note: 'at least 45, more for large tenants' }],
      source: 'hunting',
      note: 'CPU by tenant size: blocked until the next cycle of 15 minutes. 3 minutes per query.',
    },
    { name: 'other', match: { path: '/**' } },
  ],
  error: { code: ['error.innerError.code', 'error.code'] },
  codes: [
    {
      code: ['TooManyRequests', 'activityLimitReached', 'throttledRequest', '429'],
      status: 429,
      verdict: 'throttled',
      advice: 'A quota of the service behind Graph is used up: wait until it reopens.',
    },
    {
      status: [400],
      message: /query execution was preempted/i,
      verdict: 'terminal',
      advice:
        "The query took too much CPU or memory: narrow it. The same query would be refused again, even with room in the tenant's quota.",
      documented: false,
      source: 'https://github.com/OpenAEV-Platform/collectors/issues/284',
      sourceDate: '2025-09',
    },
    {
      code: 'UnknownError',
      status: [500, 504],
      match: { method: 'POST', path: '/{version}/security/runHuntingQuery' },
      verdict: 'transient',
      advice: 'Often a query that is too heavy: if it fails again, narrow it.',
      documented: false,
      source: 'https://github.com/microsoftgraph/microsoft-graph-docs/issues/19084',
      sourceDate: '2022-11',
    },
    {
      code: 'Authentication_RequestFromNonPremiumTenantOrB2CTenant',
      status: 403,
      verdict: 'terminal',
      advice: 'The tenant lacks the premium licence that this request needs. No permission replaces it.',
      documented: false,
    },
    {
      code: ['Forbidden', 'UnauthorizedAccessForApplication'],
      status: 403,
      message: /\bmissing application scopes\b/i,
      verdict: 'terminal',
      advice: 'This delegated token lacks a scope that the message names: consent to it, then sign in again.',
      documented: false,
    },
    {
      code: 'Forbidden',
      status: 403,
      verdict: 'terminal',
      advice:
        'The token lacks a role that the message names: grant it with admin consent, then get a new token.',
      documented: false,
    },
  ],
  correlation: ['body:error.innerError.request-id', 'header:request-id'],
  headers: [
    {
      name: 'retry-after',
      means: 'Seconds to wait; some services omit it, some always say 1.',
      source: 'limits',
    },
    { name: 'x-ms-resource-unit', means: 'Resource units that the request cost.', source: 'security' },
    {
      name: 'x-ms-throttle-limit-percentage',
      means: 'Share of the limit that is used, from 0.8 to 1.8; sent only above 0.8.',
      source: 'security',
    },
    { name: 'x-ms-throttle-scope', means: 'Scope of the limit that refused.', source: 'security' },
  ],
  scopes: [
    { host: 'graph.microsoft.us', scope: 'https://graph.microsoft.us/.default' },
    { host: 'dod-graph.microsoft.us', scope: 'https://dod-graph.microsoft.us/.default' },
    { scope: 'https://graph.microsoft.com/.default' },
  ],
  resend: [
    { method: 'POST', path: '/{version}/security/runHuntingQuery', why: 'A query: it changes nothing.' },
  ],
  simulation: {
    told: { 'request-id': ID },
    body: { value: [] },
    refusal: { status: 429, headers: { 'retry-after': '{wait}' }, body: error('TooManyRequests', '') },
  },
  examples: [
    {
      title: 'Throttled, with the service’s own wait',
      request: 'GET https://graph.microsoft.com/v1.0/me/messages',
      status: 429,
      headers: { 'retry-after': '1', 'request-id': ID, 'client-request-id': 'caller-1' },
      body: error('TooManyRequests', ''),
      reading: { verdict: 'throttled', code: 'TooManyRequests', correlationId: ID, retryAfterMs: 1000 },
      source: 'https://github.com/microsoftgraph/msgraph-sdk-javascript/issues/297',
      sourceDate: '2026-11',
    },
    {
      title: 'A hunting query that was preempted for its CPU',
      request: 'POST https://graph.microsoft.com/v1.0/security/runHuntingQuery',
      status: 400,
      body: error(
        'BadRequest',
        'Query execution has exceeded the allowed limits. The query execution was preempted. This could possibly be due to high CPU and/or memory resource consumption. Optimize your query by following best practices and try again.',
      ),
      reading: { verdict: 'terminal', code: 'BadRequest', correlationId: ID, retryAfterMs: null },
      source: 'https://github.com/OpenAEV-Platform/collectors/issues/284',
      sourceDate: '2025-09',
    },
    {
      title: 'A hunting query that failed without a message',
      request: 'POST https://graph.microsoft.com/v1.0/security/runHuntingQuery',
      status: 500,
      body: error('UnknownError', ''),
      reading: { verdict: 'transient', code: 'UnknownError', correlationId: ID },
      source: 'https://github.com/microsoftgraph/microsoft-graph-docs/issues/19084',
      sourceDate: '2026-11',
    },
    {
      title: 'A role is missing',
      request: 'GET https://graph.microsoft.com/v1.0/security/alerts_v2',
      status: 403,
      body: error(
        'Forbidden',
        'Missing application roles. API required roles: SecurityAlert.Read.All,SecurityAlert.ReadWrite.All, application roles: .',
      ),
      reading: { verdict: 'terminal', code: 'Forbidden', correlationId: ID },
      source: 'https://github.com/wazuh/wazuh/issues/31670',
      sourceDate: '2026-11',
    },
    {
      title: 'A licence is missing',
      request: 'GET https://graph.microsoft.com/v1.0/auditLogs/signIns',
      status: 403,
      body: error(
        'Authentication_RequestFromNonPremiumTenantOrB2CTenant',
        "Tenant is not a B2C tenant and doesn't have premium license",
      ),
      reading: {
        verdict: 'terminal',
        code: 'Authentication_RequestFromNonPremiumTenantOrB2CTenant',
        correlationId: ID,
      },
    },
  ],
  notes: [
    'Throttled requests count against the limit as well.',
    'The limits of the other services (Outlook, Teams, identity, Intune, …) are learned.',
    'A batch is answered with 200, which is a success for the gate; its body holds the status of each request. Look for 429s there, and send those requests again after their `Retry-After`.',
  ],
});
