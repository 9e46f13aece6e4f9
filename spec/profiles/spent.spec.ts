import { gzipSync } from 'node:zlib';
import axios from 'axios';
import { expect } from 'chai';
import got from 'got';
import { type Headgate, type HeadgateOptions, headgate, type WindowSnapshot } from 'headgate';
import { anthropic, azureOpenai, defender, defineProfile, openai, shopify } from 'headgate/profiles';
import { Agent, request } from 'undici';
import { TestServer } from '../support/server.ts';

type Client = (gate: Headgate, url: string) => Promise<unknown>;

/** Sends one request through a client, and reads the whole answer. */
const CLIENTS: Record<string, Client> = {
  got: (gate, url) => gate.got(got).post(url, { json: {} }).json(),
  fetch: async (gate, url) => (await gate.fetch()(url, { method: 'POST', body: '{}' })).text(),
  axios: (gate, url) => gate.axios(axios.create()).post(url, {}),
  undici: async (gate, url) => {
    const dispatcher = new Agent().compose(gate.undici());
    try {
      const { body } = await request(url, { method: 'POST', body: '{}', dispatcher });
      return await body.text();
    } finally {
      await dispatcher.close();
    }
  },
};

const TOKENS = { limit: 1000, per: '1m', of: 'tokens' };

describe('What a profile reads from bodies of good answers', () => {
  let server: TestServer;
  let gate: Headgate;

  beforeEach(async () => {
    server = await TestServer.start();
  });
  afterEach(async () => {
    await gate.close();
    await server.close();
  });

  const answers = (body: unknown, type = 'application/json'): void => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    server.handler = (_n, asked, response) => {
      asked.resume().once('end', () => response.writeHead(200, { 'content-type': type }).end(text));
    };
  };
  const open = (options: HeadgateOptions): void => {
    gate = headgate(options);
  };
  /** What the window of a unit has used; a copy of a body is read a moment after its reader has it. */
  const used = async (unit: string, wanted: number): Promise<number | undefined> => {
    let found: WindowSnapshot | undefined;
    for (let tries = 0; tries < 100 && found?.used !== wanted; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      found = gate
        .quotas()
        .flatMap(({ windows }) => windows)
        .find((each) => each.unit === unit);
    }
    return found?.used;
  };

  for (const [client, send] of Object.entries(CLIENTS)) {
    describe(`through ${client}`, () => {
      it('corrects a declared quota that counts what OpenAI tells of its usage', async () => {
        open({ profile: openai(), quotas: [{ match: { path: '/v1/**' }, windows: [TOKENS] }] });
        answers({ choices: [], usage: { prompt_tokens: 20, completion_tokens: 17, total_tokens: 37 } });
        await send(gate, `${server.url}/v1/chat/completions`);
        expect(await used('tokens', 37)).to.equal(37);
      });

      it("corrects Shopify's points by the actual cost of a query", async () => {
        open({ profile: shopify({ plan: 'standard' }) });
        answers({ data: {}, extensions: { cost: { requestedQueryCost: 92, actualQueryCost: 3 } } });
        await send(gate, `${server.url}/admin/api/2026-01/graphql.json`);
        expect(await used('points', 3)).to.equal(3);
      });

      it("counts Defender's hunts by their running time, of results beyond what is read too", async () => {
        open({ profile: defender() });
        answers({ Stats: { ExecutionTime: 4.5 }, Results: Array(9000).fill({ FileName: 'power"}]shell' }) });
        await send(gate, `${server.url}/api/advancedqueries/run`);
        expect(await used('seconds', 4.5)).to.equal(4.5);
      });
    });
  }

  it('reads compressed bodies, through undici too', async () => {
    open({ profile: openai(), quotas: [{ windows: [TOKENS] }] });
    server.handler = (_n, asked, response) => {
      const headers = { 'content-type': 'application/json; charset=utf-8', 'content-encoding': 'gzip' };
      asked
        .resume()
        .once('end', () => response.writeHead(200, headers).end(gzipSync('{"usage":{"total_tokens":37}}')));
    };
    await CLIENTS.undici?.(gate, `${server.url}/v1/chat/completions`);
    expect(await used('tokens', 37)).to.equal(37);
  });

  it('leaves the charge where an answer tells nothing: no usage, null, no number, no JSON', async () => {
    for (const body of [{}, { usage: null }, { usage: { total_tokens: null } }, '{"usage":', 'data: x']) {
      open({ profile: openai(), quotas: [{ windows: [TOKENS], cost: { tokens: 50 } }] });
      answers(body);
      await CLIENTS.fetch?.(gate, `${server.url}/v1/responses`);
      expect(await used('tokens', 50), JSON.stringify(body)).to.equal(50);
      await gate.close();
    }
  });

  it('expects nothing of answers that never tell: streams are charged their cost without a margin', async () => {
    open({ profile: openai(), quotas: [{ windows: [TOKENS], cost: { tokens: 50 } }] });
    answers('data: {"usage":null}\n\n', 'text/event-stream');
    await Promise.all(Array.from({ length: 10 }, () => CLIENTS.fetch?.(gate, `${server.url}/v1/responses`)));
    expect(await used('tokens', 500)).to.equal(500);
  });

  it('counts what hunts take of a CPU limit that was declared', async () => {
    open({
      profile: defender(),
      quotas: [
        {
          match: { method: 'POST', path: '/api/advancedhunting/run' },
          also: true,
          cost: { cpuSeconds: 1 },
          windows: [{ limit: 900, per: '15m', of: 'cpuSeconds' }],
        },
      ],
    });
    answers({ Stats: { resource_usage: { cpu: { user: '00:01:00', 'total cpu': '00:01:19.0625000' } } } });
    await CLIENTS.got?.(gate, `${server.url}/api/advancedhunting/run`);
    expect(await used('cpuSeconds', 79.0625)).to.equal(79.0625);
  });

  it('knows several units, and deployments', async () => {
    open({
      profile: anthropic(),
      quotas: [
        {
          windows: [
            { ...TOKENS, of: 'input-tokens' },
            { ...TOKENS, of: 'output-tokens' },
          ],
        },
      ],
    });
    answers({ usage: { input_tokens: 11, output_tokens: 22 } });
    await CLIENTS.got?.(gate, `${server.url}/v1/messages`);
    expect(await used('input-tokens', 11)).to.equal(11);
    expect(await used('output-tokens', 22)).to.equal(22);
    await gate.close();

    open({ profile: azureOpenai(), quotas: [{ windows: [TOKENS] }] });
    answers({ usage: { total_tokens: 5 } });
    await CLIENTS.got?.(gate, `${server.url}/openai/deployments/d/chat/completions?api-version=1`);
    expect(await used('tokens', 5)).to.equal(5);
  });

  it("goes behind the quota's own `spent`, and stands beside headers", async () => {
    open({
      profile: openai(),
      quotas: [{ windows: [TOKENS], spent: () => ({ tokens: 1 }) }],
    });
    answers({ usage: { total_tokens: 37 } });
    await CLIENTS.got?.(gate, `${server.url}/v1/chat/completions`);
    expect(await used('tokens', 1)).to.equal(1);
    await gate.close();

    const shop = defineProfile({
      name: 'shop',
      title: 'Shop',
      hosts: ['shop.example'],
      quotas: [
        {
          name: 'q',
          source: 'https://example.com/docs',
          sourceDate: '2026-11',
          windows: [
            { limit: 100, per: '1m', of: 'points' },
            { limit: 100, per: '1m', of: 'rows' },
          ],
          spent: { points: 'header:x-cost', rows: 'body:meta.0.rows', unknown: 'body:meta' },
        },
      ],
    });
    open({ profile: shop() });
    server.handler = (_n, _asked, response) =>
      response
        .writeHead(200, { 'x-cost': '7', 'content-type': 'application/json' })
        .end('{"meta":[{"rows":"4"}]}');
    await CLIENTS.got?.(gate, `${server.url}/items`);
    expect(await used('points', 7)).to.equal(7);
    expect(await used('rows', 4)).to.equal(4);
  });

  it('copies no body for a quota that counts requests alone', () => {
    const ref = (of?: string) =>
      openai().quota({ method: 'POST', url: new URL(`https://api.openai.com/v1/${of ?? ''}`) });
    expect(ref('chat/completions').spent).to.equal(undefined);
    expect(
      shopify().quota({ method: 'GET', url: new URL('https://x.myshopify.com/admin/a') }).spent,
    ).to.equal(undefined);
  });
});
