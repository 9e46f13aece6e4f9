import { expect } from 'chai';
import { headgate } from 'headgate';
import { defender } from 'headgate/profiles';
import { defenderQuotas, type Simulator, type SimulatorOptions, simulate } from 'headgate/simulator';
import { endings } from '../support/ending.ts';
import { failureOf } from '../support/server.ts';

/** What the simulator's replies may hold. */
interface Body {
  readonly error: { readonly code: string; readonly message: string; readonly target?: string };
  readonly value: readonly { readonly id: string }[] & string;
  readonly '@odata.nextLink'?: string;
  readonly access_token: string;
  readonly id: string;
  readonly status: string;
}

describe('The simulator', () => {
  const own = endings();
  let sim: Simulator;
  const start = async (options?: SimulatorOptions): Promise<void> => {
    sim = await simulate(options);
  };
  afterEach(() => sim.close());

  const json = async (
    path: string,
    init?: RequestInit,
  ): Promise<{ status: number; body: Body; headers: Headers }> => {
    const response = await fetch(new URL(path, sim.url), init);
    const text = await response.text();
    return { status: response.status, body: text && JSON.parse(text), headers: response.headers };
  };
  const form = (fields: Record<string, string>): RequestInit => ({
    method: 'POST',
    body: new URLSearchParams(fields),
  });
  const credentials = { grant_type: 'client_credentials', client_id: 'app', client_secret: 'secret' };
  const post = (path: string, body: object) => json(path, { method: 'POST', body: JSON.stringify(body) });

  it('gives tokens for credentials, and errors as Entra words them', async () => {
    await start({ clientId: 'app', clientSecret: 'secret' });
    const path = '/contoso.com/oauth2/v2.0/token';
    const good = await json(path, form(credentials));
    expect(good.body).to.include({ token_type: 'Bearer', expires_in: 3599 });
    const bad = await json(path, form({ ...credentials, client_secret: 'wrong' }));
    expect(bad.status).to.equal(401);
    expect(bad.body).to.have.property('error', 'invalid_client');
    expect(bad.body).to.have.property('correlation_id');
  });

  it('refuses a token that is missing, wrong or expired, and takes a good one', async () => {
    await start({ auth: true });
    expect((await json('/api/machines')).body.error.code).to.equal('Unauthorized');
    const { body } = await json('/t/oauth2/v2.0/token', form(credentials));
    const headers = { authorization: `Bearer ${body.access_token}` };
    expect((await json('/api/machines', { headers })).status).to.equal(200);
    sim.expireTokens();
    expect((await json('/api/machines', { headers })).status).to.equal(401);
    expect(sim.log.map(({ token }) => token)).to.deep.equal(['none', 'none', 'good', 'expired']);
    expect(JSON.stringify(sim.log)).not.to.include(body.access_token);
  });

  it('asks for no token that nobody expects, but refuses a bad one', async () => {
    await start();
    expect((await json('/api/machines')).status).to.equal(200);
    const headers = { authorization: 'Bearer made-up' };
    expect((await json('/api/machines', { headers })).status).to.equal(401);
  });

  it('tells its quotas as a gate declares them, at its own speed', async () => {
    await start({
      timeScale: 30,
      quotas: [
        { limit: 1000, per: '1h' },
        { match: { method: 'get', path: '/api/machines/{id}' }, limit: 10, per: '1m' },
        { match: { method: 'GET', path: '/api/machines/{id}' }, limit: 100, per: '1h' },
        { match: { path: '/api/*' }, limit: 50, per: '1m' },
      ],
    });
    expect(sim.quotas()).to.deep.equal([
      {
        match: { method: 'GET', path: '/api/machines/{id}' },
        windows: [
          { limit: 10, per: 2000 },
          { limit: 100, per: 120_000 },
        ],
      },
      { match: { path: '/api/**' }, windows: [{ limit: 50, per: 2000 }] },
      { match: {}, windows: [{ limit: 1000, per: 120_000 }] },
    ]);
  });

  for (const [what, options] of [
    ['the profile', (fast: Simulator) => ({ profile: defender({ timeScale: fast.timeScale }) })],
    ['its own quotas', (fast: Simulator) => ({ quotas: fast.quotas() })],
  ] as const) {
    it(`is gated at the speed at which it is simulated, by ${what}`, async () => {
      await start({ timeScale: 30, quotas: defenderQuotas() });
      const gate = own(headgate({ ...options(sim), retry: { deadline: '10s' } }));
      const path = '/api/machines/0000000000000000000000000000000000000001/alerts';
      const gated = gate.fetch();
      for (let n = 0; n < 3; n += 1) await gated(`${sim.url}${path}`);
      const [quota] = gate.quotas();
      expect(quota?.windows.map(({ per }) => per)).to.satisfy((pers: number[]) =>
        pers.every((per) => per === 2000 || per === 120_000),
      );
      expect(sim.seen({}).filter(({ status }) => status === 429 || status === 401)).to.have.length(0);
    });
  }

  it('pages by links, whatever the case of the path, with or without a version', async () => {
    await start({ auth: false, machines: 25, pageSize: 10 });
    const ids: string[] = [];
    for (let next: string | undefined = '/API/v1.0/Machines'; next; ) {
      const { body }: { body: Body } = await json(next);
      ids.push(...body.value.map(({ id }) => id));
      next = body['@odata.nextLink'];
    }
    expect(new Set(ids).size).to.equal(25);
  });

  it('counts names of body parameters that are in the wrong case as missing', async () => {
    await start({ auth: false });
    expect((await post('/api/advancedqueries/run', { query: 'x' })).body.error.code).to.equal(
      'MissingRequiredParameter',
    );
    expect((await post('/api/advancedqueries/run', { Query: 'x' })).body).to.have.property('Results');
    const broken = await json('/api/advancedqueries/run', { method: 'POST', body: '{' });
    expect(broken.body.error.code).to.equal('InvalidRequestBody');
  });

  it('lets a machine action go from Pending to Succeeded, and refuses a second meanwhile', async () => {
    await start({ auth: false, timeScale: 600 });
    const { body } = await json('/api/machines?$top=1');
    const path = `/api/machines/${body.value[0]?.id}/collectInvestigationPackage`;
    const action = await post(path, { Comment: 'x' });
    expect(action.status).to.equal(201);
    expect(action.body.status).to.equal('Pending');
    const second = await post(path, { Comment: 'x' });
    if (second.status === 400) expect(second.body.error.code).to.equal('ActiveRequestAlreadyExists');
    const states = new Set<string>();
    for (let state = 'Pending'; state !== 'Succeeded'; states.add(state)) {
      state = (await json(`/api/machineactions/${action.body.id}`)).body.status;
    }
    expect(states).to.include('Succeeded');
    const link = await json(`/api/machineactions/${action.body.id}/getPackageUri`);
    expect(link.body.value).to.match(/safedownload/);
  });

  for (const kind of ['fixed', 'rolling', 'bucket'] as const) {
    it(`keeps a ${kind} quota, and says how long to wait`, async () => {
      await start({
        auth: false,
        quotas: [{ match: { path: '/api/alerts' }, limit: 3, per: '1m', kind, phase: 0 }],
      });
      const statuses: number[] = [];
      for (let call = 0; call < 5; call += 1) statuses.push((await json('/api/alerts')).status);
      expect(statuses).to.deep.equal([200, 200, 200, 429, 429]);
      const { body, headers } = await json('/api/alerts');
      expect(Number(headers.get('retry-after'))).to.be.within(1, 60);
      expect(body.error.message).to.match(/Maximum allowed 3 per 00:01:00/);
      expect((await json('/api/machines')).status).to.equal(200);
      expect(sim.worst({ path: '/api/alerts' }, 60_000)).to.equal(3);
    });
  }

  it('hides the wait in the message, or altogether, when told to', async () => {
    await start({ auth: false, retryAfter: 'message', quotas: [{ limit: 1, per: '1m' }] });
    await json('/api/alerts');
    const refused = await json('/api/alerts');
    expect(refused.headers.get('retry-after')).to.equal(null);
    expect(refused.body.error.code).to.equal('429');
    expect(refused.body.error.message).to.match(/again in \d+ seconds/);
  });

  it('knows the documented limits', async () => {
    await start();
    expect(defenderQuotas()).to.deep.include({
      match: { method: 'POST', path: '/api/advancedqueries/run' },
      limit: 45,
      per: '1m',
      kind: 'fixed',
    });
  });

  it('plays its script in order, and then goes on as before', async () => {
    await start({ auth: false });
    sim.script({ path: '/api/alerts' }, { code: 'Forbidden', target: 'id' }, { status: 502, body: '<html>' });
    const first = await json('/api/alerts');
    expect(first.body.error).to.include({ code: 'Forbidden', target: 'id' });
    expect((await fetch(`${sim.url}/api/alerts`)).status).to.equal(502);
    expect((await json('/api/alerts')).status).to.equal(200);
    expect(sim.seen({ path: '/api/alerts' }).map(({ status }) => status)).to.deep.equal([403, 502, 200]);
  });

  it('breaks connections and bodies', async () => {
    await start({ auth: false });
    const failed = async (): Promise<boolean> =>
      fetch(`${sim.url}/api/alerts`)
        .then((response) => response.text())
        .then(
          () => false,
          () => true,
        );
    sim.script(
      {},
      { fault: 'reset' },
      { body: 'x'.repeat(1000), fault: 'truncate', headers: { 'content-length': '1000' } },
    );
    expect([await failed(), await failed()]).to.deep.equal([true, true]);
    sim.script({}, { body: 'drip', fault: 'dribble' });
    expect(await (await fetch(`${sim.url}/x`)).text()).to.equal('drip');
  });

  it('faults by chance as often as told, and alike for the same seed', async () => {
    const faults = [{ rate: 0.5, reply: { code: 'InternalServerError', message: '' } }];
    const runs: string[] = [];
    for (let run = 0; run < 2; run += 1) {
      await start({ auth: false, faults, seed: 7 });
      for (let call = 0; call < 40; call += 1) await json('/api/alerts');
      runs.push(sim.log.map(({ status }) => status).join());
      if (run === 0) await sim.close();
    }
    expect(runs[0]).to.equal(runs[1]);
    expect(runs[0]?.match(/500/g)?.length).to.be.within(10, 30);
  });

  it('refuses an option that it does not know, or that is wrong', async () => {
    for (const [options, message] of [
      [{ timescale: 3 }, /'simulate\.timescale': expected one of timeScale,/],
      [{ timeScale: 0 }, /'simulate\.timeScale': expected a number above 0, got 0/],
      [{ latency: [1] }, /'simulate\.latency'/],
      [{ tokenLife: 'soon' }, /'simulate\.tokenLife': expected a duration.*"soon"/],
    ] as const) {
      expect((await failureOf(simulate(options as never))).message).to.match(message);
    }
  });

  it('forgets all when it is reset', async () => {
    await start({ auth: false, quotas: [{ limit: 1, per: '1h' }] });
    await json('/api/alerts');
    sim.reset();
    expect(sim.log).to.have.length(0);
    expect((await json('/api/alerts')).status).to.equal(200);
  });
});
