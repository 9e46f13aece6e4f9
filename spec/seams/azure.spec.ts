import {
  createDefaultHttpClient,
  createPipelineFromOptions,
  createPipelineRequest,
} from '@azure/core-rest-pipeline';
import { expect } from 'chai';
import { type Headgate, headgate } from 'headgate';
import { headgatePolicy } from 'headgate/azure';
import { failureOf, TestServer } from '../support/server.ts';

describe('A pipeline of Azure’s SDKs', () => {
  let server: TestServer;
  let gate: Headgate;

  beforeEach(async () => {
    server = await TestServer.start();
    gate = headgate({ retry: { backoff: { base: 5 } } });
  });
  afterEach(async () => {
    await gate.close();
    await server.close();
  });

  /** As an SDK's client makes it, of its options. */
  function pipelineOf(options: Parameters<typeof headgatePolicy>[1] = {}) {
    const pipeline = createPipelineFromOptions({ retryOptions: { maxRetries: 0 } });
    pipeline.addPolicy(headgatePolicy(gate, options), { beforePolicies: ['defaultRetryPolicy'] });
    const client = createDefaultHttpClient();
    return (method: 'GET' | 'POST' = 'GET', abortSignal?: AbortSignal) =>
      pipeline.sendRequest(
        client,
        createPipelineRequest({
          ...{ url: server.url, method, allowInsecureConnection: true },
          ...(method === 'POST' && { body: '{"a":1}' }),
          ...(abortSignal && { abortSignal }),
        }),
      );
  }

  it('sends again what a quota refused, with one client request ID for all attempts', async () => {
    const ids: unknown[] = [];
    server.handler = (n, request, response) => {
      ids.push(request.headers['x-ms-client-request-id']);
      request.resume().once('end', () => {
        response.writeHead(n === 1 ? 429 : 200, { 'retry-after-ms': '20' }).end('good');
      });
    };
    const { status, bodyAsText } = await pipelineOf()('POST');
    expect([status, bodyAsText]).to.deep.equal([200, 'good']);
    expect(server.seen.map(({ body }) => body)).to.deep.equal(['{"a":1}', '{"a":1}']);
    expect(new Set(ids)).to.have.property('size', 1);
  });

  it('sends a POST once whose fate is unknown, and gives the SDK the error as it came', async () => {
    server.replies({ status: 500, body: '{"error":{"code":"Odd"}}' });
    const { status, bodyAsText } = await pipelineOf()('POST');
    expect([status, bodyAsText]).to.deep.equal([500, '{"error":{"code":"Odd"}}']);
    expect(server.seen).to.have.length(1);
  });

  it('reads the code of an error from its body', async () => {
    server.replies({ status: 403, body: '{"error":{"code":"AuthorizationFailed"}}' });
    const codes: unknown[] = [];
    gate.on('failure', ({ code }) => codes.push(code));
    await pipelineOf()();
    expect(codes).to.deep.equal(['AuthorizationFailed']);
  });

  it('ends at once when its user aborts while a quota is closed', async () => {
    server.replies({ status: 429, headers: { 'retry-after': '60' } });
    const controller = new AbortController();
    const call = pipelineOf()('GET', controller.signal);
    gate.once('pause', () => setTimeout(() => controller.abort(), 20));
    const error = await call.catch((reason: unknown) => reason);
    expect((error as Error).name).to.equal('AbortError');
    expect(server.seen).to.have.length(1);
  });

  it('takes options of its calls, and says what is wrong with them', async () => {
    server.replies({ status: 200 });
    const quotas: unknown[] = [];
    gate.on('attempt', ({ quota }) => quotas.push(quota));
    await pipelineOf({ call: ({ method }) => (method === 'GET' ? { quota: 'reading' } : undefined) })();
    expect(quotas).to.deep.equal(['reading']);
    const wrong = await failureOf(pipelineOf({ call: { deadline: 'soon' } })());
    expect(wrong.message).to.match(/deadline.*soon/);
  });
});
