import { expect } from 'chai';
import fc from 'fast-check';
import { classifyHttp } from '../../lib/classify/http.ts';
import type { Outcome } from '../../lib/words/types.ts';

const request = { method: 'GET', url: new URL('https://example.com/') };
const classify = (outcome: Partial<Outcome>) =>
  classifyHttp({ request, receivedAt: Date.UTC(2026, 0), ...outcome });
const verdictOf = (status: number) => classify({ status }).verdict;

describe('By HTTP alone, an outcome', () => {
  it('of status 1xx, 2xx or 3xx is a success', () => {
    for (const status of [101, 200, 204, 206, 301, 304, 399])
      expect(verdictOf(status), `${status}`).to.equal('success');
  });

  it('of status 401 is unauthorized, of 429 throttled', () => {
    expect(verdictOf(401)).to.equal('unauthorized');
    for (const status of [420, 429, 509])
      expect(classify({ status })).to.include({ verdict: 'throttled', unprocessed: true });
  });

  it('of another 4xx is terminal, but for 408, 421 and 425', () => {
    for (const status of [400, 402, 403, 404, 405, 407, 409, 410, 412, 413, 422, 423, 424, 451, 499]) {
      expect(verdictOf(status), `${status}`).to.equal('terminal');
    }
    expect(classify({ status: 408 })).to.include({ verdict: 'transient', unprocessed: false });
    for (const status of [421, 425])
      expect(classify({ status })).to.include({ verdict: 'transient', unprocessed: true });
  });

  it('of a 5xx is transient, unless the status is an answer', () => {
    for (const status of [500, 502, 503, 504, 520, 529, 598]) {
      expect(classify({ status }), `${status}`).to.include({ verdict: 'transient', unprocessed: false });
    }
    for (const status of [501, 505, 506, 507, 508, 510, 511])
      expect(verdictOf(status), `${status}`).to.equal('terminal');
  });

  it('of a status that is none counts as a server error', () => {
    for (const status of [0, -1, 99, 600, 999, 200.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(verdictOf(status), `${status}`).to.equal('transient');
    }
  });

  it('carries the wait asked for, when it is to be resent', () => {
    const headers = { 'retry-after': '3' };
    const wait = { retryAfterMs: 3000, retryAfterSource: 'header' };
    expect(classify({ status: 429, headers })).to.include(wait);
    expect(classify({ status: 503, headers })).to.include({ verdict: 'transient', ...wait });
    for (const status of [202, 301, 404, 401])
      expect(classify({ status, headers }).retryAfterMs).to.equal(undefined);
    expect(classify({ status: 429, headers: { 'retry-after': 'soon' } }).retryAfterSource).to.equal(
      undefined,
    );
  });

  it('of status 413 is transient when the server names a time', () => {
    const wait = classify({ status: 413, headers: { 'retry-after': '3' } });
    expect(wait).to.include({ verdict: 'transient', retryAfterMs: 3000, unprocessed: true });
  });

  it('carries the ID from the headers', () => {
    expect(classify({ status: 500, headers: { 'request-id': 'id' } })).to.include({ correlationId: 'id' });
    expect(classify({ status: 200, headers: { 'request-id': 'id' } })).to.include({ correlationId: 'id' });
  });

  it('without a response is what its fault says', () => {
    const error = Object.assign(new Error(), { code: 'ECONNREFUSED' });
    expect(classify({ error })).to.include({ verdict: 'transient', code: 'ECONNREFUSED', unprocessed: true });
    expect(classify({})).to.include({ verdict: 'terminal' });
  });

  it('with a response that broke off is judged by an error status, but not by a good one', () => {
    const error = Object.assign(new Error(), { code: 'ECONNRESET' });
    expect(classify({ status: 429, error, headers: { 'retry-after': '1' } })).to.include({
      verdict: 'throttled',
      retryAfterMs: 1000,
    });
    expect(classify({ status: 200, error })).to.include({
      verdict: 'transient',
      code: 'ECONNRESET',
      status: 200,
    });
  });

  it('has always one of the five verdicts', () => {
    const headers = fc.dictionary(
      fc.constantFrom('retry-after', 'date', 'request-id', 'x'),
      fc.oneof(fc.string(), fc.array(fc.string())),
    );
    fc.assert(
      fc.property(
        fc.oneof(fc.integer({ min: -1, max: 700 }), fc.double()),
        headers,
        fc.anything(),
        (status, h, error) => {
          expect(classify({ status, headers: h, error }).verdict).to.be.oneOf([
            'success',
            'throttled',
            'transient',
            'unauthorized',
            'terminal',
          ]);
        },
      ),
    );
  });
});
