import { defineProfile, type ProfileFactory } from './define/index.ts';

/** Profile of AWS's JSON APIs: DynamoDB, Bedrock, Lambda, API Gateway and others. */
export const aws: ProfileFactory<'account'> = /* @__PURE__ */ defineProfile({
  name: 'aws',
  title: 'AWS (JSON protocols)',
  docs: 'https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html',
  sources: {
    captured: {
      url: 'https://github.com/massif-press/compcon/issues/2237',
      date: '2026-11',
      note: 'captured',
    },
    dynamo: {
      url: 'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html',
      date: '2026-11-25',
    },
    retries: {
      url: 'https://github.com/smithy-lang/smithy-typescript',
      date: '2026-11',
      note: 'THROTTLING_ERROR_CODES of @smithy/core 3.41',
    },
  },
  hosts: [
    '{service}.amazonaws.com',
    '{service}.{region}.amazonaws.com',
    '{api}.{service}.{region}.amazonaws.com',
    '{service}.{region}.amazonaws.com.cn',
  ],
  sharers: ['account'],
  quotas: [
    {
      name: 'service',
      match: { path: '/**' },
      note: 'One quota for each service and region; the limits differ by service, action and account, and are learned.',
    },
  ],
  error: {
    code: ['header:x-amzn-errortype', '__type', 'code', 'Code'],
    message: ['message', 'Message', 'errorMessage'],
  },
  codes: [
    {
      code: 'LimitExceededException',
      status: 429,
      verdict: 'throttled',
      advice: 'The quota of a usage plan (per day, week or month) or a limit of the account is used up.',
      source: 'captured',
    },
    {
      code: [
        'Throttling',
        'ThrottlingException',
        'ThrottledException',
        'RequestThrottled',
        'RequestThrottledException',
        'TooManyRequestsException',
        'ProvisionedThroughputExceededException',
        'RequestLimitExceeded',
        'BandwidthLimitExceeded',
        'SlowDown',
        'EC2ThrottledException',
      ],
      status: [400, 429, 503],
      verdict: 'throttled',
      advice: 'Refused by a rate limit, whatever the status: send fewer requests, or get more capacity.',
      source: 'retries',
    },
    {
      code: ['PriorRequestNotComplete', 'TransactionInProgressException'],
      status: 400,
      verdict: 'transient',
      unprocessed: true,
      advice:
        'An earlier request for the same object is still in progress: wait for it, or send such requests one after another.',
      source: 'retries',
    },
    {
      code: ['UnrecognizedClientException', 'IncompleteSignatureException'],
      status: [400, 403],
      verdict: 'terminal',
      advice: 'The credentials or the signature were refused: renew them, and check the clock.',
      source: 'dynamo',
    },
    {
      code: 'AccessDeniedException',
      status: [400, 403],
      verdict: 'terminal',
      advice: 'The credentials are valid, but a policy does not allow this.',
      source: 'dynamo',
    },
  ],
  correlation: ['header:x-amzn-requestid', 'header:x-amz-request-id'],
  headers: [
    { name: 'x-amz-retry-after', means: 'Milliseconds to wait.', source: 'retries' },
    { name: 'x-amzn-errortype', means: 'The code of the error.', source: 'captured' },
  ],
  // SDKs sign their requests themselves; AWS takes no bearer token.
  withhold: {},
  simulation: {
    told: { 'x-amzn-requestid': 'ABC' },
    refusal: {
      status: 400,
      headers: { 'x-amz-retry-after': '{waitMs}' },
      body: { __type: 'com.amazon.coral.availability#ThrottlingException', message: 'Rate exceeded' },
    },
  },
  examples: [
    {
      title: 'A throttled table gives a 400',
      request: 'POST https://dynamodb.us-east-1.amazonaws.com/',
      status: 400,
      headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': 'ABC' },
      body: {
        __type: 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException',
        message: 'You exceeded your maximum allowed provisioned throughput for a table.',
      },
      reading: {
        verdict: 'throttled',
        code: 'ProvisionedThroughputExceededException',
        correlationId: 'ABC',
        unprocessed: true,
      },
      source: 'captured',
    },
    {
      title: 'The code is in a header',
      request: 'POST https://bedrock-runtime.us-east-1.amazonaws.com/model/m/invoke',
      status: 429,
      headers: {
        'x-amzn-errortype': 'ThrottlingException:http://internal.amazon.com/coral/',
        'x-amzn-requestid': 'ABC',
      },
      body: { message: 'Too many tokens, please wait before trying again.' },
      reading: { verdict: 'throttled', code: 'ThrottlingException', correlationId: 'ABC' },
      source: 'https://github.com/anthropics/claude-code/issues/236',
      sourceDate: '2026-11',
    },
    {
      title: 'A usage plan’s quota',
      request: 'GET https://x.execute-api.us-east-1.amazonaws.com/prod/user',
      status: 429,
      headers: { 'x-amzn-errortype': 'LimitExceededException', 'x-amzn-requestid': 'ABC' },
      body: { message: 'Limit Exceeded' },
      reading: { verdict: 'throttled', code: 'LimitExceededException', correlationId: 'ABC' },
      source: 'captured',
    },
    {
      title: 'A 400 that is not a limit',
      request: 'POST https://dynamodb.us-east-1.amazonaws.com/',
      status: 400,
      headers: { 'x-amzn-requestid': 'ABC' },
      body: { __type: 'com.amazon.coral.validate#ValidationException', message: 'Invalid key' },
      reading: { verdict: 'terminal', code: 'ValidationException', correlationId: 'ABC' },
    },
  ],
  notes: ['S3 and other XML APIs answer in XML, which is read as `generic()` reads it.'],
});
