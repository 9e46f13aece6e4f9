import { expect } from 'chai';
import got from 'got';
import { type Headgate, headgate } from 'headgate';
import { defender } from 'headgate/profiles';
import { failureOf, record, TestServer } from '../support/server.ts';

describe('Defender over real HTTP', () => {
  let server: TestServer;
  let gate: Headgate;
  /** Path and Authorization of each request. */
  let sent: [path: string, authorization: string | undefined][];
  /** Statuses to answer with, in turn; 200 after the last. */
  let answers: { status: number; body?: string }[];

  beforeEach(async () => {
    sent = [];
    answers = [];
    server = await TestServer.start();
    server.handler = (_n, { url = '', headers }, response) => {
      sent.push([url, headers.authorization]);
      const { status, body = '{}' } = answers.shift() ?? { status: 200 };
      response.writeHead(status).end(body);
    };
  });
  afterEach(async () => {
    await gate.close();
    await server.close();
  });

  it('gets a token for each audience, once, and sends each only to its own paths', async () => {
    const asked: unknown[] = [];
    gate = headgate({
      profile: defender(),
      auth: {
        getToken: async (scope) => {
          asked.push(scope);
          return { token: `for-${new URL(String(scope)).host}`, expiresOnTimestamp: Date.now() + 3_600_000 };
        },
      },
    });
    gate.on('warning', () => undefined);
    const api = gate.got(got);
    await Promise.all(
      ['machines', 'alerts', 'incidents', 'incidents/7'].map((path) => api(`${server.url}/api/${path}`)),
    );
    await gate.fetch()(`${server.url}/api/advancedhunting/run`, { method: 'POST', body: '{"Query":"x"}' });
    expect(asked.toSorted()).to.deep.equal([
      'https://api.security.microsoft.com/.default',
      'https://api.securitycenter.microsoft.com/.default',
    ]);
    expect(sent).to.have.length(5);
    for (const [url, authorization] of sent) {
      const audience = /hunting|incidents/.test(url)
        ? 'api.security.microsoft.com'
        : 'api.securitycenter.microsoft.com';
      expect(authorization, url).to.equal(`Bearer for-${audience}`);
    }
  });

  it('renews the token of the audience that refused it, and no other', async () => {
    const asked: (string | undefined)[] = [];
    gate = headgate({
      profile: defender(),
      auth: {
        token: ({ scope, previous }) => {
          asked.push(`${scope} ${previous}`);
          return { token: `t${asked.length}` };
        },
      },
    });
    const api = gate.got(got);
    await api(`${server.url}/api/machines`);
    answers = [{ status: 401 }];
    await api(`${server.url}/api/incidents`);
    await api(`${server.url}/api/machines`);
    expect(asked).to.deep.equal([
      'https://api.securitycenter.microsoft.com/.default undefined',
      'https://api.security.microsoft.com/.default undefined',
      'https://api.security.microsoft.com/.default t2',
    ]);
    expect(sent.map(([, authorization]) => authorization)).to.deep.equal(
      ['t1', 't2', 't3', 't1'].map((token) => `Bearer ${token}`),
    );
  });

  it('asks for no new token where no token helps', async () => {
    let asked = 0;
    gate = headgate({ profile: defender(), auth: { token: () => ({ token: `t${++asked}` }) } });
    const message = 'Unauthorized request - reason of failure: No Tvm license';
    answers = [{ status: 401, body: JSON.stringify({ error: { code: 'Unauthorized', message } }) }];
    const error = await failureOf(gate.got(got)(`${server.url}/api/vulnerabilities`));
    expect(error.headgate).to.include({ verdict: 'terminal', reason: 'terminal' });
    expect(error.headgate.hint).to.match(/licence/);
    expect([asked, sent.length]).to.deep.equal([1, 1]);
  });

  for (const [how, next] of [
    ['loses it', (skip: number) => `/api/machines?$skip=${skip}`],
    [
      'loses its name',
      (skip: number) => `/api/machines?=onboardingStatus%20eq%20%27Onboarded%27&$skip=${skip}`,
    ],
  ] as const) {
    it(`warns once that a list's next link has lost its filter: one that ${how}`, async () => {
      gate = headgate({ profile: defender() });
      const events = record(gate);
      const get = gate.fetch();
      await get(`${server.url}/api/machines?$filter=onboardingStatus eq 'Onboarded'`);
      expect(events.filter(({ type }) => type === 'warning')).to.deep.equal([]);
      for (const skip of [10_000, 10_000, 20_000]) await get(server.url + next(skip));
      const warnings = events.filter(({ type }) => type === 'warning');
      expect(warnings).to.have.length(1);
      expect(warnings[0]).to.include({ code: 'lost-filter' });
    });
  }

  it('does not warn of pages that keep their filter, or never had one', async () => {
    gate = headgate({ profile: defender() });
    const events = record(gate);
    const get = gate.fetch();
    for (const query of [
      '?$top=100',
      '?$top=100&$skip=100',
      "?$filter=healthStatus eq 'Active'",
      "?$filter=healthStatus eq 'Active'&$skip=100",
      '',
      '?$skip=100',
      '?$skiptoken=abc',
    ]) {
      await get(`${server.url}/api/machines${query}`);
    }
    for (const path of ['/api/alerts?$filter=x', '/api/alerts?$skip=10']) await get(server.url + path);
    expect(events.filter(({ type }) => type === 'warning')).to.deep.equal([]);
  });
});
