import { once } from 'node:events';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { type Headgate, headgate } from 'headgate';
import { certificate, type Pair } from '../../support/certificate.ts';
import { forEachMajor } from '../../support/majors.ts';
import { failureOf, record } from '../../support/server.ts';

forEachMajor('Over HTTP/2', (got) => {
  it('every attempt is gated, and its permit returned', async function () {
    const pair = certificate();
    if (!pair) {
      console.log('      openssl is not installed (Debian: apt-get install openssl): this test is left out');
      this.skip();
    }
    let inFlight = 0;
    let most = 0;
    let seen = 0;
    const server = http2.createSecureServer({ ...pair, allowHTTP1: true }, (_request, response) => {
      seen += 1;
      inFlight += 1;
      most = Math.max(most, inFlight);
      setTimeout(() => {
        inFlight -= 1;
        response.writeHead(seen === 1 ? 500 : 200);
        response.end('{}');
      }, 5);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const gate = headgate({
      quotas: [{ concurrency: 1 }],
      retry: { backoff: { base: 5, max: 10 } },
    });
    const events = record(gate);
    const api = gate.got(got).extend({ http2: true, https: { rejectUnauthorized: false } });
    const url = `https://localhost:${(server.address() as AddressInfo).port}/`;
    const responses = await Promise.all(Array.from({ length: 5 }, () => api(url)));
    expect(responses.map(({ httpVersion }) => httpVersion)).to.deep.equal([
      '2.0',
      '2.0',
      '2.0',
      '2.0',
      '2.0',
    ]);
    expect(most).to.equal(1);
    expect(seen).to.equal(6);
    expect(events.filter(({ type }) => type === 'attempt')).to.have.length(6);
    expect(gate.quotas()[0]).to.include({ inFlight: 0, queued: 0 });
    await gate.close();
    server.close();
  });
});

forEachMajor('What an HTTP/2 server says it did not process', (got) => {
  const { NGHTTP2_REFUSED_STREAM, NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_NO_ERROR, NGHTTP2_INTERNAL_ERROR } =
    http2.constants;
  let server: http2.Http2SecureServer;
  let gate: Headgate;
  /** What the server does with its third stream, in place of an answer. */
  let act: (stream: http2.ServerHttp2Stream) => void;
  let seen: number;

  let pair: Pair | undefined;

  before(function () {
    pair = certificate();
    if (!pair) this.skip();
  });
  beforeEach(async () => {
    seen = 0;
    server = http2.createSecureServer(pair as Pair);
    server.on('stream', (stream) => {
      seen += 1;
      stream.on('error', () => undefined);
      if (seen === 3) act(stream);
      else stream.end('{}');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    gate = headgate({ retry: { backoff: { base: 1, max: 2 }, budget: false } });
  });
  afterEach(async () => {
    await gate.close();
    server.close();
  });

  /** A call on a session that has served one before; got 14 and 15 open two sessions at first. */
  async function post(): Promise<unknown> {
    const api = gate.got(got).extend({ http2: true, https: { rejectUnauthorized: false } });
    const url = `https://localhost:${(server.address() as AddressInfo).port}/`;
    await api(url);
    await api(url);
    return api.post(url, { body: 'x' });
  }

  it('is resent, even for POST: a refused stream', async () => {
    act = (stream) => stream.close(NGHTTP2_REFUSED_STREAM);
    await post();
    expect(seen).to.equal(4);
  });

  for (const [what, code] of [
    ['without a fault', NGHTTP2_NO_ERROR],
    ['to calm the client', NGHTTP2_ENHANCE_YOUR_CALM],
  ] as const) {
    it(`is resent, even for POST: a stream after the last of a GOAWAY ${what}`, async () => {
      act = (stream) => stream.session?.goaway(code, 1);
      await post();
      expect(seen).to.equal(4);
    });
  }

  for (const [what, end] of [
    ['a stream closed for a fault', (stream) => stream.close(NGHTTP2_INTERNAL_ERROR)],
    ['a GOAWAY that names it among the processed', (stream) => stream.session?.goaway(2, stream.id)],
    ['a session destroyed', (stream) => stream.session?.destroy()],
  ] as [string, (stream: http2.ServerHttp2Stream) => void][]) {
    it(`includes nothing else: ${what} is not resent for POST`, async () => {
      act = end;
      const error = await failureOf(post());
      expect(error.headgate).to.include({ verdict: 'transient', reason: 'terminal' });
      expect(seen).to.equal(3);
    });
  }
});
