import type { ProfileExample } from '../define/definition.ts';

const ID = '11111111-2222-4333-8444-555555555555';
const HOST = 'https://api.securitycenter.microsoft.com';

function error(code: string, message: string, target: string = ID): object {
  return { error: { code, message, target } };
}

/** Captured answers; the IDs are replaced. */
export const examples: readonly ProfileExample[] = [
  {
    title: 'Quota used up; the message names the wait',
    request: `GET ${HOST}/api/alerts`,
    status: 429,
    body: error(
      '429',
      'API calls quota exceeded! Maximum allowed 30 per 00:01:00 for the key Destination+TenantID+AppID. You can send requests again in 8 seconds.',
    ),
    reading: { verdict: 'throttled', code: '429', correlationId: ID, retryAfterMs: 8000, unprocessed: true },
    source: 'https://github.com/colin-stubbs/minemeld-wd-atp',
    sourceDate: '2022-07',
  },
  {
    title: 'Quota used up; the message names only the window, on a regional host',
    request: 'GET https://api-eu3.securitycenter.microsoft.com/api/machines',
    status: 429,
    body: error('429', 'API calls quota exceeded! maximum allowed 100 per 00:01:00'),
    reading: { verdict: 'throttled', code: '429', correlationId: ID, retryAfterMs: 60_000 },
    source: 'https://github.com/MicrosoftDocs/microsoft-365-docs/issues/4616',
    sourceDate: '2021-04',
  },
  {
    title: 'A role is missing',
    request: `GET ${HOST}/api/machines/aa11`,
    status: 403,
    body: error(
      'Forbidden',
      'Missing application roles. API required roles: Machine.Read.All,Machine.ReadWrite.All, application roles: Alert.ReadWrite.All.',
    ),
    reading: { verdict: 'terminal', code: 'Forbidden', correlationId: ID },
    source: 'https://github.com/Azure/Azure-Sentinel/issues/7924',
    sourceDate: '2023-04',
  },
  {
    title: 'A licence is missing: a new token does not help',
    request: `GET ${HOST}/api/vulnerabilities`,
    status: 401,
    body: error('Unauthorized', 'Unauthorized request - reason of failure: No Tvm license'),
    reading: { verdict: 'terminal', code: 'Unauthorized', correlationId: ID },
    source: 'https://github.com/MicrosoftDocs/microsoft-365-docs/issues/12426',
    sourceDate: '2023-07',
  },
  {
    title: 'An ended action cannot be cancelled; the ID is an activity’s',
    request: `POST ${HOST}/api/machineactions/${ID}/cancel`,
    status: 400,
    body: error(
      'BadRequest',
      'Canceled machine action status must be Pending or InProgress, Current Status: Failed',
      '|00-fdaabbeb2ebe3146b47f958d7b671dcd-e13c20d6f3402a0d-01.8c111081_1.1.',
    ),
    reading: {
      verdict: 'terminal',
      code: 'BadRequest',
      correlationId: '|00-fdaabbeb2ebe3146b47f958d7b671dcd-e13c20d6f3402a0d-01.8c111081_1.1.',
    },
    source: 'https://github.com/elastic/kibana',
    sourceDate: '2026-11',
  },
  {
    title: 'The service failed, without a message',
    request: `GET ${HOST}/api/alerts`,
    status: 500,
    body: error('InternalServerError', ''),
    reading: { verdict: 'transient', code: 'InternalServerError', correlationId: ID },
    source: 'errors',
  },
  {
    title: 'The package is not ready',
    request: `GET ${HOST}/api/machineactions/${ID}/getPackageUri`,
    status: 404,
    body: error('ResourceNotFound', 'not found'),
    reading: { verdict: 'transient', code: 'ResourceNotFound', retryAfterMs: 30_000 },
    source: 'V26',
  },
  {
    title: 'A wrong path has no error body',
    request: `GET ${HOST}/api/nosuch`,
    status: 404,
    body: '',
    reading: { verdict: 'terminal', code: undefined },
    source: 'https://github.com/MicrosoftDocs/windows-itpro-docs/issues/8830',
    sourceDate: '2020-12',
  },
];
