import { expect } from 'chai';
import got from 'got';
import { type Headgate, headgate } from 'headgate';
import { names, record, TestServer } from '../support/server.ts';

describe('The event queued', () => {
  let server: TestServer;
  let gate: Headgate;
  beforeEach(async () => {
    server = await TestServer.start();
    server.handler = (_n, _request, response) => setTimeout(() => response.end('{}'), 20);
  });
  afterEach(async () => {
    await gate.close();
    await server.close();
  });

  it('tells of who waits for one in flight to end', async () => {
    gate = headgate({ quotas: [{ name: 'q', concurrency: 1 }] });
    const events = record(gate);
    const api = gate.got(got);
    await Promise.all([api(server.url), api(server.url)]);
    expect(names(events).slice(0, 2)).to.deep.equal(['attempt', 'queued']);
    expect(names(events)).to.have.length(5);
    expect(events[1]).to.deep.include({ type: 'queued', attempt: 1, quota: 'q', waitMs: 0 });
  });

  it('tells of who waits behind others for that', async () => {
    const windows = [{ limit: 100, per: '1h' }];
    gate = headgate({ quotas: [{ name: 'q', windows, concurrency: 2 }] });
    const events = record(gate);
    const api = gate.got(got);
    await Promise.all([1, 2, 3, 4, 5].map(() => api(server.url)));
    expect(names(events).filter((name) => name === 'queued')).to.have.length(3);
  });

  it('does not tell of a permit that is on its way', async () => {
    gate = headgate({ quotas: [{ name: 'q', windows: [{ limit: 100, per: '1h' }] }] });
    const events = record(gate);
    const api = gate.got(got);
    await Promise.all([api(server.url), api(server.url)]);
    expect(names(events)).to.not.include('queued');
  });
});
