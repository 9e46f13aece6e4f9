import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { expect } from 'chai';
import type { HTTPError } from 'got';
import { type Headgate, headgate } from 'headgate';
import { forEachMajor } from '../../support/majors.ts';
import { failureOf, TestServer } from '../../support/server.ts';

const MIB = 1024 * 1024;
const zeros = Buffer.alloc(8 * MIB);
const noise = randomBytes(3 * MIB);
const packedNoise = gzipSync(noise);

forEachMajor('The body of an error', (got) => {
  let server: TestServer;
  let gate: Headgate;

  beforeEach(async () => {
    server = await TestServer.start();
    gate = headgate({ retry: { attempts: 1, deadline: '10s' } });
  });
  afterEach(async () => {
    await gate.close();
    await server.close();
  });

  const bodyOf = async (send: (response: ServerResponse) => unknown, decompress = true): Promise<Buffer> => {
    server.handler = (_n, request, response) => {
      if (request.url === '/ok') return void response.end('ok');
      response.statusCode = 404;
      send(response);
    };
    const api = gate.got(got);
    const failure = (await failureOf(api(server.url, { decompress }))) as unknown as HTTPError;
    expect(failure).to.include({ name: 'HTTPError' });
    expect(failure).to.have.nested.property('headgate.attempts[0].status', 404);
    expect(await api(`${server.url}/ok`).text()).to.equal('ok');
    return Buffer.from(failure.response.rawBody);
  };

  for (const [what, encoding, body] of [
    ['that is large', undefined, noise],
    ['that is large, compressed', 'gzip', packedNoise],
    ['that unpacks to far more (gzip)', 'gzip', gzipSync(zeros)],
    ['that unpacks to far more (br)', 'br', brotliCompressSync(zeros)],
    ['that unpacks to more', 'gzip', gzipSync(Buffer.concat([noise.subarray(0, MIB / 2), zeros]))],
  ] as const) {
    it(`${what}, is cut off after 1 MiB`, async () => {
      const whole = await bodyOf((response) => {
        if (encoding) response.setHeader('content-encoding', encoding);
        response.end(body);
      });
      expect(whole.length).to.be.within(MIB, MIB + 128 * 1024);
    });
  }

  it('without an end is cut off, and its connection closed', async () => {
    let closed: Promise<unknown> | undefined;
    const { length } = await bodyOf((response) => {
      closed = once(response, 'close');
      response.setHeader('content-encoding', 'gzip');
      const more = (): unknown => response.write(packedNoise, more);
      more();
    });
    expect(length).to.be.within(MIB, MIB + 128 * 1024);
    await closed;
  });

  it('is whole if it is small, decompressed or as it arrived', async () => {
    const text = '{"error":{"code":"X"}}';
    const send = (response: ServerResponse) =>
      response.setHeader('content-encoding', 'gzip').end(gzipSync(text));
    expect(String(await bodyOf(send))).to.equal(text);
    expect(await bodyOf(send, false)).to.deep.equal(gzipSync(text));
    expect(
      (await bodyOf((response) => response.setHeader('content-encoding', 'gzip').end())).length,
    ).to.equal(0);
  });
});
