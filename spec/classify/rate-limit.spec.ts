import { expect } from 'chai';
import { classifyHttp } from '../../lib/classify/http.ts';
import { rateLimits } from '../../lib/classify/rate-limit.ts';
import type { Headers } from '../../lib/words/types.ts';

const NOW = Date.parse('2026-11-24T12:00:00Z');
const read = (headers: Headers) => rateLimits(headers, NOW);
/** The reset of an x-ratelimit family, in ms. */
const resetOf = (text: string, headers: Headers = {}): number | undefined =>
  read({ 'x-ratelimit-remaining': '1', 'x-ratelimit-reset': text, ...headers })[0]?.resetMs;

describe('What a response states of its quotas', () => {
  it('is nothing for most', () => {
    expect(read({ 'content-type': 'application/json' })).to.deep.equal([]);
  });

  it('is read from the structured fields of the draft, policy by policy', () => {
    const limits = read({
      'ratelimit-policy': '"burst";q=100;w=60, "day";q=5000;w=86400;qu="requests";pk=:c2VjcmV0:',
      ratelimit: '"burst";r=50;t=30, "day";r=0;t=3600',
    });
    expect(limits).to.deep.equal([
      { name: 'burst', requests: true, limit: 100, remaining: 50, resetMs: 30_000, windowMs: 60_000 },
      { name: 'day', requests: true, limit: 5000, remaining: 0, resetMs: 3_600_000, windowMs: 86_400_000 },
    ]);
  });

  it('tells quotas of bytes from those of requests', () => {
    const [limit] = read({ 'ratelimit-policy': '"bytes";q=1000000;w=60;qu="content-bytes"' });
    expect(limit).to.include({ requests: false });
  });

  it('is read from the dictionary and the three headers of older drafts', () => {
    expect(read({ ratelimit: 'limit=100, remaining=7, reset=3' })[0]).to.include({
      remaining: 7,
      resetMs: 3000,
    });
    const [limit] = read({
      'ratelimit-limit': '100, 100;w=60',
      'ratelimit-remaining': '7',
      'ratelimit-reset': '3',
    });
    expect(limit).to.include({ limit: 100, remaining: 7, resetMs: 3000 });
  });

  it('is read from the families of requests and tokens', () => {
    const limits = read({
      'x-ratelimit-limit-requests': '60',
      'x-ratelimit-remaining-requests': '59',
      'x-ratelimit-reset-requests': '1s',
      'x-ratelimit-remaining-tokens': '0',
      'x-ratelimit-reset-tokens': '6m0s',
    });
    expect(limits.map(({ name, requests }) => [name, requests])).to.deep.equal([
      ['x-ratelimit-requests', true],
      ['x-ratelimit-tokens', false],
    ]);
    expect(limits[1]).to.include({ remaining: 0, resetMs: 360_000 });
  });

  it('takes a reset that stands alone for those that its name begins', () => {
    const limits = read({
      'x-contentful-ratelimit-reset': '7',
      'x-contentful-ratelimit-second-remaining': '5',
      'x-contentful-ratelimit-hour-remaining': '0',
      'x-other-ratelimit-remaining': '3',
    });
    expect(limits.map(({ name, resetMs }) => [name, resetMs])).to.deep.equal([
      ['x-contentful-ratelimit-second', 7000],
      ['x-contentful-ratelimit-hour', 7000],
      ['x-other-ratelimit', undefined],
    ]);
  });

  it('is read from names that say what is left of a quota', () => {
    const [limit] = read({
      'x-rate-limit-requests-left': '12',
      'x-rate-limit-requests-quota': '150',
      'x-rate-limit-time-reset-ms': '15000',
    });
    expect(limit).to.include({ requests: true, limit: 150, remaining: 12, resetMs: 15_000 });
  });

  for (const [text, ms] of [
    ['30', 30_000],
    ['0', 0],
    ['1.5', 1500],
    [String(NOW / 1000 + 90), 90_000],
    [String(NOW + 90_000), 90_000],
    [String(NOW / 1000 - 90), 0],
    ['2026-11-24T12:01:00Z', 60_000],
    ['2026-11-24T12:01Z', 60_000],
    ['2026-11-24T13:01:00.500+01:00', 60_500],
    ['12ms', 12],
    ['1m2.5s', 62_500],
    ['6h0m0s', 21_600_000],
    ['-1', undefined],
    ['soon', undefined],
    ['1e3', undefined],
    ['', undefined],
    ['99999999999999999999', undefined],
    ['2026-11-24', undefined],
  ] as const) {
    it(`has a reset of ${text || 'nothing'}: ${ms} ms`, () => expect(resetOf(text)).to.equal(ms));
  }

  it('goes by the server’s clock where the reset is a date', () => {
    const date = new Date(NOW + 3_600_000).toUTCString();
    expect(resetOf(String(NOW / 1000 + 3600 + 10), { date })).to.equal(10_000);
  });

  it('is not taken from sentinels, nonsense or hostile lengths', () => {
    expect(read({ 'x-ratelimit-remaining': '-1', 'x-ratelimit-limit': '-1' })).to.deep.equal([]);
    expect(read({ 'x-ratelimit-remaining': '0', 'x-ratelimit-limit': '0' })).to.deep.equal([]);
    expect(read({ ratelimit: '"a;r=1', 'ratelimit-policy': ';;;' })).to.deep.equal([]);
    expect(read({ ratelimit: '"x";r=1;t=1, '.repeat(1000) })).to.deep.equal([]);
    expect(read({ 'x-ratelimit-remaining': '1'.repeat(5000) })).to.deep.equal([]);
  });

  it('gives a 429 its wait where no Retry-After does', () => {
    const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '7' };
    const outcome = { request: { method: 'GET', url: new URL('http://x') }, status: 429, receivedAt: NOW };
    expect(classifyHttp({ ...outcome, headers })).to.include({
      retryAfterMs: 7000,
      retryAfterSource: 'header',
    });
    const both = { ...headers, 'retry-after': '3' };
    expect(classifyHttp({ ...outcome, headers: both })).to.include({ retryAfterMs: 3000 });
    const over = { ...headers, 'x-ratelimit-reset': '0' };
    expect(classifyHttp({ ...outcome, headers: over }).retryAfterMs).to.equal(undefined);
  });
});
