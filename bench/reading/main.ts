/**
 * What reading an answer costs: good ones, with and without rate-limit headers, and refusals with a body of 2 kB. The
 * kinds take turns, so that a slow moment of the machine meets all of them.
 */
import { rateLimits } from '../../lib/classify/rate-limit.ts';
import type { Outcome } from '../../lib/index.ts';
import { generic } from '../../lib/profiles/index.ts';
import { type Line, round, tell } from '../support/line.ts';
import { median } from '../support/statistics.ts';

const quick = process.argv.includes('--quick');
const ROUNDS = quick ? 5 : 21;
const TIMES = quick ? 2000 : 10_000;

const request = { method: 'GET', url: new URL('https://api.example.com/a') };
const AT = Date.UTC(2026, 0, 15, 12);
const plain = {
  'content-type': 'application/json',
  date: 'Thu, 15 Jan 2026 12:00:00 GMT',
  server: 'nginx',
  etag: 'W/"1"',
  vary: 'accept',
  'cache-control': 'no-store',
  'x-request-id': 'abc',
};
const limits = {
  'x-ratelimit-limit': '5000',
  'x-ratelimit-remaining': '4987',
  'x-ratelimit-reset': '1768480000',
  'x-ratelimit-resource': 'core',
};
const FILL = 'Number of requests exceeded the limit for this resource and this client. '.repeat(24);
const json = JSON.stringify({
  error: {
    code: 429,
    message: FILL,
    status: 'RESOURCE_EXHAUSTED',
    errors: [{ reason: 'rateLimitExceeded', domain: 'usageLimits' }],
    details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '36s' }],
  },
});
const xml = `<ErrorResponse><Error><Code>Throttling</Code><Message>${FILL}</Message></Error><RequestId>f</RequestId></ErrorResponse>`;
const page = `<html><head><title>502</title></head><body>${'<p>Bad gateway</p>'.repeat(105)}</body></html>`;

const KINDS: Readonly<Record<string, Omit<Outcome, 'request' | 'receivedAt'>>> = {
  'a good answer': { status: 200, headers: plain },
  'a good answer with limits': { status: 200, headers: { ...plain, ...limits } },
  'a 429 with JSON of 2 kB': { status: 429, headers: { ...plain, ...limits }, body: json },
  'a 400 with XML of 2 kB': { status: 400, headers: plain, body: xml },
  'a 502 with a page of 2 kB': { status: 502, headers: plain, body: page },
};

const profile = generic();
const times = new Map<string, number[]>();
for (let turn = 0; turn < ROUNDS; turn++) {
  for (const [kind, answer] of Object.entries(KINDS)) {
    const from = performance.now();
    for (let n = 0; n < TIMES; n++) {
      const outcome = { ...answer, request, receivedAt: AT };
      rateLimits(outcome.headers ?? {}, AT);
      profile.classify(outcome);
    }
    const us = ((performance.now() - from) / TIMES) * 1000;
    times.set(kind, [...(times.get(kind) ?? []), us]);
  }
}

const lines: Line[] = [];
for (const [kind, all] of times) {
  const us = median(all);
  lines.push({ work: `reading ${kind}`, who: 'Headgate', result: `${round(us)} us`, data: { us } });
}
tell(lines);
