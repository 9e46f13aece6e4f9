import axios from 'axios';
import axios17 from 'axios17';
import { expect } from 'chai';
import { headgate } from 'headgate';
import { failureOf, type Handler, TestServer } from '../../support/server.ts';

const cut: Handler = (_n, _request, response) => {
  response.writeHead(200, { 'content-length': 100 }).write('x');
  setTimeout(() => response.destroy(), 5);
};
const corrupt: Handler = (_n, _request, response) =>
  response.writeHead(200, { 'content-encoding': 'gzip' }).end('no gzip');
const long: Handler = (_n, _request, response) => response.end('x'.repeat(100_000));

for (const [copy, client] of [
  ['the newest axios', axios],
  ['axios 1.7', axios17 as unknown as typeof axios],
] as const) {
  describe(`A body that ${copy} cannot give`, () => {
    for (const [what, handler, attempts, reason] of [
      ['cut off: it is asked for again', cut, 2, 'attempts'],
      ['corrupt: it would be so again', corrupt, 1, 'terminal'],
      ['longer than its user takes: it would be so again', long, 1, 'terminal'],
    ] as const) {
      it(`is ${what}`, async () => {
        const server = await TestServer.start();
        const gate = headgate({ retry: { attempts: 2, backoff: { base: 1, max: 1 }, budget: false } });
        server.handler = handler;
        const limit = handler === long ? { maxContentLength: 1000 } : {};
        const error = await failureOf(gate.axios(client.create()).get(server.url, limit));
        expect(error.headgate.reason).to.equal(reason);
        expect(server.seen).to.have.length(attempts);
        expect(gate.quotas()[0]).to.include({ inFlight: 0, queued: 0 });
        await gate.close();
        await server.close();
      });
    }
  });
}
