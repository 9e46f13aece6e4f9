import { expect } from 'chai';
import fc from 'fast-check';
import { headgate, OptionsError } from 'headgate';
import { readCallOptions, readOptions } from '../../lib/options/read.ts';

const throwing = new Proxy(
  {},
  {
    get: () => {
      throw new Error('SECRET');
    },
    ownKeys: () => {
      throw new Error('SECRET');
    },
  },
);
const { proxy: revoked, revoke } = Proxy.revocable([], {});
revoke();
const circular: Record<string, unknown> = {};
circular.retry = circular;

const SPECIAL: readonly unknown[] = [
  null,
  Number.NaN,
  -0,
  -1,
  Infinity,
  1e308,
  Number.MAX_SAFE_INTEGER,
  1n,
  Symbol('s'),
  () => 1,
  class {},
  new Date(Number.NaN),
  /x/,
  throwing,
  revoked,
  circular,
  '',
  ' ',
  '1',
  '5m',
  '\u0000',
  'x'.repeat(10_000),
];

/** Values of every kind; some by a function, as fast-check itself would look into them. */
const anything: fc.Arbitrary<() => unknown> = fc.oneof(
  fc
    .anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withTypedArray: true,
    })
    .map((value) => () => value),
  fc.nat(SPECIAL.length - 1).map((index) => () => SPECIAL[index]),
);

const PATHS = `profile retry retry.attempts retry.deadline retry.bodyTimeout retry.backoff retry.backoff.base
  retry.backoff.max retry.backoff.jitter retry.budget retry.methods retry.methods.0 quotas quotas.0 quotas.0.name
  quotas.0.match quotas.0.match.method quotas.0.match.path quotas.0.match.host quotas.0.windows quotas.0.windows.0
  quotas.0.windows.0.limit quotas.0.windows.0.per quotas.0.concurrency adaptive maxQueue auth ledger name redact
  redact.0`.split(/\s+/);

/** Options in which one has this value. */
function having(path: string, value: unknown): object {
  return path
    .split('.')
    .reverse()
    .reduce<unknown>((inner, key) => (key === '0' ? [inner] : { [key]: inner }), value) as object;
}

describe('Whatever an option is given', () => {
  for (const path of PATHS) {
    it(`${path}: it is taken, or refused by an OptionsError that names it and shows it on one line`, () => {
      fc.assert(
        fc.property(anything, (make) => {
          try {
            readOptions(having(path, make()) as never);
          } catch (error) {
            if (!(error instanceof OptionsError)) throw error;
            const outer = path.replace(/\..*/, '');
            expect(error.option === 'options' || error.option.startsWith(outer)).to.equal(true);
            expect(error.message).to.match(/^Option '.*': expected .+, got .+$/);
            expect(error.message).to.not.include('Invalid ');
            expect(error.message.length).to.be.below(600);
          }
        }),
        { numRuns: 200 },
      );
    });
  }

  it('so it is with the options of a call', () => {
    const { call } = readOptions({});
    const names = fc.constantFrom('priority', 'deadline', 'bodyTimeout', 'idempotent', 'quota', 'other');
    fc.assert(
      fc.property(names, anything, (name, make) => {
        try {
          readCallOptions({ [name]: make() }, call);
        } catch (error) {
          if (!(error instanceof OptionsError)) throw error;
          expect(error.option).to.match(/^headgate(?:\.|$)/);
        }
      }),
      { numRuns: 2000 },
    );
    for (const value of [null, 7, 'text', throwing, revoked, () => 1]) {
      expect(() => readCallOptions(value, call)).to.throw(OptionsError, /Option 'headgate'/);
    }
  });

  it('no secret is shown', () => {
    for (const [path, secret] of [
      ['auth', 'SECRET'],
      ['auth.token', 'SECRET'],
      ['ledger', 'redis://:SECRET@h'],
      ['profile', 'https://h/?key=SECRET'],
      ['quotas.0.match.host', 'https://me:SECRET@h'],
    ] as const) {
      expect(() => headgate(having(path, secret)))
        .to.throw(OptionsError)
        .with.property('message')
        .that.does.not.include('SECRET');
    }
  });
});
