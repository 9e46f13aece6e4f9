import { Readable } from 'node:stream';
import { expect } from 'chai';
import type { Got } from 'got';
import { type Headgate, headgate } from 'headgate';
import { forEachMajor } from '../../support/majors.ts';
import { failureOf, names, record, TestServer } from '../../support/server.ts';

forEachMajor('A body that is gone', (got) => {
  let server: TestServer;
  let gate: Headgate;

  beforeEach(async () => {
    server = await TestServer.start();
    gate = headgate({ retry: { backoff: { base: 1, max: 2 } } });
  });
  afterEach(async () => {
    await gate.close();
    await server.close();
  });

  for (const [what, first, second] of [
    ['429', { status: 429, headers: { 'retry-after-ms': '5' } }, 'POST'],
    ['502', { status: 502 }, 'PUT'],
  ] as const) {
    it(`is resent if \`beforeRetry\` replaces it: a ${what}, twice`, async () => {
      server.replies(first, first);
      let made = 0;
      const api = gate.got(got).extend({
        hooks: {
          beforeRetry: [
            ({ options }) => {
              made += 1;
              options.body = Readable.from([`again ${made}`]);
            },
          ],
        },
      });
      await api(server.url, { method: second, body: Readable.from(['once']) });
      expect(server.seen.map(({ body }) => body)).to.deep.equal(['once', 'again 1', 'again 2']);
    });

    it(`is not resent if \`beforeRetry\` leaves it, and the record says so: a ${what}`, async () => {
      server.replies(first, first);
      const events = record(gate);
      const api = gate.got(got).extend({ hooks: { beforeRetry: [() => undefined] } });
      const error = await failureOf(api(server.url, { method: second, body: Readable.from(['once']) }));
      expect(error.headgate).to.include({ reason: 'terminal' });
      expect(error.headgate.hint).to.match(/stream/);
      expect(server.seen).to.have.length(1);
      expect(names(events).filter((name) => name === 'failure')).to.have.length(1);
      expect(gate.quotas()[0]).to.include({ inFlight: 0, queued: 0 });
    });
  }

  const reading = (stream: ReturnType<Got['stream']>, again?: () => object | undefined): Promise<string> =>
    new Promise((resolve, reject) => {
      let all = '';
      stream.on('data', (chunk: Buffer) => {
        all += chunk.toString();
      });
      stream.once('end', () => resolve(all));
      stream.once('error', reject);
      stream.once('retry', (_count, _error, createRetryStream) => {
        reading(createRetryStream(again?.() as never), again).then(resolve, reject);
      });
    });

  it('of a stream is resent if the retry has a body of its own', async () => {
    server.replies({ status: 502 });
    const stream = gate.got(got).stream.put(server.url, { body: Readable.from(['once']) });
    expect(await reading(stream, () => ({ body: Readable.from(['again']) }))).to.equal('{}');
    expect(server.seen.map(({ body }) => body)).to.deep.equal(['once', 'again']);
  });

  it('of a stream is not resent if the retry has none', async () => {
    server.replies({ status: 502 });
    const stream = gate.got(got).stream.put(server.url, { body: Readable.from(['once']) });
    const error = await failureOf(reading(stream));
    expect(error.headgate.hint).to.match(/stream/);
    expect(server.seen).to.have.length(1);
  });
});
