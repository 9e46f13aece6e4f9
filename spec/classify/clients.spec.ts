import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import got16 from 'got';
import got14 from 'got14';
import got15 from 'got15';
import { readFault } from '../../lib/classify/network.ts';

/** The faults as the clients throw them, so that the table of codes stays true. */
describe('A fault thrown by', () => {
  let server: Server;
  let base: string;
  /** An origin where nothing listens any more. */
  let nothing: string;

  before((done) => {
    server = createServer((request, response) => {
      const path = request.url;
      if (path === '/reset') request.socket.destroy();
      else if (path === '/cut')
        response.writeHead(200, { 'content-length': 9 }).write('cut', () => response.destroy());
      else if (path === '/gzip')
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('text').subarray(0, 12));
      else if (path === '/as-gzip' || path === '/as-br' || path === '/as-zstd')
        response.writeHead(200, { 'content-encoding': path.slice('/as-'.length) }).end('{"a":1}');
      else if (path === '/loop') response.writeHead(302, { location: '/loop' }).end();
      else if (path !== '/silent') response.end('{oops');
    }).listen(0, '127.0.0.1', () => {
      base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const closed = createServer().listen(0, '127.0.0.1', () => {
        nothing = `http://127.0.0.1:${(closed.address() as AddressInfo).port}`;
        closed.close(() => done());
      });
    });
  });

  after((done) => {
    server.close(done);
    server.closeAllConnections();
  });

  const thrown = (promise: PromiseLike<unknown>) =>
    promise.then(
      () => expect.fail('nothing thrown'),
      (error: unknown) => readFault(error),
    );

  for (const [name, client] of Object.entries({ got14, got15, got16 })) {
    const got = (client as typeof got16).extend({ retry: { limit: 0 } });

    it(`${name} for a broken connection or response is transient`, async () => {
      for (const path of ['/reset', '/cut', '/gzip']) {
        expect(await thrown(got(base + path)), path).to.include({ verdict: 'transient', unprocessed: false });
      }
    });

    it(`${name} for a body that is not compressed as it says is terminal`, async () => {
      for (const path of ['/as-gzip', '/as-br', '/as-zstd']) {
        const fault = await thrown(got(base + path));
        expect(fault, path)
          .to.include({ verdict: 'terminal' })
          .and.to.have.property('hint')
          .that.matches(/compressed/);
      }
    });

    it(`${name} for a host that is not there is transient, the request unsent`, async () => {
      for (const url of [nothing, nothing.replace('127.0.0.1', 'localhost'), 'http://nowhere.invalid']) {
        expect(await thrown(got(url)), url).to.include({ verdict: 'transient', unprocessed: true });
      }
    });

    it(`${name} for time that ran out is transient, for an abort terminal`, async () => {
      const silent = `${base}/silent`;
      expect(await thrown(got(silent, { timeout: { request: 20 } }))).to.include({
        verdict: 'transient',
        code: 'ETIMEDOUT',
      });
      expect(await thrown(got(silent, { signal: AbortSignal.timeout(20) }))).to.include({
        verdict: 'transient',
        code: 'ETIMEDOUT',
      });
      expect(await thrown(got(silent, { signal: AbortSignal.abort() }))).to.include({
        verdict: 'terminal',
        code: 'ERR_ABORTED',
      });
    });

    it(`${name} for a mistake of the program is terminal`, async () => {
      const failing = new Readable({
        read() {
          this.destroy(Object.assign(new Error('disk'), { code: 'ECONNRESET' }));
        },
      });
      expect(await thrown(got.post(base, { body: failing }))).to.include({ verdict: 'terminal' });
      expect(await thrown(got(base).json())).to.include({
        verdict: 'terminal',
        code: 'ERR_BODY_PARSE_FAILURE',
      });
      expect(await thrown(got('no url'))).to.include({ verdict: 'terminal', code: 'ERR_INVALID_URL' });
      expect(await thrown(got(`${base}/loop`))).to.include({
        verdict: 'terminal',
        code: 'ERR_TOO_MANY_REDIRECTS',
      });
      const bug = () => {
        throw new RangeError('bug');
      };
      expect(await thrown(got(base, { hooks: { beforeRequest: [bug] } }))).to.include({
        verdict: 'terminal',
      });
    });
  }

  it('fetch is read behind its TypeError', async () => {
    expect(await thrown(fetch(`${base}/reset`))).to.include({ verdict: 'transient', code: 'UND_ERR_SOCKET' });
    expect(await thrown(fetch(`${base}/cut`).then((r) => r.text()))).to.include({ verdict: 'transient' });
    expect(await thrown(fetch(nothing))).to.include({ verdict: 'transient', unprocessed: true });
    expect(await thrown(fetch('http://nowhere.invalid'))).to.include({
      verdict: 'transient',
      unprocessed: true,
    });
    expect(await thrown(fetch(`${base}/silent`, { signal: AbortSignal.timeout(20) }))).to.include({
      verdict: 'transient',
    });
    expect(await thrown(fetch(base, { signal: AbortSignal.abort() }))).to.include({ verdict: 'terminal' });
    expect(await thrown(fetch('no url'))).to.include({ verdict: 'terminal' });
  });
});
