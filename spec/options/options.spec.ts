import { inspect } from 'node:util';
import { expect } from 'chai';
import { type HeadgateOptions, headgate, OptionsError, type Profile } from 'headgate';
import { defender, generic } from 'headgate/profiles';
import { readOptions } from '../../lib/options/read.ts';

describe('Options', () => {
  const wrong: [string, unknown, RegExp][] = [
    ['options', 7, /an object/],
    ['retries', { retries: {} }, /expected one of profile, policy, retry, .*, name, got "retries"/],
    ['retry.attempts', { retry: { attempts: 0 } }, /whole number of 1 or more, got 0/],
    ['retry.attempts', { retry: { attempts: 1.5 } }, /got 1.5/],
    ['retry.deadline', { retry: { deadline: '5 fortnights' } }, /'30s'.*got "5 fortnights"/],
    ['retry.deadline', { retry: { deadline: '30' } }, /got "30"/],
    ['retry.deadline', { retry: { deadline: -1 } }, /got -1/],
    ['retry.backoff.jitter', { retry: { backoff: { jitter: 'some' } } }, /"decorrelated"/],
    ['retry.backoff.bse', { retry: { backoff: { bse: 1 } } }, /one of base, max, jitter, got "bse"/],
    ['retry.backoff', { retry: { backoff: { base: '2s', max: '1s' } } }, /a max of at least base/],
    ['retry.backoff.base', { retry: { backoff: { base: Infinity } } }, /got Infinity/],
    ['retry.budget', { retry: { budget: -0.1 } }, /share of first attempts/],
    ['retry.methods.0', { retry: { methods: ['G T'] } }, /HTTP method/],
    ['quotas', { quotas: {} }, /an array of quotas/],
    ['quotas.0.windows.0.limit', { quotas: [{ windows: [{ limit: 0, per: '1m' }] }] }, /1 or more/],
    ['quotas.0.windows.0.per', { quotas: [{ windows: [{ limit: 1, per: 0 }] }] }, /more than 0 ms/],
    ['quotas.0.match.path', { quotas: [{ match: { path: 'api' } }] }, /starts with '\/'/],
    ['quotas.0.match.path', { quotas: [{ match: { path: '/api?x=1' } }] }, /without a query/],
    ['quotas.0.match.host', { quotas: [{ match: { host: 'https://h' } }] }, /a host, such as/],
    [
      'quotas.1',
      { quotas: [{ name: 'q' }, { name: 'q', concurrency: 1 }] },
      /the same limits as the other quota of this name, got "q"/,
    ],
    ['maxQueue', { maxQueue: Number.NaN }, /whole number/],
    ['profile', { profile: 'defender' }, /such as generic\(\)/],
    ['profile', { profile: { quota: () => ({}), classify: () => ({}) } }, /a profile with a name/],
    ['auth', { auth: { tokn: 1 } }, /token\(\) or a getToken\(\)/],
    ['ledger', { ledger: {} }, /a ledger/],
    ['name', { name: '' }, /1 to 200 characters/],
    ['adaptive', { adaptive: 'yes' }, /true or false/],
  ];
  for (const [path, given, message] of wrong) {
    it(`names '${path}', what was given and what is allowed`, () => {
      expect(() => headgate(given as HeadgateOptions))
        .to.throw(OptionsError, message)
        .with.property('option', path);
    });
  }

  it('may be written as JSON', async () => {
    const gate = headgate({
      retry: {
        attempts: 8,
        deadline: '10m',
        backoff: { base: '500ms', max: '30s', jitter: 'full' },
        budget: 0.1,
      },
      quotas: [
        {
          match: { method: 'POST', path: '/api/advancedqueries/run' },
          windows: [
            { limit: 45, per: '1m' },
            { limit: 1500, per: '1h' },
          ],
          concurrency: 4,
        },
      ],
      adaptive: true,
      maxQueue: 100_000,
      name: 'mde',
    });
    await gate.close();
  });

  it('of a profile are checked too', () => {
    expect(() => defender({ tenant: '' })).to.throw(OptionsError, /defender\.tenant/);
  });

  it('are replaced live, as one or not at all', async () => {
    const gate = headgate();
    gate.update({ retry: { attempts: 2 } });
    expect(() => gate.update({ retry: { attempts: -2 } })).to.throw(OptionsError);
    await gate.close();
  });

  it('that cannot be replaced live are refused', async () => {
    const gate = headgate();
    expect(() => gate.update({ name: 'another' } as HeadgateOptions)).to.throw(
      OptionsError,
      /one of retry, quotas/,
    );
    expect(() => gate.update(undefined as never)).to.throw(OptionsError, /an object, got undefined/);
    await gate.close();
  });

  it('lie over those of the profile, one by one', () => {
    const profile: Profile = { ...generic(), retry: { deadline: '75m', attempts: 3 } };
    const { policy } = readOptions({ profile, retry: { deadline: undefined, attempts: 2 } as object });
    expect(policy).to.deep.include({ deadlineMs: 75 * 60_000, attempts: 2 });
  });

  for (const [given, baseMs, maxMs] of [
    [{}, 500, 30_000],
    [{ max: 100 }, 100, 100],
    [{ base: '1m' }, 60_000, 60_000],
    [{ base: 5, max: Infinity }, 5, Infinity],
  ] as const) {
    it(`of backoff go together: ${inspect(given)}`, () => {
      expect(readOptions({ retry: { backoff: given } }).policy.backoff).to.deep.include({ baseMs, maxMs });
    });
  }

  it('that may be secret are not shown', () => {
    expect(() => headgate({ auth: 'SECRET' as never }))
      .to.throw(OptionsError, /got text$/)
      .with.property('message')
      .that.does.not.include('SECRET');
    const wrap = (url: string) => headgate().wrap(async () => 1, { request: { method: 'GET', url } });
    expect(() => wrap('//me:SECRET@h/')).to.throw(OptionsError, /got text$/);
    expect(() => wrap('/a')).to.throw(OptionsError, /got "\/a"$/);
  });

  it('for clients are checked as well', async () => {
    const gate = headgate();
    expect(() => gate.got({} as never)).to.throw(OptionsError, /a got instance/);
    expect(() => gate.fetch(3 as never)).to.throw(OptionsError, /signature of fetch/);
    await gate.close();
  });
});
