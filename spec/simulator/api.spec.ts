import { expect } from 'chai';
import got from 'got';
import { headgate } from 'headgate';
import {
  type DefinedProfile,
  defineProfile,
  discord,
  github,
  openai,
  type ProfileDefinition,
} from 'headgate/profiles';
import { type ApiSimulator, simulateApi } from 'headgate/simulator';
import { BOOK } from '../docs/apis.ts';
import { endings } from '../support/ending.ts';

/** A profile with these quotas in place of its own. */
function limited(
  { definition }: { readonly definition: ProfileDefinition },
  quotas: ProfileDefinition['quotas'],
): DefinedProfile {
  return defineProfile({ ...definition, quotas } as ProfileDefinition)();
}

const SOURCE = { source: 'https://example.com', sourceDate: '2026-11-25' };
const SMALL = [{ name: 'small', windows: [{ limit: 4, per: '300ms', ...SOURCE }] }];

describe('The simulator of an API', () => {
  const owned = endings();
  const started = async (...given: Parameters<typeof simulateApi>): Promise<ApiSimulator> =>
    owned(await simulateApi(...given));
  const refusals = ({ log }: ApiSimulator): number => log.filter(({ refused }) => refused).length;

  for (const [name, factory] of BOOK.filter(([, { definition }]) => definition.simulation)) {
    const { root = '' } = factory.definition.paths ?? {};
    const profile = limited(factory, SMALL);

    it(`refuses in the manner of ${name}, which its profile reads as a quota`, async () => {
      const sim = await started(
        limited(factory, [{ name: 'one', windows: [{ limit: 1, per: '1h', ...SOURCE }] }]),
      );
      const answers = [await fetch(`${sim.url}${root}/x`), await fetch(`${sim.url}${root}/x`)];
      const [good, refused] = answers as [Response, Response];
      expect(good.status).to.equal(200);
      const read = factory().classify({
        request: { method: 'GET', url: new URL(`${sim.url}${root}/x`) },
        status: refused.status,
        headers: Object.fromEntries(refused.headers),
        body: await refused.text(),
        receivedAt: Date.now(),
      });
      expect(read).to.include({ verdict: 'throttled', unprocessed: true });
      // Within the rounding to seconds; some tell no wait.
      if (read.retryAfterMs !== undefined && name !== 'github') {
        expect(read.retryAfterMs).to.be.within(1, 3_601_000);
      }
    });

    it(`refuses nothing of ${name} that its profile sends, through got and fetch`, async () => {
      const sim = await started(profile);
      const gate = owned(headgate({ profile, adaptive: false }));
      const byFetch = gate.fetch();
      const byGot = gate.got(got);
      const statuses = await Promise.all(
        Array.from({ length: 10 }, async (_, i) =>
          i % 2
            ? (await byFetch(`${sim.url}${root}/${i}`)).status
            : (await byGot(`${sim.url}${root}/${i}`)).statusCode,
        ),
      );
      expect(new Set(statuses)).to.deep.equal(new Set([200]));
      expect(refusals(sim)).to.equal(0);
      expect(sim.log).to.have.length(10);
    });
  }

  it('keeps all quotas that a request draws on, or takes from none', async () => {
    const sim = await started(
      limited(discord, [
        { name: 'global', also: true, windows: [{ limit: 3, per: '1h', ...SOURCE }] },
        {
          name: 'route',
          match: { path: '/api/{version}/channels/{channel}/**' },
          each: ['param:channel'],
          windows: [{ limit: 2, per: '1h', ...SOURCE }],
        },
      ]),
    );
    const send = async (channel: number) =>
      (await fetch(`${sim.url}/api/v10/channels/${channel}/messages`, { method: 'POST' })).status;
    expect([await send(1), await send(1), await send(1)]).to.deep.equal([200, 200, 429]);
    // The third took nothing of the global quota, so that another channel gets its last.
    expect([await send(2), await send(2)]).to.deep.equal([200, 429]);
  });

  it('counts costs, and says what was spent and what is left', async () => {
    const sim = await started(
      limited(openai, [
        {
          name: 'both',
          windows: [
            { limit: 100, per: '1h', ...SOURCE },
            { limit: 1000, per: '1h', of: 'tokens', ...SOURCE },
          ],
          spent: { tokens: 'body:usage.total_tokens' },
        },
      ]),
      { cost: (_unit, { body }) => (JSON.parse(body?.() ?? '{}') as { max_tokens: number }).max_tokens },
    );
    const send = (max_tokens: number) =>
      fetch(`${sim.url}/v1/chat/completions`, { method: 'POST', body: JSON.stringify({ max_tokens }) });
    const first = await send(700);
    expect(await first.json()).to.have.nested.property('usage.total_tokens', 700);
    expect(first.headers.get('x-ratelimit-remaining-tokens')).to.equal('300');
    expect(first.headers.get('x-ratelimit-remaining-requests')).to.equal('99');
    expect((await send(400)).status).to.equal(429);
    expect((await send(300)).status).to.equal(200);
  });

  it('says what was spent by the quota that the request draws on, whatever other quotas are called', async () => {
    const quota = (name: string | undefined, path: string, unit: string) => ({
      ...(name !== undefined && { name }),
      match: { path },
      windows: [{ limit: 1000, per: '1h', of: unit, ...SOURCE }],
      spent: { [unit]: `body:usage.${unit}` },
    });
    const sim = await started(
      limited(openai, [
        quota('chat', '/v1/chat', 'a'),
        quota('chat completions', '/v1/chat/completions', 'b'),
        quota(undefined, '/v1/embeddings', 'c'),
      ]),
      { cost: () => 7 },
    );
    const used = async (path: string) =>
      ((await (await fetch(`${sim.url}${path}`, { method: 'POST' })).json()) as { usage: object }).usage;
    expect(await used('/v1/chat'))
      .to.include({ a: 7 })
      .and.not.have.property('b');
    expect(await used('/v1/chat/completions'))
      .to.include({ b: 7 })
      .and.not.have.property('a');
    expect(await used('/v1/embeddings')).to.include({ c: 7 });
  });

  it('keeps a limit of requests in flight', async () => {
    const sim = await started(limited(github, [{ name: 'few', concurrency: { limit: 2, ...SOURCE } }]), {
      latencyMs: 50,
    });
    const send = async () => (await fetch(`${sim.url}/repos/o/r`)).status;
    const statuses = await Promise.all([send(), send(), send()]);
    expect(statuses.toSorted()).to.deep.equal([200, 200, 403]);
    expect(await send()).to.equal(200);
  });

  it('refuses a profile that does not say how the API refuses', async () => {
    const { simulation, ...definition } = openai.definition;
    expect(simulation).to.be.an('object');
    const rejected = await simulateApi(defineProfile(definition as ProfileDefinition)()).catch(
      (error: Error) => error,
    );
    expect(rejected)
      .to.be.an('error')
      .with.property('message')
      .that.matches(/simulation/);
  });

  it('is kept in all its quotas at once: a route, an account, and costs', async () => {
    const per = { per: '300ms', ...SOURCE };
    const profile = limited(discord, [
      { name: 'global', also: true, windows: [{ limit: 20, ...per }] },
      {
        name: 'points',
        also: true,
        windows: [{ limit: 50, of: 'points', ...per }],
        cost: { points: { GET: 1, '*': 5 } },
      },
      {
        name: 'route',
        match: { path: '/api/{version}/channels/{channel}/**' },
        each: ['param:channel'],
        windows: [{ limit: 6, ...per }],
      },
    ]);
    const sim = await started(profile);
    const gate = owned(headgate({ profile }));
    const send = gate.fetch();
    const statuses = await Promise.all(
      Array.from({ length: 60 }, async (_, i) => {
        const { status } = await send(`${sim.url}/api/v10/channels/${i % 5}/messages`, {
          method: i % 3 ? 'GET' : 'POST',
        });
        return status;
      }),
    );
    expect(new Set(statuses)).to.deep.equal(new Set([200]));
    expect(refusals(sim)).to.equal(0);
    const keys = gate.quotas().map(({ key }) => key.replace(/^\S+ /, ''));
    expect(keys).to.include.members(['global', 'points', 'route param:channel=0', 'route param:channel=4']);
  });

  for (const kind of ['fixed', 'rolling', 'bucket'] as const) {
    it(`is kept by a gate that knows the limit, as a ${kind} window`, async () => {
      const profile = limited(github, [{ name: 'few', windows: [{ limit: 10, per: '200ms', ...SOURCE }] }]);
      const sim = await started(profile, { kind });
      const gate = owned(headgate({ profile }));
      const get = gate.fetch();
      await Promise.all(Array.from({ length: 40 }, (_, i) => get(`${sim.url}/${i}`)));
      expect(refusals(sim)).to.equal(0);
    });
  }
});
