import { expect } from 'chai';
import { type HeadgateOptions, headgate, OptionsError } from 'headgate';
import { defender } from 'headgate/profiles';

describe('Options', () => {
  const wrong: [string, unknown, RegExp][] = [
    ['options', 7, /an object/],
    ['retries', { retries: {} }, /expected one of profile, retry, .*, name, got "retries"/],
    ['retry.attempts', { retry: { attempts: 0 } }, /whole number of 1 or more, got 0/],
    ['retry.attempts', { retry: { attempts: 1.5 } }, /got 1.5/],
    ['retry.deadline', { retry: { deadline: '5 fortnights' } }, /'30s'.*got "5 fortnights"/],
    ['retry.deadline', { retry: { deadline: '30' } }, /got "30"/],
    ['retry.deadline', { retry: { deadline: -1 } }, /got -1/],
    ['retry.backoff.jitter', { retry: { backoff: { jitter: 'some' } } }, /"decorrelated"/],
    ['retry.backoff.bse', { retry: { backoff: { bse: 1 } } }, /one of base, max, jitter, got "bse"/],
    ['retry.budget', { retry: { budget: -0.1 } }, /share of first attempts/],
    ['retry.methods.0', { retry: { methods: ['G T'] } }, /HTTP method/],
    ['quotas', { quotas: {} }, /an array of quotas/],
    ['quotas.0.windows.0.limit', { quotas: [{ windows: [{ limit: 0, per: '1m' }] }] }, /1 or more/],
    ['quotas.0.windows.0.per', { quotas: [{ windows: [{ limit: 1, per: 0 }] }] }, /more than 0 ms/],
    ['quotas.0.match.path', { quotas: [{ match: { path: 'api' } }] }, /starts with '\/'/],
    ['maxQueue', { maxQueue: Number.NaN }, /whole number/],
    ['profile', { profile: 'defender' }, /such as generic\(\)/],
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
});
