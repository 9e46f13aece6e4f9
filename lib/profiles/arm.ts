import { defineProfile, type ProfileFactory, type QuotaDefinition } from './define/index.ts';

const ID = '11111111-2222-4333-8444-555555555555';
const SUBSCRIPTION = 'https://management.azure.com/subscriptions/s';
const error = (code: string, message: string): object => ({ error: { code, message } });

/** Reads, writes and deletes each have a bucket per subscription, and one per tenant for requests outside subscriptions. */
function bucket(
  name: string,
  method: readonly string[],
  limit: number,
  refill: string,
): QuotaDefinition<'app'>[] {
  const windows = [{ limit, refill }];
  return [
    {
      name: `subscription ${name}`,
      match: { method, path: '/subscriptions/{subscription}/**' },
      each: ['param:subscription'],
      windows,
      source: 'limits',
    },
    { name: `tenant ${name}`, match: { method, path: '/**' }, windows, source: 'limits' },
  ];
}

/** Profile of Azure Resource Manager. */
export const azureResourceManager: ProfileFactory<'app'> = /* @__PURE__ */ defineProfile({
  name: 'azure-resource-manager',
  title: 'Azure Resource Manager',
  docs: 'https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling',
  sources: {
    limits: {
      url: 'https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling',
      date: '2026-11',
      note: 'token buckets per region, subscription and principal; all principals of a subscription together have 15 times as much',
    },
  },
  hosts: [{ host: 'management.azure.com', family: 'public' }],
  family: 'public',
  sharers: ['app'],
  quotas: [
    ...bucket('reads', ['GET'], 250, '25/s'),
    ...bucket('writes', ['PUT', 'PATCH', 'POST'], 200, '10/s'),
    ...bucket('deletes', ['DELETE'], 200, '10/s'),
  ],
  codes: [
    {
      code: 'RetryableErrorDueToAnotherOperation',
      status: 429,
      verdict: 'transient',
      unprocessed: true,
      advice:
        'Another operation has locked this resource. The request is retried; other resources are not affected.',
      source: 'limits',
    },
    {
      code: [
        'ResourceRequestsThrottled',
        'SubscriptionRequestsThrottled',
        'TooManyRequests',
        'OperationNotAllowed',
        '429',
      ],
      status: 429,
      verdict: 'throttled',
      advice: 'The quota of the subscription or of the resource provider is used up: wait until it reopens.',
      documented: false,
    },
    {
      code: 'OperationNotAllowed',
      status: [400, 403, 409],
      advice:
        'Not allowed in this state, or a quota of resources (such as cores) is used up: the message says which.',
      documented: false,
    },
  ],
  correlation: ['header:x-ms-request-id', 'header:x-ms-correlation-request-id'],
  waits: [{ message: /\btry again after '(\d{1,9})' seconds\b/i, unit: 's' }],
  headers: [
    { name: 'retry-after', means: 'Seconds to wait.', source: 'limits' },
    {
      name: 'x-ms-ratelimit-remaining-subscription-reads',
      means: 'Remaining reads of the subscription.',
      source: 'limits',
    },
    {
      name: 'x-ms-ratelimit-remaining-subscription-writes',
      means: 'Remaining writes of the subscription.',
      source: 'limits',
    },
    {
      name: 'x-ms-ratelimit-remaining-resource',
      means: 'Remaining requests for each policy of the compute provider: `Policy;n,Policy;n`.',
      source: 'limits',
    },
    {
      name: 'x-ms-ratelimit-microsoft.costmanagement-entity-retry-after',
      means:
        'Seconds to wait, from Cost Management; its other limits have headers that end in `-retry-after` too.',
      source: 'https://github.com/mlabouardy/komiser/issues/1405',
      sourceDate: '2026-11',
    },
  ],
  scopes: [{ scope: 'https://management.azure.com/.default' }],
  simulation: {
    told: { 'x-ms-request-id': ID, 'x-ms-ratelimit-remaining-subscription-reads': '{remaining}' },
    body: { value: [] },
    refusal: {
      status: 429,
      body: error('SubscriptionRequestsThrottled', "Please try again after '{wait}' seconds."),
    },
  },
  examples: [
    {
      title: 'The message states limit, window and wait',
      request: `GET ${SUBSCRIPTION}/providers/Microsoft.Cdn/profiles`,
      status: 429,
      body: error(
        'ResourceRequestsThrottled',
        "Number of requests for action 'Microsoft.Cdn/profiles/read' exceeded the limit of '50' for time interval '00:05:00'. Please try again after '372' seconds.",
      ),
      reading: { verdict: 'throttled', code: 'ResourceRequestsThrottled', retryAfterMs: 372_000 },
      source: 'https://github.com/Azure/azqr/issues/34',
      sourceDate: '2026-11',
    },
    {
      title: 'A subscription is throttled',
      request: `POST ${SUBSCRIPTION}/providers/Microsoft.Compute/virtualMachines/v/start`,
      status: 429,
      body: error(
        'SubscriptionRequestsThrottled',
        "Number of requests for subscription 's' and operation 'POST/SUBSCRIPTIONS/START' exceeded the backend storage limit. Please try again after '6' seconds.",
      ),
      reading: { verdict: 'throttled', code: 'SubscriptionRequestsThrottled', retryAfterMs: 6000 },
      source: 'https://github.com/MicrosoftDocs/azure-docs/issues/105248',
      sourceDate: '2026-11',
    },
    {
      title: 'A lock on one resource is not a quota',
      request: `PUT ${SUBSCRIPTION}/providers/Microsoft.Network/virtualNetworks/v`,
      status: 429,
      headers: { 'x-ms-request-id': ID },
      body: error(
        'RetryableErrorDueToAnotherOperation',
        'Another operation on this or dependent resource is in progress.',
      ),
      reading: {
        verdict: 'transient',
        code: 'RetryableErrorDueToAnotherOperation',
        correlationId: ID,
        unprocessed: true,
      },
      source: 'limits',
    },
  ],
  notes: [
    'Each region has its own buckets. A client cannot see which region serves a request, so one region is assumed.',
    'Resource providers have their own limits, which are learned.',
  ],
});
