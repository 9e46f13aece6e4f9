import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Client } from '@microsoft/microsoft-graph-client';
import { Octokit } from '@octokit/core';
import { expect } from 'chai';
import { type Headgate, headgate } from 'headgate';
import ky, { HTTPError } from 'ky';
import OpenAI from 'openai';
import { failureOf, names, record, TestServer } from '../../support/server.ts';

const run = promisify(execFile);

describe('An SDK with a gated fetch', () => {
  const examples = {
    openai: 'model-1',
    octokit: 'octocat/hello',
    graph: 'Ada',
    ky: 'order 7',
  };
  for (const [name, result] of Object.entries(examples)) {
    it(`waits out a refusal: the example of ${name}`, async () => {
      const file = new URL(`../../../examples/${name}.ts`, import.meta.url).pathname;
      const { stdout } = await run(process.execPath, ['--conditions=headgate-source', file]);
      expect(stdout).to.match(new RegExp(`^throttled: again in \\d+ ms\n${result}\n$`));
    });
  }

  let server: TestServer;
  let gate: Headgate;

  beforeEach(async () => {
    server = await TestServer.start();
    gate = headgate({ retry: { attempts: 2, backoff: { base: 1, max: 1 } } });
  });
  afterEach(async () => {
    await gate.close();
    await server.close();
  });

  it('throws its own errors', async () => {
    server.replies(
      { status: 404, body: '{"error":{"message":"no such model"}}' },
      { status: 404 },
      { status: 404 },
    );
    const fetch = gate.fetch();
    const openai = new OpenAI({ apiKey: 'k', baseURL: server.url, fetch, maxRetries: 0 });
    const ofOpenai = await failureOf(openai.models.retrieve('x'));
    expect(ofOpenai).to.be.instanceOf(OpenAI.NotFoundError);
    expect(ofOpenai.message).to.include('no such model');
    const octokit = new Octokit({ baseUrl: server.url, request: { fetch } });
    expect(await failureOf(octokit.request('GET /user'))).to.include({ name: 'HttpError', status: 404 });
    expect(await failureOf(ky(server.url, { fetch, retry: 0 }).json())).to.be.instanceOf(HTTPError);
    expect(server.seen).to.have.length(3);
  });

  it('is detected if its own retries were left on', async () => {
    const events = record(gate);
    server.replies(...Array.from({ length: 4 }, () => ({ status: 500, headers: { 'retry-after-ms': '1' } })));
    const openai = new OpenAI({ apiKey: 'k', baseURL: server.url, fetch: gate.fetch(), maxRetries: 2 });
    await openai.models.retrieve('x');
    expect(server.seen).to.have.length(5);
    expect(names(events).filter((name) => name === 'warning')).to.have.length(1);
  });

  it('passes on the options of a single call', async () => {
    const quotas: string[] = [];
    const own = headgate({
      quotas: ['openai', 'octokit', 'graph'].map((name) => ({ name, match: { path: '/none' } })),
    });
    own.on('success', ({ quota }) => quotas.push(quota));
    const fetch = own.fetch();
    const asking = (quota: string): object => ({ headgate: { quota } });

    const openai = new OpenAI({ apiKey: 'k', baseURL: server.url, fetch, maxRetries: 0 });
    await openai.models.list({ fetchOptions: asking('openai') });
    const octokit = new Octokit({ baseUrl: server.url });
    const ofOne: typeof fetch = (url, init) => fetch(url, { ...init, ...asking('octokit') });
    await octokit.request('GET /user', { request: { fetch: ofOne } });
    const execute = async (context: { request: unknown; options?: object; response?: Response }) => {
      context.response = await fetch(context.request as string, context.options);
    };
    const graph = Client.initWithMiddleware({ baseUrl: server.url, middleware: { execute } as never });
    await graph.api('/me').options(asking('graph')).get();

    expect(quotas).to.deep.equal(['openai', 'octokit', 'graph']);
    await own.close();
  });

  it('streams server-sent events', async () => {
    server.handler = (n, request, response) => {
      request.resume();
      if (n === 1) {
        response.writeHead(429, { 'retry-after-ms': '1' }).end();
        return;
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const content of ['one', 'two']) {
        response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`);
      }
      response.end('data: [DONE]\n\n');
    };
    const openai = new OpenAI({ apiKey: 'k', baseURL: server.url, fetch: gate.fetch(), maxRetries: 0 });
    const parts: (string | null | undefined)[] = [];
    const stream = await openai.chat.completions.create({ model: 'm', messages: [], stream: true });
    for await (const { choices } of stream) parts.push(choices[0]?.delta.content);
    expect(parts).to.deep.equal(['one', 'two']);
    expect(server.seen).to.have.length(2);
  });
});
