import { once } from 'node:events';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { headgate } from 'headgate';
import { certificate } from '../../support/certificate.ts';
import { forEachMajor } from '../../support/majors.ts';
import { record } from '../../support/server.ts';

forEachMajor('Over HTTP/2', (got) => {
  it('every attempt is gated, and its permit comes back', async function () {
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
