import { expect } from 'chai';
import * as profiles from 'headgate/profiles';
import { expectExamples, expectReading } from 'headgate/testing';
import type { DefinedProfile, ProfileFactory } from '../../lib/profiles/define/index.ts';
import { generic } from '../../lib/profiles/index.ts';

/** Every profile of the book. */
const BOOK: readonly [string, ProfileFactory][] = Object.entries(profiles as Record<string, unknown>).filter(
  (entry): entry is [string, ProfileFactory] =>
    typeof entry[1] === 'function' && 'definition' in (entry[1] as object),
);

describe('Every profile of the book', () => {
  it('is there', () => {
    expect(BOOK.map(([name]) => name)).to.include('defender');
  });

  for (const [name, factory] of BOOK) {
    const { definition } = factory;
    const profile: DefinedProfile = factory();

    describe(name, () => {
      it('reads its own examples right, over real HTTP', async () => {
        expect(await expectExamples(profile)).to.equal(definition.examples?.length);
      });

      it('reads its own examples right by their own URLs', () => {
        for (const { reading, ...answer } of definition.examples ?? [])
          expectReading(profile, answer, reading);
      });

      it('finds no wait in the `Retry-After: 0` of a refusal, as generic() does', () => {
        const url = new URL(definition.examples?.[0]?.request.split(' ')[1] ?? '');
        for (const [status, more, retryAfterMs] of [
          [429, {}, undefined],
          [420, {}, undefined],
          [429, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '30' }, 30_000],
          [503, {}, 0],
        ] as const) {
          const headers = { 'retry-after': '0', ...more };
          const answer = { request: { method: 'GET', url }, status, headers, body: '', receivedAt: 0 };
          for (const each of [generic(), profile]) {
            expect(each.classify(answer), `${each.name}: ${status}`).to.deep.include({
              verdict: status === 503 ? 'transient' : 'throttled',
              retryAfterMs,
              retryAfterSource: retryAfterMs === undefined ? undefined : 'header',
            });
          }
        }
      });

      it('has a source and a date for every limit', () => {
        for (const quota of definition.quotas ?? []) {
          for (const limit of [...(quota.windows ?? []), ...(quota.concurrency ? [quota.concurrency] : [])]) {
            const source = limit.source ?? quota.source ?? '';
            const { url, date } = definition.sources?.[source] ?? {
              url: source,
              date: limit.sourceDate ?? quota.sourceDate,
            };
            expect(url, quota.name).to.match(/^https:\/\/\S+$/);
            expect(date, quota.name).to.match(/^\d{4}-\d{2}(?:-\d{2})?$/);
          }
        }
      });

      it('gives advice for each code, and reads it', () => {
        for (const { code, advice } of definition.codes ?? []) {
          expect(advice, String(code)).to.match(/[.)]$/);
        }
      });

      it('keeps the token to its own hosts', () => {
        for (const url of ['https://example.com/', 'http://example.com/', 'https://evil.example/x?y']) {
          expect(profile.authorizes?.(new URL(url))).to.equal(false);
        }
      });
    });
  }
});
