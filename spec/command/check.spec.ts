import { expect } from 'chai';
import { folder, headgateCommand, headgateJson } from './support/command.ts';

interface Checked {
  readonly valid: boolean;
  readonly errors: readonly { readonly option: string; readonly message: string }[];
  readonly sentences: readonly string[];
  readonly doubts: readonly string[];
}

const file = folder();
const checked = (policy: unknown): Promise<Checked & { readonly exit: number }> =>
  headgateJson(['check', file('policy.json', policy)]);
const window = (limit: number, per: string, over: object = {}): object => ({ limit, per, ...over });

describe('headgate check', () => {
  it('says in sentences what a policy means', async () => {
    const { exit, valid, sentences, doubts } = await checked({
      profile: 'github',
      name: 'mine',
      adaptive: false,
      maxQueue: 50,
      quotas: [
        {
          name: 'search',
          match: { method: ['GET', 'HEAD'], path: '/search/**' },
          windows: [window(30, '1m')],
          concurrency: 4,
        },
        {
          match: { host: '*.example.com' },
          also: true,
          each: ['host'],
          windows: [window(3000, '1m', { of: 'tokens' })],
          cost: { tokens: 12 },
        },
        { windows: [window(45, '1m'), window(1500, '1h')] },
      ],
      retry: { attempts: 3, deadline: '2h', backoff: { base: '250ms' }, methods: ['GET'], budget: 0.05 },
    });
    expect({ exit, valid, doubts }).to.deep.equal({ exit: 0, valid: true, doubts: [] });
    const text = sentences.join('\n');
    expect(text).to.match(
      /^The profile 'github' knows GitHub REST and GraphQL \(api\.github\.com, .*\): \d+ quotas/,
    );
    for (const part of [
      "The quota 'search' for GET, HEAD /search/**: at most 30 requests in any 1 min and 4 at once.",
      'A quota for requests to *.example.com, one for each host: at most 3,000 tokens in any 1 min; each costs 12 tokens; it applies in addition to the others.',
      'A quota for every request, unless a quota above covers them: at most 45 requests in any 1 min and 1,500 requests in any 1 h.',
      'Undeclared limits are not learned.',
      'A call may take 2 h',
      'retried up to 2 times, after 250 ms to 30 s',
      'of the methods GET,',
      'at most 5 % of the first attempts',
      'At most 50 attempts wait',
      "carry the name 'mine'",
    ])
      expect(text).to.include(part);
  });

  it('says windows of each kind in their own words', async () => {
    const { sentences, doubts } = await checked({
      retry: { deadline: '33d' },
      quotas: [
        { name: 'a', windows: [window(1000, 'day', { zone: 'Europe/Paris' }), window(9000, 'month')] },
        { name: 'b', windows: [{ limit: 250, refill: '1500/m' }], spacing: '10ms' },
        { name: 'c', spacing: '2s' },
        { name: 'd', windows: [{ limit: 9000, refill: '90/m', of: 'tokens' }], cost: { tokens: 5 } },
      ].map((each, index) => ({ ...each, match: { path: `/${index}` } })),
    });
    expect(doubts).to.deep.equal([]);
    expect(sentences.slice(1, 5).map((each) => each.slice(each.indexOf(': ') + 2))).to.deep.equal([
      'at most 1,000 requests a day (reset at midnight in Europe/Paris) and 9,000 requests a month (reset on the first in UTC).',
      'at most 250 requests at once, then 25/s (a token bucket); attempts begin at least 10 ms apart.',
      'attempts begin at least 2 s apart.',
      'at most 9,000 tokens at once, then 1.5/s (a token bucket); each costs 5 tokens.',
    ]);
  });

  for (const [idle, windows] of [
    ['a month of 31 full days', [window(100, 'day'), window(3100, 'month')]],
    ['an hour of a bucket', [{ limit: 10, refill: '1/s' }, window(3610, '1h')]],
    ['two days that an hour touches', [window(10, 'day'), window(40, '48h')]],
  ] as const)
    it(`doubts a window that allows no less than ${idle}, and none that does`, async () => {
      const retry = { deadline: '99d' };
      const [binding, wide] = windows as unknown as readonly { limit: number }[];
      const with_ = async (limit: number): Promise<readonly string[]> =>
        (await checked({ retry, quotas: [{ windows: [binding, { ...wide, limit }] }] })).doubts;
      expect(await with_((wide as { limit: number }).limit)).to.have.length(1);
      expect(await with_((wide as { limit: number }).limit - 1)).to.deep.equal([]);
    });

  it('says what an empty policy means: the defaults', async () => {
    const { sentences } = await checked({});
    const text = sentences.join('\n');
    expect(text).to.include('No quota is declared.').and.to.include('are learned from the answers');
    expect(text).to.include('A call may take 5 min').and.to.include('of an idempotent method');
  });

  for (const [what, policy, doubt] of [
    [
      'a quota that an earlier one hides',
      { quotas: [{ windows: [window(9, '1s')] }, { match: { path: '/a' }, windows: [window(1, '1s')] }] },
      /^No request reaches the quota for requests to \/a/,
    ],
    [
      'a window that never binds',
      { quotas: [{ windows: [window(10, '1m'), window(600, '1h')] }], retry: { deadline: '2h' } },
      /^The window of 600 requests in any 1 h .* never binds/,
    ],
    [
      'a deadline shorter than a window',
      { quotas: [{ windows: [window(10, '1h')] }] },
      /^The deadline of 5 min is shorter than a window of 1 h/,
    ],
    ['retries without a budget', { retry: { budget: false } }, /^Without a budget/],
    ['a gate that knows nothing and learns nothing', { adaptive: false }, /^Nothing is declared/],
  ] as const)
    it(`doubts ${what}, and only that`, async () => {
      const { exit, doubts } = await checked(policy);
      expect(exit).to.equal(0);
      expect(doubts).to.have.length(1);
      expect(doubts[0]).to.match(doubt);
    });

  it('doubts nothing where an earlier quota is for other requests, or a window does bind', async () => {
    const { doubts } = await checked({
      retry: { deadline: '2h' },
      quotas: [
        { match: { method: 'POST' }, windows: [window(10, '1m'), window(599, '1h')] },
        { match: { host: 'a.example.com' }, windows: [window(1, '1s')] },
        { match: { path: '/a' }, windows: [window(1, '1s')] },
        { match: { path: '/a/{id}', host: 'b.example.com' }, windows: [window(1, '1s')] },
        { windows: [window(1, '1s')] },
      ],
    });
    expect(doubts).to.deep.equal([]);
  });

  for (const [what, policy, message] of [
    ['a wrong value', { retry: { attempts: 0 } }, /retry\.attempts'.*whole number of 1 or more, got 0/],
    ['an unknown option', { retries: {} }, /retries/],
    ['an unknown profile', { profile: 'gitlab' }, /profile.*anthropic, aws/],
    ['what is no object', [], /an object/],
    ['what is no JSON', '{ quotas', /JSON/],
  ] as const)
    it(`answers no to ${what}, with what is allowed`, async () => {
      const { exit, valid, errors } = await checked(policy);
      expect({ exit, valid }).to.deep.equal({ exit: 1, valid: false });
      expect(errors[0]?.message).to.match(message);
    });

  it('cannot answer about a file that is not there', async () => {
    const { exit, out, err } = await headgateCommand(['check', file('none.json')]);
    expect({ exit, out }).to.deep.equal({ exit: 2, out: '' });
    expect(err).to.include('ENOENT');
  });

  it('says that variables of the environment are in force', async () => {
    process.env.HEADGATE_RETRY_ATTEMPTS = '2';
    try {
      expect((await checked({})).sentences.join('\n')).to.include('retried up to once');
    } finally {
      delete process.env.HEADGATE_RETRY_ATTEMPTS;
    }
  });
});
