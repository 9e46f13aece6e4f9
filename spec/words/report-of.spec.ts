import {
  createDefaultHttpClient,
  createEmptyPipeline,
  createPipelineRequest,
  RestError,
} from '@azure/core-rest-pipeline';
import { Octokit } from '@octokit/core';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { HttpRequest } from '@smithy/protocol-http';
import axios, { type AxiosError } from 'axios';
import axios17 from 'axios17';
import { expect } from 'chai';
import got from 'got';
import { type CallReport, type Headgate, headgate, isHeadgateError, OptionsError, reportOf } from 'headgate';
import OpenAI from 'openai';
import { headgatePolicy } from '../../lib/seams/azure.ts';
import { headgateHandler } from '../../lib/seams/smithy.ts';
import { rememberResponse } from '../../lib/words/report-of.ts';
import { failureOf, TestServer } from '../support/server.ts';
import { majors } from '../support/undici.ts';

const REPORT: CallReport = {
  call: 'c',
  method: 'GET',
  url: 'https://h/',
  quota: 'q',
  attempts: [],
  spend: () => undefined,
};

describe('reportOf finds the record of a call', () => {
  const bearer = () => Object.assign(new Error('x'), { headgate: REPORT });
  for (const [what, from] of [
    ['in the error itself', bearer()],
    ['in the cause of the cause', new Error('a', { cause: new Error('b', { cause: bearer() }) })],
    ['in a response', { headgate: REPORT }],
    ['in the response of an error', Object.assign(new Error('x'), { response: { headgate: REPORT } })],
    ['in a member of an AggregateError', new AggregateError([new Error('a'), bearer()])],
    ['in an element of Promise.allSettled', { status: 'rejected', reason: bearer() }],
    ['in itself', REPORT],
  ] as const) {
    it(what, () => {
      expect(reportOf(from)).to.equal(REPORT);
    });
  }

  it('and gives undefined for anything else, whatever it is', () => {
    const cycle = new Error('a');
    cycle.cause = cycle;
    const hostile = new Proxy(
      {},
      {
        get: () => {
          throw new Error('no');
        },
      },
    );
    const { proxy: revoked, revoke } = Proxy.revocable({}, {});
    revoke();
    const wide = { errors: Array.from({ length: 1e5 }, () => ({})) };
    const endless = new Proxy({}, { get: (target, key) => (key === 'cause' ? { ...target } : undefined) });
    for (const from of [
      undefined,
      null,
      1,
      'text',
      cycle,
      hostile,
      revoked,
      wide,
      endless,
      { headgate: 1 },
    ]) {
      expect(reportOf(from)).to.equal(undefined);
      expect(isHeadgateError(from)).to.equal(false);
    }
  });

  it('by a copy of the headers, unless several calls at once were answered alike', () => {
    const report = (call: string, startedAt: number): CallReport => ({
      ...REPORT,
      call,
      attempts: [{ startedAt, waitedMs: 0, durationMs: 10 }],
    });
    const copy = (id: string) => ({ response: { status: 500, url: 'https://h/', headers: { 'x-id': id } } });
    const answer = (id: string, of: CallReport) =>
      rememberResponse({ status: 500, url: 'https://h/', headers: new Headers({ 'X-Id': id }) }, of);
    answer('1', report('a', 0));
    answer('2', report('b', 0));
    expect(reportOf(copy('1'))?.call).to.equal('a');
    answer('1', report('c', 10));
    expect(reportOf(copy('1'))?.call).to.equal('c');
    const { response } = copy('1');
    for (const kept of [
      { ...response, headers: new Headers(response.headers) },
      { headers: response.headers, statusCode: 500 },
    ])
      expect(reportOf(kept)?.call).to.equal('c');
    answer('1', report('d', 15));
    expect(reportOf(copy('1'))).to.equal(undefined);
  });
});

describe('The record of a call', () => {
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

  it('is found from the errors of openai, for a response as for a fault', async () => {
    const headers = { 'x-request-id': 'r-1' };
    server.replies({ status: 500 }, { status: 500, headers });
    const openai = new OpenAI({ apiKey: 'k', baseURL: server.url, fetch: gate.fetch(), maxRetries: 0 });
    const refused = await failureOf(openai.models.retrieve('x'));
    expect(reportOf(refused)?.attempts.map(({ status }) => status)).to.deep.equal([500, 500]);
    expect(reportOf(refused)).to.include({ correlationId: 'r-1', reason: 'attempts', method: 'GET' });
    server.handler = (_n, request) => request.socket.destroy();
    const broken = await failureOf(openai.models.retrieve('x'));
    expect(reportOf(broken)?.attempts).to.have.length(2);
    expect(reportOf(broken)?.url).to.equal(`${server.url}/models/x`);
  });

  it('is found from the errors of octokit, for a response as for a fault', async () => {
    server.replies({ status: 500 }, { status: 500 });
    const octokit = new Octokit({ baseUrl: server.url, request: { fetch: gate.fetch() } });
    const refused = await failureOf(octokit.request('GET /user'));
    expect(reportOf(refused)?.attempts.map(({ status }) => status)).to.deep.equal([500, 500]);
    server.handler = (_n, request) => request.socket.destroy();
    const broken = await failureOf(octokit.request('GET /user'));
    expect(reportOf(broken)?.attempts).to.have.length(2);
    await gate.close();
    expect(reportOf(await failureOf(octokit.request('GET /user')))?.reason).to.equal('closed');
  });

  it("is found from the response of any client, and from its headers where they are the client's own", async () => {
    const responses = [
      await gate.fetch()(server.url),
      await gate.axios(axios.create()).get(server.url),
      await gate.got(got)(server.url),
    ];
    for (const response of responses) expect(reportOf(response)?.attempts).to.have.length(1);
    expect(reportOf(responses[0]?.headers)?.attempts).to.have.length(1);
    expect(reportOf(responses[1]?.headers)?.attempts).to.have.length(1);
  });

  it('is found from any part of a response that an SDK may keep, of fetch as of axios', async () => {
    server.replies({ status: 404 }, { status: 404 }, { status: 200 });
    const response = await gate.fetch()(server.url);
    const refused = (await failureOf(gate.axios(axios.create()).get(server.url))) as AxiosError;
    const given = await gate.axios(axios.create()).get(server.url);
    const { headers, body } = response;
    for (const [part, status] of [
      [{ cause: headers }, 404],
      [{ cause: body }, 404],
      [{ headers: refused.response?.headers }, 404],
      [{ response: refused.response }, 404],
      [new Error('mine', { cause: refused }), 404],
      [given.headers, 200],
      [given, 200],
    ] as const) {
      expect(reportOf(part)?.attempts[0]?.status).to.equal(status);
    }
  });

  it('is found from an error of any axios for a body that it cannot parse, whose status was good', async () => {
    server.handler = (_n, _request, response) => response.end('{broken');
    for (const client of [axios, axios17 as unknown as typeof axios]) {
      const api = gate.axios(client.create({ transitional: { silentJSONParsing: false } }));
      const error = await failureOf(api.get(server.url, { responseType: 'json' }));
      expect(error.name).to.equal('SyntaxError');
      expect(reportOf(error)?.attempts).to.have.length(1);
    }
  });

  it("is found from the errors that Azure's and Smithy's SDKs make of a response", async () => {
    server.replies({ status: 403 }, { status: 404 });
    const pipeline = createEmptyPipeline();
    pipeline.addPolicy(headgatePolicy(gate), { phase: 'Retry' });
    const request = createPipelineRequest({ url: server.url, allowInsecureConnection: true });
    const response = await pipeline.sendRequest(createDefaultHttpClient(), request);
    expect(reportOf(new RestError('refused', { response }))?.attempts[0]?.status).to.equal(403);

    const { protocol, hostname, port } = new URL(server.url);
    const handler = headgateHandler(gate, new NodeHttpHandler());
    const asked = { protocol, hostname, port: Number(port), method: 'GET', path: '/', headers: {} };
    const { response: $response } = await handler.handle(new HttpRequest(asked));
    const error = Object.assign(new Error('refused'), { $response });
    expect(reportOf(error)?.attempts[0]?.status).to.equal(404);
  });

  for (const { major, undici } of majors.filter(({ major }) => major >= 7)) {
    it(`is found from the errors that an interceptor makes of a response, undici ${major}`, async () => {
      server.replies({ status: 404, headers: { 'x-request-id': 'r-2' } });
      const { responseError } = undici.interceptors;
      const dispatcher = new undici.Agent().compose(gate.undici(), responseError());
      const error = await failureOf(undici.request(server.url, { dispatcher }));
      expect(error).to.have.property('statusCode', 404);
      expect(reportOf(error)?.correlationId).to.equal('r-2');
      await dispatcher.close();
    });
  }

  it('is found from an error that takes no property', async () => {
    for (const error of [Object.freeze(new Error('a')), Object.seal(new Error('b'))]) {
      const failing = gate.wrap(() => Promise.reject(error), { request: { method: 'GET', url: server.url } });
      expect(await failureOf(failing())).to.equal(error);
      expect(reportOf(error)?.reason).to.equal('terminal');
    }
  });

  it('types error.headgate by a guard, for errors of the client as for those of ours', async () => {
    server.replies({ status: 404 });
    const error: unknown = await failureOf(gate.got(got)(server.url));
    if (!isHeadgateError(error)) throw new Error('It bears no record');
    expect(error.headgate.attempts[0]?.status).to.equal(404);
    expect(isHeadgateError(new OptionsError('o', 1, '2'))).to.equal(false);
    expect(isHeadgateError(REPORT)).to.equal(false);
  });
});
