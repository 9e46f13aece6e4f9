import axios from 'axios';
import { expect } from 'chai';
import got from 'got';
import { type Headgate, headgate, type WarningEvent } from 'headgate';
import { generic } from 'headgate/profiles';
import { Agent, request } from 'undici';
import { TestServer } from '../support/server.ts';

/** One GET through each client; resolves with its status, or with that of its error. */
const clients: Record<string, (gate: Headgate, url: string) => Promise<unknown>> = {
  got: async (gate, url) => gate.got(got)(url),
  axios: async (gate, url) => gate.axios(axios.create()).get(url),
  fetch: async (gate, url) => gate.fetch()(url),
  undici: async (gate, url) => {
    const response = await request(url, { dispatcher: new Agent().compose(gate.undici()) });
    return response.body.dump();
  },
  wrap: async (gate, url) => gate.wrap(() => fetch(url), { request: { method: 'GET', url } })(),
};

describe('A token that the gate has and does not send', () => {
  let server: TestServer;
  let gate: Headgate;
  let warnings: WarningEvent[];
  let hint: string | undefined;

  beforeEach(async () => {
    server = await TestServer.start();
    gate = headgate({
      profile: { ...generic(), name: 'api', authorizes: ({ hostname }) => hostname === 'api.example' },
      auth: { token: () => ({ token: 't' }) },
      retry: { attempts: 1 },
    });
    warnings = [];
    gate.on('warning', (event) => warnings.push(event));
    gate.on('failure', (event) => {
      hint = event.hint;
    });
  });
  afterEach(async () => {
    await gate.close();
    await server.close();
  });

  for (const [name, get] of Object.entries(clients)) {
    it(`is reported once, and in the hint of a 401: ${name}`, async () => {
      server.replies({ status: 401 }, { status: 401 });
      for (let i = 0; i < 2; i += 1) await get(gate, `${server.url}/${i}`).catch(() => undefined);
      expect(warnings.map(({ code }) => code)).to.deep.equal(['token-withheld']);
      expect(warnings[0]?.message).to.contain(server.url);
      expect(hint).to.match(/^The request carried no token: .*'api'/);
    });

    if (name !== 'undici') {
      it(`is reported even if the request succeeds: ${name}`, async () => {
        await get(gate, server.url);
        expect(warnings.map(({ code }) => code)).to.deep.equal(['token-withheld']);
      });
    }
  }

  it('is not reported if users set their own Authorization, nor for redirects that succeed', async () => {
    const api = gate.fetch();
    await api(server.url, { headers: { authorization: 'Basic x' } });
    await gate.close();
    gate = headgate({ auth: { token: () => ({ token: 't' }) } });
    gate.on('warning', (event) => warnings.push(event));
    const other = await TestServer.start();
    server.replies({ status: 200 }, { status: 302, headers: { location: other.url } });
    await gate.fetch()(server.url);
    await gate.fetch()(server.url);
    expect(warnings).to.deep.equal([]);
    other.replies({ status: 200 }, { status: 401 });
    server.replies();
    server.handler = (_n, _request, response) => response.writeHead(302, { location: other.url }).end();
    await gate.fetch()(server.url);
    await gate.fetch()(server.url);
    expect(warnings.map(({ code }) => code)).to.deep.equal(['token-withheld']);
    await other.close();
  });
});
