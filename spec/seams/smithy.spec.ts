import { NodeHttpHandler } from '@smithy/node-http-handler';
import { HttpRequest } from '@smithy/protocol-http';
import { expect } from 'chai';
import { type Headgate, headgate } from 'headgate';
import { headgateHandler } from 'headgate/smithy';
import { TestServer } from '../support/server.ts';

describe('A request handler of SDKs made with Smithy', () => {
  let server: TestServer;
  let gate: Headgate;
  let inner: NodeHttpHandler;

  beforeEach(async () => {
    server = await TestServer.start();
    gate = headgate({ retry: { backoff: { base: 5 } } });
    inner = new NodeHttpHandler();
  });
  afterEach(async () => {
    inner.destroy();
    await gate.close();
    await server.close();
  });

  function requestOf(method = 'POST', query: HttpRequest['query'] = {}): HttpRequest {
    const { protocol, hostname, port } = new URL(server.url);
    const headers = { 'x-amz-target': 'DynamoDB_20120810.GetItem' };
    return new HttpRequest({
      protocol,
      hostname,
      port: Number(port),
      path: '/a',
      method,
      headers,
      query,
      body: '{}',
    });
  }

  const textOf = async (body: AsyncIterable<Uint8Array>): Promise<string> => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  };

  it('reads throttling from a body of 400, sends again, and gives the good answer', async () => {
    const throttled =
      '{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"slow down"}';
    server.replies({ status: 400, body: throttled }, { status: 200, body: 'good' });
    const { response } = await headgateHandler(gate, inner).handle(requestOf());
    expect([response.statusCode, await textOf(response.body)]).to.deep.equal([200, 'good']);
    expect(server.seen).to.have.length(2);
  });

  it('gives an error’s body to the SDK as it came, however long', async () => {
    const long = `{"__type":"ValidationException","message":"${'x'.repeat(300_000)}"}`;
    server.replies({ status: 400, body: long });
    const { response } = await headgateHandler(gate, inner).handle(requestOf());
    expect(response.statusCode).to.equal(400);
    expect((await textOf(response.body)) === long).to.equal(true);
  });

  it('draws on the quota of the whole URL, its query included', async () => {
    server.replies({ status: 200 }, { status: 200 });
    const paths: string[] = [];
    gate.on('attempt', ({ url }) => paths.push(new URL(url).pathname + new URL(url).search));
    await headgateHandler(gate, inner).handle(requestOf('GET', { list: ['1', '2'], flag: null }));
    expect(paths).to.deep.equal(['/a?list=1&list=2&flag=']);
  });

  it('leaves to the handler what else it has', () => {
    const handler = headgateHandler(gate, inner);
    expect(handler).to.be.instanceOf(NodeHttpHandler);
    expect(handler.metadata).to.deep.equal({ handlerProtocol: 'http/1.1' });
    expect(handler.httpHandlerConfigs()).to.be.an('object');
    handler.destroy();
  });

  it('ends a call whose user aborts while a quota is closed', async () => {
    server.replies({ status: 429, headers: { 'retry-after': '60' } });
    const controller = new AbortController();
    const call = headgateHandler(gate, inner).handle(requestOf(), { abortSignal: controller.signal });
    gate.once('pause', () => setTimeout(() => controller.abort(), 20));
    const error = await call.catch((reason: unknown) => reason);
    expect((error as Error).name).to.equal('AbortError');
    expect(server.seen).to.have.length(1);
  });
});
