import axios from 'axios';
import { expect } from 'chai';
import got from 'got';
import { type Classification, type Headgate, headgate, type Profile } from 'headgate';
import { failureOf, names, record, TestServer } from '../support/server.ts';

describe("A profile of one's own that fails", () => {
  let server: TestServer;
  let gate: Headgate;

  beforeEach(async () => {
    server = await TestServer.start();
  });
  afterEach(async () => {
    await gate.close();
    await server.close();
  });

  const failing: [string, () => Classification][] = [
    [
      'throws',
      () => {
        throw new Error('a slip');
      },
    ],
    ['gives nothing', () => undefined as never],
    ['gives a verdict that is none', () => ({ verdict: 'fine' }) as never],
  ];
  for (const [what, classify] of failing) {
    it(`leaves the reading to the status, and is told of once: one that ${what}`, async () => {
      const profile: Profile = { name: 'own', quota: () => ({ key: 'k', windows: [] }), classify };
      gate = headgate({ profile, retry: { backoff: { base: 1 } } });
      const events = record(gate);
      server.replies({ status: 429, headers: { 'retry-after-ms': '5' } }, { status: 200 }, { status: 404 });
      await gate.got(got)(server.url);
      const failure = await failureOf(gate.got(got)(server.url));
      expect(failure.headgate).to.include({ reason: 'terminal', verdict: 'terminal' });
      await gate.fetch()(server.url);
      await gate.axios(axios.create())(server.url);
      const told = names(events);
      expect(told.slice(0, 3)).to.deep.equal(['attempt', 'warning', 'pause']);
      expect(told.filter((name) => name === 'warning')).to.have.length(1);
      expect(told.filter((name) => name === 'success' || name === 'failure')).to.have.length(4);
      expect(gate.quotas()[0]).to.include({ inFlight: 0, queued: 0 });
    });
  }
});
