import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { defender, generic } from 'headgate/profiles';
import { classifySuccess } from '../../lib/classify/answer.ts';
import type { Classification, Headers } from '../../lib/words/types.ts';

/** An answer of an API, and what is right for it; a `null` must be absent. */
interface Answer {
  readonly id: string;
  readonly kind: string;
  readonly api: string;
  readonly source: string;
  readonly profile?: 'defender' | 'generic';
  readonly request: { readonly method: string; readonly url: string };
  readonly receivedAt: number;
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  readonly expect: Readonly<Record<string, unknown>>;
  readonly why: string;
}

/** `captured` are answers that users reported, `documented` those that documentation describes. */
const answers: readonly Answer[] = ['captured', 'documented'].flatMap((name) =>
  readFileSync(new URL(`answers/${name}.jsonl`, import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Answer),
);

const profiles = { defender: defender(), generic: generic() };

/** Kind of the answers that `readBody` is for. */
const REFUSING = 'of success whose body is a refusal';

function read({
  kind,
  profile = 'generic',
  request,
  status,
  headers,
  body,
  receivedAt,
}: Answer): Classification {
  const { method, url } = request;
  const outcome = { request: { method, url: new URL(url) }, status, headers, body, receivedAt };
  return kind === REFUSING ? classifySuccess(outcome) : profiles[profile].classify(outcome);
}

for (const [kind, those] of Map.groupBy(answers, (answer) => answer.kind)) {
  describe(`An answer ${kind}`, () => {
    for (const answer of those) {
      it(`is read right: ${answer.api}, ${answer.id}${answer.why && ` (${answer.why})`}`, () => {
        const found: Record<string, unknown> = { ...read(answer) };
        const told = Object.keys(answer.expect).map((field) => [field, found[field] ?? null]);
        expect(Object.fromEntries(told)).to.deep.equal(answer.expect);
      });
    }
  });
}

describe('A page of a proxy or firewall', () => {
  for (const answer of answers.filter(({ kind }) => kind.includes('page'))) {
    it(`is named as such, and blames no credentials: ${answer.id}`, () => {
      const { hint } = read(answer);
      if (answer.profile === 'defender') return;
      expect(hint).to.match(/^This is a page of /);
      expect(hint).not.to.match(/credential|token|permission|\bright\b|password|unauthori/i);
    });
  }
});
