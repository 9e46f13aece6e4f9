import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import { generic } from 'headgate/profiles';
import { classifySuccess } from '../../lib/classify/answer.ts';
import type { Classification, Outcome } from '../../lib/words/types.ts';
import { BODY_LIMIT } from '../../lib/words/types.ts';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const answers: readonly Answer[] = ['captured', 'documented'].flatMap((name) =>
  readFileSync(new URL(`answers/${name}.jsonl`, import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Answer),
);

const profile = generic();
const request = { method: 'GET', url: new URL('https://api.example.com/a') };
const read = (answer: Partial<Answer>, classify = profile.classify): Classification =>
  classify({ request, receivedAt: Date.UTC(2026, 0, 15, 12), ...answer } as Outcome);

/** The verdict is one of five, waits are finite, and what is shown is short and printable. */
function expectSound(read: Classification): void {
  expect(read.verdict).to.be.oneOf(['success', 'throttled', 'transient', 'unauthorized', 'terminal']);
  if (read.retryAfterMs !== undefined) {
    expect(Number.isFinite(read.retryAfterMs) && read.retryAfterMs >= 0, String(read.retryAfterMs)).to.equal(
      true,
    );
  }
  for (const shown of [read.correlationId, read.code, read.quota, read.unit]) {
    if (shown !== undefined) expect(shown).to.match(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]{1,256}$/u);
  }
  expect((read.hint ?? '').length).to.be.below(1000);
  expect(Object.keys(Object.prototype)).to.deep.equal([]);
}

/** Pieces that break parsers, or that a careless reading would believe. */
const PIECES = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ',',
  ':',
  '<',
  '</Code>',
  '<Code>',
  '<![CDATA[',
  '<!DOCTYPE a [<!ENTITY b "&c;&c;">]>',
  '&amp;',
  '&b;',
  '"__proto__":{"code":"A"},',
  '"constructor":{"prototype":{"code":"A"}},',
  '1e999',
  '-1',
  '9'.repeat(400),
  '\u0000',
  '\ud800',
  '\u202e',
  '\ufffd',
  'NaN',
  'null',
  '00:00:00',
  'again in 5 seconds ',
  '{"error":',
];

/** An answer with some pieces put in, taken out or repeated. */
const mutated = fc
  .record({
    answer: fc.constantFrom(...answers),
    edits: fc.array(
      fc.record({
        at: fc.double({ min: 0, max: 1, noNaN: true }),
        cut: fc.nat(40),
        piece: fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 10 })),
      }),
      { maxLength: 4 },
    ),
    header: fc.option(fc.tuple(fc.nat(20), fc.oneof(fc.constantFrom(...PIECES), fc.string()))),
    status: fc.option(fc.constantFrom(200, 400, 401, 403, 404, 409, 429, 500, 503)),
  })
  .map(({ answer, edits, header, status }) => {
    let { body } = answer;
    for (const { at, cut, piece } of edits) {
      const from = Math.floor(at * body.length);
      body = body.slice(0, from) + piece + body.slice(from + cut);
    }
    const headers: Record<string, string> = { ...answer.headers };
    const name = header && Object.keys(headers)[header[0]];
    if (name && header) headers[name] = header[1];
    return { status: status ?? answer.status, headers, body };
  });

describe('A real answer that was garbled', () => {
  it('is read without a throw, into finite waits and printable codes and IDs', () => {
    fc.assert(
      fc.property(mutated, (answer) => expectSound(read(answer))),
      { numRuns: 4000 },
    );
  });

  it('of a good status too', () => {
    fc.assert(
      fc.property(mutated, (answer) => expectSound(read({ ...answer, status: 200 }, classifySuccess))),
      { numRuns: 2000 },
    );
  });

  it('that was cut off anywhere still has the verdict of its status, or that of its code', () => {
    for (const { status, headers, body } of answers) {
      for (let end = 0; end < body.length; end += 7)
        expectSound(read({ status, headers, body: body.slice(0, end) }));
    }
  });
});

/** Bodies of 64 KiB made to be slow. */
const HOSTILE: Readonly<Record<string, string>> = {
  'nested arrays': '['.repeat(BODY_LIMIT),
  'nested arrays that close': '['.repeat(BODY_LIMIT / 2) + ']'.repeat(BODY_LIMIT / 2),
  'nested objects': `${'{"error":'.repeat(7000)}1${'}'.repeat(7000)}`,
  'nested errors': `${'{"errors":[{"details":['.repeat(2000)}1${']}]}'.repeat(2000)}`,
  'many elements': `{"errors":[${'{"message":"again in 5 seconds"},'.repeat(1900)}{}]}`,
  'many fields': `{${Array.from({ length: 5000 }, (_, i) => `"f${i}":1`).join()}}`,
  'quoted in itself': JSON.stringify({ error: { message: '{"error":'.repeat(6000) + '}'.repeat(6000) } }),
  'an XML bomb': `<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">${Array.from(
    { length: 500 },
    (_, i) => `<!ENTITY b${i} "&a;&a;&a;&a;&a;&a;&a;&a;">`,
  ).join('')}]><Error><Code>&b499;</Code></Error>`,
  'open tags': '<Error>'.repeat(9000),
  'angle brackets': `<a${'<'.repeat(65_000)}`,
  'unclosed CDATA': `<Error>${'<Code><![CDATA['.repeat(4000)}`,
  'a long message': `{"message":"${'again in '.repeat(7000)}"}`,
  'a long word': `{"code":"${'A'.repeat(60_000)}"}`,
  'a long page': `<html>${'<center>'.repeat(8000)}`,
  'white space': ' '.repeat(BODY_LIMIT),
  prototypes:
    '{"__proto__":{"error":{"code":"insufficient_quota"}},"constructor":{"prototype":{"code":"X"}}}',
  'huge numbers': `{"error":{"code":${'9'.repeat(5000)},"retry_after":1e400}}`,
  'half characters': `{"error":{"code":"\ud800","message":"\udfff again in 5 seconds"},"request_id":"\ud83d"}`,
};

describe('A hostile body', () => {
  for (const [name, body] of Object.entries(HOSTILE)) {
    it(`is read in bounded time: ${name}`, () => {
      for (const status of [429, 403, 500]) {
        const found = read({ status, headers: {}, body });
        expectSound(found);
        expect(found.verdict).to.equal({ 429: 'throttled', 403: 'terminal', 500: 'transient' }[status]);
      }
      const from = performance.now();
      for (let n = 0; n < 20; n++) read({ status: 429, headers: {}, body });
      // A quadratic reading of 64 KiB takes seconds; this takes milliseconds.
      expect((performance.now() - from) / 20).to.be.below(250);
    });
  }
});
