import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import axios from 'axios';
import { expect } from 'chai';
import got from 'got';
import { type Headgate, headgate } from 'headgate';
import {
  anthropic,
  aws,
  azureResourceManager,
  type DefinedProfile,
  github,
  openai,
  stripe,
} from 'headgate/profiles';
import { failureOf, record } from '../support/server.ts';

type Answer = readonly [status: number, headers: Record<string, string>, body: object];

/** Sends one request through a client; resolves with the status of a good answer. */
const CLIENTS: Record<string, (gate: Headgate, url: string) => Promise<number>> = {
  got: async (gate, url) => (await gate.got(got).post(url, { json: {} })).statusCode,
  axios: async (gate, url) => (await gate.axios(axios.create()).post(url, {})).status,
  fetch: async (gate, url) => {
    const response = await gate.fetch()(url, { method: 'POST', body: '{}' });
    if (!response.ok) throw Object.assign(new Error(`${response.status}`), { status: response.status });
    return response.status;
  },
};

describe('A profile on the wire', () => {
  let server: Server;
  let url: string;
  let gate: Headgate | undefined;
  /** Moment and path of each request. */
  let seen: { at: number; path: string }[];
  let answer: (n: number, request: IncomingMessage) => Answer | undefined;

  beforeEach(async () => {
    seen = [];
    server = createServer((request: IncomingMessage, response: ServerResponse) => {
      const n = seen.push({ at: performance.now(), path: request.url ?? '' });
      const [status, headers, body] = answer(n, request) ?? [200, {}, {}];
      request.resume().once('end', () => response.writeHead(status, headers).end(JSON.stringify(body)));
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    await gate?.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const opened = (profile: DefinedProfile): Headgate => {
    gate = headgate({ profile, retry: { backoff: { base: 5, max: 20 } } });
    return gate;
  };

  for (const [client, send] of Object.entries(CLIENTS)) {
    describe(`through ${client}`, () => {
      it('holds all while a secondary limit of GitHub, a 403, is closed, and loses none', async () => {
        let refused = 0;
        answer = () => {
          if (refused > 0) return undefined;
          refused += 1;
          return [403, { 'retry-after': '1' }, { message: 'You have exceeded a secondary rate limit.' }];
        };
        const own = opened(github());
        await send(own, `${url}/repos/o/r/issues`);
        const statuses = await Promise.all(
          Array.from({ length: 12 }, () => send(own, `${url}/repos/o/r/issues`)),
        );
        expect(new Set(statuses)).to.deep.equal(new Set([200]));
        expect(seen).to.have.length(14);
        const [first, second] = seen;
        expect((second?.at ?? 0) - (first?.at ?? 0)).to.be.at.least(1000);
      });

      it('ends a call at once when the purse at OpenAI is empty', async () => {
        answer = () => [
          429,
          {},
          { error: { code: 'insufficient_quota', type: 'insufficient_quota', message: 'x' } },
        ];
        const error = await failureOf(send(opened(openai()), `${url}/v1/chat/completions`));
        expect(error.message).to.match(/429/);
        expect(seen).to.have.length(1);
      });

      it('sends what AWS refused with a 400 again, until it is served', async () => {
        answer = (n) =>
          n <= 2
            ? [400, {}, { __type: 'com.amazonaws.x#ThrottlingException', message: 'Rate exceeded' }]
            : undefined;
        expect(await send(opened(aws()), `${url}/`)).to.equal(200);
        expect(seen).to.have.length(3);
      });

      it('tries a locked object of Stripe again, also with a POST', async () => {
        answer = (n) => (n === 1 ? [429, {}, { error: { code: 'lock_timeout', message: 'x' } }] : undefined);
        const own = opened(stripe());
        expect(await send(own, `${url}/v1/customers/c`)).to.equal(200);
        expect(seen).to.have.length(2);
      });

      it('waits as long as the text of ARM says', async () => {
        answer = (n) =>
          n === 1
            ? [
                429,
                {},
                {
                  error: {
                    code: 'SubscriptionRequestsThrottled',
                    message: "Please try again after '1' seconds.",
                  },
                },
              ]
            : undefined;
        expect(await send(opened(azureResourceManager()), `${url}/subscriptions/s/resourcegroups`)).to.equal(
          200,
        );
        const [first, second] = seen;
        expect((second?.at ?? 0) - (first?.at ?? 0)).to.be.at.least(1000);
      });

      it('tries an overloaded Anthropic again, also with a POST, since it processed nothing', async () => {
        answer = (n) =>
          n === 1
            ? [
                529,
                {},
                {
                  type: 'error',
                  error: { type: 'overloaded_error', message: 'Overloaded' },
                  request_id: 'req_1',
                },
              ]
            : undefined;
        const own = opened(anthropic());
        const events = record(own);
        expect(await send(own, `${url}/v1/messages`)).to.equal(200);
        expect(events.find(({ type }) => type === 'retry')).to.include({
          code: 'overloaded_error',
          correlationId: 'req_1',
        });
      });
    });
  }
});
