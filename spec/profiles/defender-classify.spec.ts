import { expect } from 'chai';
import fc from 'fast-check';
import { defender, defenderErrorCodes } from '../../lib/profiles/index.ts';
import { BODY_LIMIT, CORRELATION_ID_LIMIT, type Headers, type Outcome } from '../../lib/words/types.ts';

const profile = defender();
const HOST = 'https://api.security.microsoft.com';
const request = (line: string) => {
  const [method = '', path = ''] = line.split(' ');
  return { method, url: new URL(path, HOST) };
};
const outcome = (status: number, body?: string, headers?: Headers, line = 'GET /api/alerts'): Outcome => ({
  request: request(line),
  status,
  body,
  headers,
  receivedAt: Date.UTC(2026, 10, 23),
});
const classify = (...args: Parameters<typeof outcome>) => profile.classify(outcome(...args));
const envelope = (error: object) => JSON.stringify({ error });

describe('The Defender profile', () => {
  it('knows the 20 documented codes, each with verdict and advice', () => {
    const documented = defenderErrorCodes.filter((known) => known.documented);
    expect(documented).to.have.length(20);
    for (const { code, status, verdict, hint } of defenderErrorCodes) {
      const read = classify(
        status,
        envelope({ code, message: 'text', target: 'id' }),
        {},
        'GET /api/alerts/da1',
      );
      expect(read, code).to.deep.include({ verdict, status, code, correlationId: 'id' });
      expect(read.hint, code).to.include(hint);
    }
  });

  it('reads the code before the status', () => {
    expect(classify(400, envelope({ code: 'TooManyRequests' }))).to.include({
      verdict: 'throttled',
      unprocessed: true,
    });
    expect(classify(500, envelope({ code: 'InvalidInput' }))).to.include({
      verdict: 'terminal',
      status: 500,
    });
    expect(classify(403, envelope({ code: 'Unauthorized' }))).to.include({ verdict: 'unauthorized' });
    expect(classify(400, envelope({ code: 'InternalServerError' }))).to.include({ verdict: 'transient' });
    expect(classify(400, envelope({ code: 'tooMANYrequests' }))).to.include({
      verdict: 'throttled',
      code: 'tooMANYrequests',
    });
  });

  it('goes by the status when the code is unknown, and passes it on', () => {
    expect(classify(429, envelope({ code: 'QuotaExceeded' }))).to.include({
      verdict: 'throttled',
      code: 'QuotaExceeded',
    });
    expect(classify(503, envelope({ code: 'constructor' }))).to.include({
      verdict: 'transient',
      code: 'constructor',
    });
    expect(classify(409, envelope({ code: '__proto__' }))).to.include({ verdict: 'terminal' });
  });

  it('goes by the status when the body is empty, HTML, broken or endless, and still advises', () => {
    const bodies = [
      undefined,
      '',
      '<!doctype html><h1>Bad Gateway</h1>',
      '{"error":{"code":"Too',
      '[',
      'x'.repeat(BODY_LIMIT * 2),
    ];
    for (const body of bodies) {
      expect(classify(429, body)).to.include({ verdict: 'throttled', unprocessed: true, code: undefined });
      expect(classify(500, body)).to.include({ verdict: 'transient', unprocessed: false });
      expect(classify(502, body)).to.include({ verdict: 'transient' });
      expect(classify(401, body)).to.include({ verdict: 'unauthorized' });
      expect(classify(403, body).hint).to.match(/roles/);
      expect(classify(404, body, {}, 'GET /api/alerts/da1')).to.include({ verdict: 'terminal' });
    }
  });

  it('does not look into the body of a success', () => {
    expect(classify(200, envelope({ code: 'TooManyRequests' }))).to.include({
      verdict: 'success',
    });
  });

  it('reads a fault as HTTP does', () => {
    const error = Object.assign(new Error(), { code: 'ECONNREFUSED' });
    const read = profile.classify({ request: request('GET /api/alerts'), error, receivedAt: 0 });
    expect(read).to.include({ verdict: 'transient', code: 'ECONNREFUSED', unprocessed: true });
  });

  it('finds the innermost known code of an error that wraps another', () => {
    const quoted = envelope({
      code: '429',
      message: 'You can send requests again in 8 seconds.',
      target: 'inner',
    });
    const graph = envelope({
      code: 'UnknownError',
      message: `Http request failed with statusCode=429 : ${quoted}`,
    });
    expect(classify(500, graph)).to.include({
      verdict: 'throttled',
      code: '429',
      correlationId: 'inner',
      retryAfterMs: 8000,
    });
  });

  it('leaves foreign hosts, and its own outside of /api, to HTTP', () => {
    const body = envelope({ code: 'Oops', target: 'id' });
    for (const url of ['https://core.blob.core.windows.net/x', `${HOST}/safedownload/x.zip`]) {
      expect(classify(403, body, {}, `GET ${url}`)).to.include({
        verdict: 'terminal',
        correlationId: undefined,
      });
    }
  });
});

describe('The wait of a Defender 429', () => {
  const wait = (message: unknown, headers?: Headers, status = 429, code = '429') =>
    classify(status, envelope({ code, message }), headers);
  const read = (ms: number) => ({ retryAfterMs: ms, retryAfterSource: 'message' });

  it("is the header's, if there is one", () => {
    const both = wait('You can send requests again in 8 seconds.', { 'retry-after': '20' });
    expect(both).to.include({ retryAfterMs: 20_000, retryAfterSource: 'header' });
    expect(classify(400, envelope({ code: 'TooManyRequests' }), { 'retry-after': '20' })).to.include({
      retryAfterMs: 20_000,
    });
  });

  it("is the message's seconds otherwise", () => {
    const message =
      'API calls quota exceeded! Maximum allowed 30 per 00:01:00 for the key Destination+TenantID+AppID. You can send requests again in 8 seconds.';
    expect(wait(message)).to.include(read(8000));
    expect(wait('Again in 1 second')).to.include(read(1000));
    expect(wait(message, { 'retry-after': 'soon' })).to.include(read(8000));
  });

  it("is at most the message's window, if that is all it says", () => {
    expect(wait('API calls quota exceeded! maximum allowed 45 per 00:01:00')).to.include(read(60_000));
    expect(wait('API calls quota exceeded! maximum allowed 1500 per 01:00:00')).to.include(read(3_600_000));
    expect(wait('maximum allowed 3 per 1.00:00:00')).to.include(read(86_400_000));
  });

  it('is unknown when the message says nothing of it', () => {
    const silent = [
      '',
      'slow down',
      'again in a while',
      'again in -5 seconds',
      'again in 1e3 seconds',
      '5 per minute',
      'per 00:00:00',
      'per 1:2:3',
      'per 00:01:00:00',
    ];
    for (const message of [...silent, 7, null, ['again in 8 seconds']]) {
      expect(wait(message).retryAfterMs, JSON.stringify(message)).to.equal(undefined);
    }
  });

  it('is read in no text but that of a 429', () => {
    expect(wait('again in 8 seconds', {}, 500, 'InternalServerError').retryAfterMs).to.equal(undefined);
    expect(wait('again in 8 seconds', {}, 400, 'BadRequest').retryAfterMs).to.equal(undefined);
    expect(classify(429, 'again in 8 seconds').retryAfterMs).to.equal(undefined);
  });

  it('is found in linear time', () => {
    const started = performance.now();
    for (const text of ['again in '.repeat(7000), `again in ${'1'.repeat(60_000)}`, 'per 1.'.repeat(10_000)])
      wait(text);
    expect(performance.now() - started).to.be.below(500);
  });
});

describe("A Defender error's correlation ID", () => {
  it('is the opaque target, cleaned and cut', () => {
    const target = (text: unknown) =>
      classify(400, envelope({ code: 'BadRequest', target: text })).correlationId;
    expect(target('|3f2a.b_')).to.equal('|3f2a.b_');
    expect(target('a\r\nb')).to.equal('ab');
    expect(target('x'.repeat(5000))).to.have.length(CORRELATION_ID_LIMIT);
  });

  it("is a header's when the target is missing, empty or no text", () => {
    for (const target of [undefined, '', '\n', 7, {}, null]) {
      const read = classify(400, envelope({ code: 'BadRequest', target }), { 'x-ms-request-id': 'h' });
      expect(read.correlationId).to.equal('h');
    }
  });
});

describe('A Defender 404', () => {
  const notFound = envelope({ code: 'ResourceNotFound', message: 'x', target: 'id' });
  const read = (line: string, body: string | undefined = notFound) => classify(404, body, {}, line);

  it('is terminal by default', () => {
    expect(read('GET /api/machines/abc')).to.include({ verdict: 'terminal', code: 'ResourceNotFound' });
    expect(read('POST /api/machines/abc/isolate')).to.include({ verdict: 'terminal' });
  });

  it('of a package means that it is not ready: to be asked for again at the pace of its quota', () => {
    for (const body of [notFound, '', '<html>']) {
      const package404 = read('GET /api/v1.0/machineactions/a/GetPackageUri', body);
      expect(package404).to.include({
        verdict: 'transient',
        retryAfterMs: 30_000,
        retryAfterSource: undefined,
      });
      expect(package404.hint).to.match(/not ready/);
    }
    const told = classify(404, notFound, { 'retry-after': '5' }, 'GET /api/machineactions/a/getPackageUri');
    expect(told).to.include({ retryAfterMs: 5000, retryAfterSource: 'header' });
  });

  it('of a list of machines means that it is empty', () => {
    for (const line of [
      'GET /api/machines?$top=5',
      "GET /api/machines/find(timestamp=2018-06-19T10:00:00Z,key='10.1.1.1')",
    ]) {
      expect(read(line), line).to.include({ verdict: 'terminal' });
      expect(read(line).hint, line).to.match(/empty result/);
    }
  });

  it('is advised upon where it means something else again', () => {
    expect(read('POST /api/alerts/CreateAlertByReference').hint).to.match(
      /reportId, eventTime and machineId/,
    );
    expect(read('POST /api/indicators/BatchDelete').hint).to.match(/does not exist/);
    expect(read('GET /api/machines/abc/getmissingkbs').hint).to.match(/sometimes answers 404/);
  });

  it('makes no exception for another known code', () => {
    const throttled = read('GET /api/machineactions/a/getPackageUri', envelope({ code: '429' }));
    expect(throttled).to.include({ verdict: 'throttled', retryAfterMs: undefined });
  });
});

describe('Any answer on a Defender host', () => {
  it('has one of the five verdicts, and says nothing unsafe', () => {
    const code = fc.oneof(
      fc.constantFrom(...defenderErrorCodes.map((known) => known.code)),
      fc.string({ unit: 'binary' }),
      fc.integer(),
    );
    const error = fc.record(
      { code, message: fc.anything(), target: fc.string({ unit: 'binary' }), innererror: fc.anything() },
      { requiredKeys: [] },
    );
    const body = fc.oneof(
      fc.string(),
      fc.json(),
      error.map((e) => JSON.stringify({ error: e }, (_, v) => (typeof v === 'bigint' ? `${v}` : v))),
    );
    const headers = fc.dictionary(fc.constantFrom('retry-after', 'date', 'request-id'), fc.string());
    fc.assert(
      fc.property(
        fc.oneof(fc.integer({ min: 100, max: 600 }), fc.double()),
        body,
        headers,
        (status, text, h) => {
          const read = classify(status, text, h, 'POST /api/machines/a/isolate');
          expect(read.verdict).to.be.oneOf(['success', 'throttled', 'transient', 'unauthorized', 'terminal']);
          for (const field of [read.code, read.correlationId])
            expect(field ?? '').not.to.match(/[\p{Cc}\p{Cf}]/u);
          expect(read.retryAfterMs ?? 0).to.be.within(0, Number.MAX_SAFE_INTEGER);
        },
      ),
    );
  });
});
