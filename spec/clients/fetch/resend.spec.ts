import { Readable } from 'node:stream';
import { expect } from 'chai';
import { type GatedFetch, type Headgate, headgate } from 'headgate';
import { failureOf, names, record, TestServer } from '../../support/server.ts';

const THROTTLED = { status: 429, headers: { 'retry-after-ms': '20' } };

describe('An attempt of fetch', () => {
  let server: TestServer;
  let gate: Headgate;
  let api: GatedFetch;

  beforeEach(async () => {
    server = await TestServer.start();
    gate = headgate({ retry: { backoff: { base: 5, max: 20 } } });
    api = gate.fetch();
  });
  afterEach(async () => {
    await gate.close();
    await server.close();
  });

  const form = new FormData();
  form.set('field', 'value');
  const bodies: Record<string, RequestInit['body']> = {
    'a string': 'text',
    'a Buffer': Buffer.from('bytes'),
    'an ArrayBuffer': new TextEncoder().encode('buffer').buffer,
    URLSearchParams: new URLSearchParams({ a: '1' }),
    'a Blob': new Blob(['blob'], { type: 'text/plain' }),
    FormData: form,
  };
  /** Boundaries of forms differ from send to send. */
  const body = (n: number): string | undefined => server.seen[n]?.body.replaceAll(/formdata-undici-\d+/g, '');

  for (const [what, content] of Object.entries(bodies)) {
    it(`that was throttled is resent even for POST, with the same body: ${what}`, async () => {
      server.replies(THROTTLED);
      const response = await api(server.url, { method: 'POST', body: content ?? null });
      expect(response.status).to.equal(200);
      expect(server.seen).to.have.length(2);
      expect(body(1)).to.equal(body(0)).and.not.equal('');
    });

    it(`of a Request is resent with the same body and headers: ${what}`, async () => {
      const sent: unknown[][] = [];
      server.handler = (n, request, response) => {
        sent.push([
          request.headers['content-type'],
          request.headers['content-length'],
          request.headers['x-own'],
        ]);
        request.resume().once('end', () => response.writeHead(n === 1 ? 429 : 200, THROTTLED.headers).end());
      };
      const request = new Request(server.url, {
        method: 'POST',
        body: content ?? null,
        headers: { 'x-own': 'own' },
      });
      expect((await api(request)).status).to.equal(200);
      expect(request.bodyUsed).to.equal(true);
      expect(server.seen).to.have.length(2);
      expect(server.seen[1]?.body).to.equal(server.seen[0]?.body).and.not.equal('');
      expect(sent[1]).to.deep.equal(sent[0]);
    });
  }

  const streams: Record<string, () => RequestInit['body']> = {
    'a ReadableStream': () => new Blob(['once']).stream() as never,
    'a Readable': () => Readable.from(['once']) as never,
    'an async generator': () =>
      (async function* () {
        yield new TextEncoder().encode('once');
      })() as never,
  };
  for (const [what, make] of Object.entries(streams)) {
    it(`is not resent with a body that is gone, and the record says so: ${what}`, async () => {
      server.replies(THROTTLED);
      const response = await api(server.url, { method: 'POST', body: make() ?? null, duplex: 'half' });
      expect(response.status).to.equal(429);
      expect(response.headgate.hint).to.match(/stream/);
      expect(server.seen.map(({ body }) => body)).to.deep.equal(['once']);
    });
  }

  it("is not resent with a Request's body that is larger than what is kept", async () => {
    server.replies(THROTTLED);
    const large = new Request(server.url, { method: 'POST', body: 'x'.repeat(1024 * 1024 + 1) });
    const response = await api(large);
    expect(response.status).to.equal(429);
    expect(response.headgate.hint).to.match(/stream/);
    expect(server.seen[0]?.body).to.have.length(1024 * 1024 + 1);
  });

  it('is not resent for POST after a bare 502, and the record says why', async () => {
    server.replies({ status: 502, body: 'bad gateway' });
    const response = await api(server.url, { method: 'POST', body: '{}' });
    expect(response.status).to.equal(502);
    expect(await response.text()).to.equal('bad gateway');
    expect(response.headgate).to.include({ verdict: 'transient', reason: 'terminal' });
    expect(response.headgate.hint).to.match(/idempotent/);
    expect(server.seen).to.have.length(1);
  });

  it('is resent for POST after a 502 if the user or an Idempotency-Key vouches for it', async () => {
    server.replies({ status: 502 });
    await api(server.url, { method: 'POST', body: '{}', headgate: { idempotent: true } });
    server.seen.length = 0;
    await api(server.url, { method: 'POST', body: '{}', headers: { 'Idempotency-Key': 'k' } });
    expect(server.seen).to.have.length(2);
  });

  it('is resent for POST if the connection was never accepted', async () => {
    const gone = await TestServer.start();
    const { url } = gone;
    await gone.close();
    const error = await failureOf(api(url, { method: 'POST', body: '{}' }));
    expect(error.message).to.equal('fetch failed');
    expect(error.headgate).to.include({ reason: 'attempts' });
    expect(error.headgate.attempts.map(({ code }) => code)).to.deep.equal(Array(5).fill('ECONNREFUSED'));
  });

  it('is made five times in all after transient faults, by default', async () => {
    server.replies(...Array.from({ length: 9 }, () => ({ status: 503 })));
    const response = await api(server.url);
    expect(response.status).to.equal(503);
    expect(response.headgate.reason).to.equal('attempts');
    expect(server.seen).to.have.length(5);
  });

  it('does not use up the attempts of a call by being throttled', async () => {
    server.replies(...Array.from({ length: 7 }, () => ({ status: 429, headers: { 'retry-after-ms': '1' } })));
    expect((await api(server.url)).status).to.equal(200);
    expect(server.seen).to.have.length(8);
  });

  it('is resent if the connection broke before the head of the response', async () => {
    server.handler = (n, request, response) => {
      if (n === 1) request.socket.destroy();
      else response.end('{}');
    };
    const response = await api(server.url);
    expect(response.status).to.equal(200);
    expect(response.headgate.attempts.map(({ status }) => status)).to.deep.equal([undefined, 200]);
  });

  it("that fails for good rejects with fetch's error, and its record", async () => {
    server.handler = (_n, request) => request.socket.destroy();
    const error = await failureOf(api(server.url, { method: 'POST', body: 'x' }));
    expect(error).to.be.instanceOf(TypeError);
    expect(error.message).to.equal('fetch failed');
    expect(error.headgate).to.include({ verdict: 'transient', reason: 'terminal' });
  });

  it('is recorded as it was on the wire', async () => {
    server.replies(
      { status: 500, headers: { 'x-request-id': 'a' } },
      { status: 429, headers: { 'retry-after-ms': '30', 'x-request-id': 'b' } },
      { status: 400, headers: { 'x-request-id': 'c' }, body: '{"error":{"code":"Bad"}}' },
    );
    const events = record(gate);
    const response = await api(`${server.url}/p?sig=secret&x=1`);
    const { attempts, call, verdict } = response.headgate;
    expect(verdict).to.equal('terminal');
    expect(attempts.map(({ status }) => status)).to.deep.equal([500, 429, 400]);
    expect(attempts.map(({ correlationId }) => correlationId)).to.deep.equal(['a', 'b', 'c']);
    expect(attempts.at(-1)?.code).to.equal('Bad');
    expect(names(events)).to.deep.equal([
      'attempt',
      'retry',
      'attempt',
      'pause',
      'retry',
      'queued',
      'resume',
      'attempt',
      'failure',
    ]);
    for (const event of events) {
      if ('call' in event) expect(event.call).to.equal(call);
      if ('url' in event) expect(event.url).to.equal(`${server.url}/p?sig=REDACTED&x=1`);
    }
  });

  it('sends the headers as they were given, whatever became of them since', async () => {
    const sent: (string | undefined)[] = [];
    server.handler = (n, request, response) => {
      sent.push(request.headers['x-own'] as string);
      response.writeHead(n === 1 ? 500 : 200).end();
    };
    const headers = new Headers({ 'x-own': 'then' });
    const call = api(server.url, { headers });
    headers.set('x-own', 'since');
    await call;
    expect(sent).to.deep.equal(['then', 'then']);
  });

  it('warns once about a client above that retries by itself', async () => {
    const events = record(gate);
    server.replies();
    const headers = { 'x-stainless-retry-count': '0' };
    await api(server.url, { headers });
    expect(names(events)).to.not.include('warning');
    for (let n = 1; n < 3; n += 1) await api(server.url, { headers: { 'x-stainless-retry-count': `${n}` } });
    const warnings = events.filter(({ type }) => type === 'warning');
    expect(warnings).to.have.length(1);
    expect(warnings[0]).to.include({ code: 'stacked-retries' });
  });
});
