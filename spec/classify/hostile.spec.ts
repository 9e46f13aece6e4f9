import { expect } from 'chai';
import fc from 'fast-check';
import { defender } from 'headgate/profiles';
import { classifyHttp } from '../../lib/classify/http.ts';
import { rateLimits } from '../../lib/classify/rate-limit.ts';
import type { Classification, Outcome } from '../../lib/words/types.ts';

const NAMES =
  `retry-after retry-after-ms x-ms-retry-after-ms date request-id x-ms-request-id x-request-id ratelimit
  ratelimit-policy ratelimit-limit ratelimit-remaining ratelimit-reset x-ratelimit-limit x-ratelimit-remaining
  x-ratelimit-reset x-ratelimit-remaining-requests x-ratelimit-reset-requests x-ratelimit-remaining-tokens
  x-ratelimit-reset-tokens x-rate-limit-remaining x-rate-limit-reset`.split(/\s+/);

/** Pieces of which values that are nearly right are made. */
const piece = fc.constantFrom(
  ...[
    '0',
    '1',
    '-1',
    '1e9',
    '1e400',
    '9'.repeat(400),
    '0x10',
    'NaN',
    'Infinity',
    '1.5',
    '.',
    ',',
    ', ',
    ';',
    '"',
    '(',
    ')',
  ],
  ...[
    '"d";r=0;t=1',
    ';w=60',
    'q=100',
    '1m',
    '2.5s',
    '1h1m',
    'ms',
    'Z',
    'Wed, 21 Oct 2099 07:28:00 GMT',
    '2099-01-01T00:00:00Z',
  ],
  ...[
    ' ',
    '\t',
    '\u0000',
    '\u202e',
    '\ud800',
    'ÿ',
    '\r\n',
    '4102444800',
    '4102444800000',
    '-',
    '+',
    '%',
    '🚪',
  ],
);
const text = fc.oneof(
  fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join('')),
  fc.string(),
  piece.map((each) => each.repeat(3000)),
);
const value = fc.oneof(
  text,
  fc.array(text, { maxLength: 3 }),
  fc.constantFrom<unknown>(undefined, null, 0, {}, [null], [['1']], Symbol('s')),
);
const headers = fc.dictionary(fc.constantFrom(...NAMES), value);
const outcome = fc.record(
  {
    status: fc.oneof(fc.constantFrom(200, 401, 413, 429, 503), fc.integer(), fc.double()),
    headers,
    body: fc.oneof(text, fc.json(), fc.constant(`{"error":${'{"innererror":'.repeat(2000)}`)),
    error: fc.anything({ withNullPrototype: true }),
  },
  { requiredKeys: [] },
);
const url = new URL('https://api.security.microsoft.com/api/machines');
const made = (fields: object): Outcome =>
  ({ request: { method: 'GET', url }, receivedAt: Date.UTC(2026, 0, 1), ...fields }) as Outcome;

function expectSound({
  verdict,
  retryAfterMs,
  correlationId,
  hint,
  code,
  unprocessed,
}: Classification): void {
  expect(verdict).to.be.oneOf(['success', 'throttled', 'transient', 'unauthorized', 'terminal']);
  if (retryAfterMs !== undefined) {
    expect(Number.isFinite(retryAfterMs) && retryAfterMs >= 0, String(retryAfterMs)).to.equal(true);
  }
  for (const shown of [correlationId, code]) {
    if (shown !== undefined) expect(shown).to.match(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]{1,256}$/u);
  }
  expect(hint === undefined || (typeof hint === 'string' && hint.length < 1000)).to.equal(true);
  expect(unprocessed).to.be.oneOf([undefined, true, false]);
}

describe('Whatever a server answers', () => {
  it('HTTP reads it without a throw, into finite waits and printable IDs', () => {
    fc.assert(
      fc.property(outcome, (fields) => expectSound(classifyHttp(made(fields)))),
      { numRuns: 3000 },
    );
  });

  it('so does the Defender profile', () => {
    const profile = defender();
    fc.assert(
      fc.property(outcome, (fields) => expectSound(profile.classify(made(fields)))),
      { numRuns: 3000 },
    );
  });

  it('its statements of limits are finite, or none', () => {
    fc.assert(
      fc.property(headers, (given) => {
        for (const { limit, remaining, resetMs, windowMs } of rateLimits(
          given as never,
          Date.UTC(2026, 0, 1),
        )) {
          for (const number of [limit, remaining, resetMs, windowMs]) {
            if (number !== undefined) expect(Number.isFinite(number) && number >= 0).to.equal(true);
          }
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('a header of 300 kB takes no time to speak of', () => {
    for (const each of ['1', ',', ', ', '1, ', '"', 'a', '1s', '\u0000', 'Mon, ', ';q=1', '(']) {
      const long = each.repeat(300_000);
      const all = Object.fromEntries(NAMES.map((name) => [name, long]));
      expectSound(classifyHttp(made({ status: 429, headers: all })));
      rateLimits(all, 0);
    }
  });
});
