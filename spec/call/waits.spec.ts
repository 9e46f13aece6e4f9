import { expect } from 'chai';
import { type Headgate, headgate, isHeadgateError, OutageError, reportOf, WaitError } from 'headgate';
import type { Client } from '../conformance/driver.ts';
import { drivers } from '../conformance/drivers/index.ts';
import { TestServer } from '../support/server.ts';

const RETRY_AFTER_MS = 30_000;

async function caught(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail('no error'),
    (error: unknown) => error,
  );
}

for (const { name, http2, client: clientOf } of drivers) {
  if (http2) continue;

  describe(`A call that does not wait, made with ${name}`, () => {
    let server: TestServer;
    let gate: Headgate;
    let client: Client;
    beforeEach(async () => {
      server = await TestServer.start();
      gate = headgate({
        retry: {
          inline: '5s',
          outage: 'fail',
          attempts: 2,
          backoff: { base: '1ms', max: '1ms' },
          budget: false,
        },
        quotas: [{ name: 'limited', match: { path: '/limited' }, windows: [{ limit: 1, per: '1m' }] }],
      });
      client = clientOf(gate);
    });
    afterEach(async () => {
      await gate.close();
      await server.close();
    });

    it('throws WaitError when it closes the quota, when it finds the quota closed, and when its turn is far off', async () => {
      server.replies({ status: 429, headers: { 'retry-after': String(RETRY_AFTER_MS / 1000) } });
      const closing = await caught(client.send({ url: `${server.url}/a` }));
      const closed = await caught(client.send({ url: `${server.url}/b` }));
      await client.send({ url: `${server.url}/limited` });
      const turn = await caught(client.send({ url: `${server.url}/limited` }));
      for (const [error, attempts] of [
        [closing, 1],
        [closed, 0],
        [turn, 0],
      ] as const) {
        expect(error).to.be.instanceOf(WaitError);
        const { code, waitMs, retryAt, quota, message } = error as WaitError;
        expect(code).to.equal('ERR_HEADGATE_WAIT');
        expect(waitMs).to.be.within(5000, 61_000);
        expect(retryAt - Date.now()).to.be.within(waitMs - 5000, waitMs + 5000);
        expect(quota).to.not.equal('');
        expect(message).to.contain('retry.inline');
        expect(isHeadgateError(error)).to.equal(true);
        expect(reportOf(error)).to.include({ reason: 'wait', quota });
        expect(reportOf(error)?.attempts).to.have.lengthOf(attempts);
      }
      expect((turn as WaitError).quota).to.equal('limited');
      expect(server.seen).to.have.lengthOf(2);
    });

    it('throws WaitError with the quota that is used up, which may apply besides another', async () => {
      gate.update({
        quotas: [
          { name: 'main', match: {}, windows: [{ limit: 100, per: '1m' }] },
          { name: 'account', also: true, windows: [{ limit: 1, per: '1m' }] },
        ],
      });
      server.replies({ status: 200 });
      await client.send({ url: server.url });
      const error = await caught(client.send({ url: server.url }));
      expect(reportOf(error)?.reason).to.equal('wait');
      const wait = error instanceof WaitError ? error : (error as Error).cause;
      expect(wait).to.be.instanceOf(WaitError).and.to.have.property('quota', 'account');
    });

    it('throws OutageError once the server is out, with the moment of the next probe', async () => {
      server.replies(...new Array(20).fill({ status: 503 }));
      const failures: unknown[] = [];
      while (!failures.some((error) => error instanceof OutageError) && failures.length < 20) {
        failures.push(await caught(client.send({ url: server.url })));
      }
      const error = failures.at(-1) as OutageError;
      expect(error).to.be.instanceOf(OutageError);
      expect(error.code).to.equal('ERR_HEADGATE_OUTAGE');
      expect(error.waitMs).to.be.within(0, 60_000);
      expect(error.retryAt).to.be.greaterThan(Date.now() - 5000);
      expect(reportOf(error)).to.include({ reason: 'outage', quota: error.quota });
    });
  });
}
