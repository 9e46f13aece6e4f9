import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { expect } from 'chai';
import fc from 'fast-check';
import { OptionsError } from 'headgate';
import { optionsOf } from '../../lib/policy-file/document.ts';
import { policySchema, SCHEMA } from './json-schema.ts';

const text = readFileSync(SCHEMA, 'utf8');
const validate = new Ajv({ allErrors: true }).compile(JSON.parse(text));

/** What the loader says of a policy: the reason for which it is refused. */
function refusal(policy: unknown): string | undefined {
  try {
    optionsOf(policy, 'policy');
    return undefined;
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error;
    return error.message;
  }
}

/** What a Schema cannot say: what concerns several values at once, and hosts that no URL can hold. */
const UNSAID = [
  /a max of at least base/,
  /a unique name, or the same limits as the other quota of this name/,
  /a param that occurs in match\.path/,
  /a param without '\*\*' on both sides of it/,
  /a host such as 'api\.example\.com', or an origin/,
];

const mostly = (right: fc.Arbitrary<unknown>, ...wrong: readonly unknown[]): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 200, arbitrary: right },
    { weight: 1, arbitrary: fc.constantFrom(...wrong, null, [], {}) },
  );

/** An object of some of these, and seldom one that is unknown. */
function some(entries: Record<string, fc.Arbitrary<unknown>>, required: readonly string[] = []) {
  const known = fc.record(entries, { requiredKeys: required as never[] });
  return fc.oneof(
    { weight: 200, arbitrary: known },
    { weight: 1, arbitrary: known.map((each) => ({ ...each, unknown: 1 })) },
    {
      weight: 1,
      arbitrary: known.map((each) => Object.fromEntries(Object.entries(each as object).slice(1))),
    },
  );
}

const list = (of: fc.Arbitrary<unknown>, most = 3) => mostly(fc.array(of, { maxLength: most }), 'list', 7);
const units =
  'ms msec msecs millisecond s sec secs second seconds m min minutes h hr hrs hours d days w y yrs M H Ms'.split(
    ' ',
  );
const span = fc.oneof(
  fc
    .tuple(fc.constantFrom('1', '20', '0.5', '007'), fc.constantFrom('', ' '), fc.constantFrom(...units))
    .map((p) => p.join('')),
  fc.constantFrom(1, 0.5, 250, 60_000, 1e9),
);
const duration = mostly(
  fc.oneof(span, fc.constantFrom('0s', 0)),
  -1,
  '5',
  '5 apples',
  'PT5S',
  true,
  '1month',
  '1s ',
  ' 1s',
  '-1s',
  '1\ts',
  '1  s',
  `${'0'.repeat(40)}1s`,
);
const positive = mostly(span, 0, '0s', '0.0h', -1, '5', false);
const whole = mostly(fc.integer({ min: 1, max: 1000 }), 0, -1, 1.5, '5', 2 ** 53, 1e300);
const name = mostly(fc.constantFrom('a', 'b', 'quota one', 'é', 'x'.repeat(200)), '', 'x'.repeat(201), 5);
const bool = mostly(fc.boolean(), 'true', 1);
const method = mostly(
  fc.constantFrom('GET', 'post', 'M-SEARCH', "x!#$%&'*+.^_`|~"),
  '*',
  '',
  'A B',
  'GET\n',
  7,
);
const methods = fc.oneof(method, list(method, 2));
const path = mostly(
  fc.constantFrom(
    '/',
    '/a',
    '/a/{id}',
    '/a/**',
    '/a*b/{c}d',
    '//',
    '/é',
    "/a('{id}')/b",
    '/...',
    '/a:b',
    '/:',
    '/.*x',
    `/${'x'.repeat(1999)}`,
  ),
  'a',
  '',
  '*',
  '**',
  '/a?b',
  '/a#b',
  '/:id',
  '/a/:id',
  '/a/../b',
  '/.',
  '/a/.*',
  '/{',
  '/a}',
  '/{a/b}',
  'https://x/',
  '\\a',
  '/a\\b',
  `/${'x'.repeat(2000)}`,
  '/a\n?',
);
const host = mostly(
  fc.constantFrom('api.example.com', '*.example.com', 'localhost:8080', '[::1]:1', 'x:4430'),
  '',
  'a b',
  'https://x',
  'x/y',
  'x:443',
  'x:80',
  'a@b',
  'x'.repeat(201),
);
const each = mostly(
  fc.constantFrom('host', 'method', 'header:x-a', 'query:q', 'param:id'),
  'path',
  'header:',
  'header',
  'Host',
  'host ',
);
const amounts = mostly(
  fc.dictionary(fc.constantFrom('tokens', 'points'), mostly(fc.constantFrom(0, 1, 1.5), -1, '1')),
  'x',
  3,
);
const match = { method: methods, path, host };
const jitter = mostly(fc.constantFrom('decorrelated', 'full', 'equal', 'none'), 'some');
const retry = some({
  attempts: whole,
  deadline: duration,
  inline: duration,
  outage: mostly(fc.constantFrom('hold', 'fail'), 'wait'),
  bodyTimeout: positive,
  backoff: some({ base: duration, max: duration, jitter }),
  budget: mostly(fc.constantFrom(0, 0.1, 3, false), -1, true, '0.1'),
  methods: list(method),
});
const window = some({ limit: whole, per: positive, of: name, transit: duration }, ['limit', 'per']);
const quota = some({
  name,
  match: some(match),
  also: bool,
  each: list(each, 2),
  cost: amounts,
  windows: list(window, 2),
  concurrency: whole,
  near: mostly(fc.constantFrom(0.8, 1), 0, 1.1, '0.8'),
});
const verdict = mostly(fc.constantFrom('throttled', 'transient', 'unauthorized'), 'success', 'terminal');
const override = some({
  match: some({
    ...match,
    quota: fc.oneof(name, list(name, 2)),
    verdict: fc.oneof(verdict, list(verdict, 2)),
  }),
  retry,
  priority: mostly(fc.integer({ min: -10, max: 10 }), 11, -11, 0.5, 'high'),
  idempotent: bool,
});
const profile = fc.oneof(
  mostly(fc.constantFrom('github', 'generic', 'defender', 'azure-openai'), 'gitlab', '', 'Defender'),
  mostly(
    fc.constantFrom(
      { name: 'defender', tenant: 'contoso.com', app: 'x' },
      { name: 'generic' },
      { name: 'github', hosts: ['github.example.com', 'http://localhost:1'] },
      { name: 'defender', timeScale: 60 },
    ),
    { name: 'defender', tenant: 'a b' },
    { name: 'defender', tenent: 'x' },
    { name: 'generic', hosts: [] },
    { name: 'gitlab' },
    { tenant: 'x' },
    { name: 'github', hosts: ['https://x/y'] },
    { name: 'github', hosts: 'x' },
    { name: 'github', timeScale: 0 },
  ),
);
const policy = some({
  $schema: mostly(fc.constant('./policy.schema.json'), 7),
  profile,
  name,
  retry,
  quotas: list(quota, 2),
  overrides: list(override, 2),
  adaptive: bool,
  maxQueue: mostly(fc.constantFrom(0, 5, 1e6), -1, 0.5, '5'),
  maxQueuePerFlow: mostly(fc.constantFrom(0, 5), -1, '5'),
  redact: list(name),
});

describe('The JSON Schema of a policy', function () {
  this.timeout(120_000);

  it('is made of what the loader checks by; `npm run schema` writes it', () => {
    expect(policySchema()).to.equal(text);
  });

  it('agrees with the loader about 10,000 policies, right and wrong ones', () => {
    const counts = { right: 0, wrong: 0, unsaid: 0 };
    fc.assert(
      fc.property(policy, (generated) => {
        const given = JSON.parse(JSON.stringify(generated)) as unknown;
        const fits = validate(given);
        const reason = refusal(given);
        if (fits === (reason === undefined)) counts[fits ? 'right' : 'wrong'] += 1;
        else {
          expect(fits, `${reason} ${JSON.stringify(validate.errors)}`).to.equal(true);
          expect(
            UNSAID.some((rule) => rule.test(reason ?? '')),
            reason,
          ).to.equal(true);
          counts.unsaid += 1;
        }
      }),
      { numRuns: 10_000, seed: 14 },
    );
    expect(counts.right, JSON.stringify(counts)).to.be.at.least(2000);
    expect(counts.wrong, JSON.stringify(counts)).to.be.at.least(2000);
    expect(counts.unsaid, JSON.stringify(counts)).to.be.at.most(1000);
  });

  for (const [what, given] of Object.entries({
    'a duration': { retry: { deadline: '5 apples' } },
    'a typo': { retrys: {} },
    'a verdict': { overrides: [{ match: { verdict: 'success' } }] },
    'a priority by verdict': { overrides: [{ match: { verdict: 'throttled' }, priority: 1 }] },
    'a path': { quotas: [{ match: { path: '/items/:id' } }] },
    'an option of a profile': { profile: { name: 'defender', tenent: 'x' } },
    'a list': [],
  }))
    it(`tells an editor of ${what} that is wrong`, () => {
      expect(validate(given)).to.equal(false);
      expect(refusal(given)).to.be.a('string');
    });
});
