import axios from 'axios';
import { expect } from 'chai';
import got from 'got';
import { type Headgate, type HeadgateOptions, headgate } from 'headgate';
import { Agent, request } from 'undici';
import { endings } from '../support/ending.ts';
import { TestServer } from '../support/server.ts';

describe('Two gates in a row', () => {
  const own = endings();
  let server: TestServer;

  beforeEach(async () => {
    server = await TestServer.start();
  });

  afterEach(() => server.close());

  const open = (options: HeadgateOptions): { gate: Headgate; told: string[] } => {
    const gate = own(headgate({ adaptive: false, ...options }));
    const told: string[] = [];
    for (const name of ['call', 'attempt', 'success', 'failure'] as const) {
      gate.on(name, ({ type }) => told.push(type));
    }
    return { gate, told };
  };

  const ONE = { quotas: [{ name: 'one', match: {}, concurrency: 1 }], retry: { deadline: '3s' } };

  it('both limit a got call, and it is resent', async () => {
    const account = open({ name: 'account', ...ONE });
    const api = open({
      name: 'api',
      quotas: [{ name: 'api', match: {}, windows: [{ limit: 2, per: '1h' }] }],
      retry: { inline: '5s' },
    });
    server.replies({ status: 503 }, { status: 200, body: '{}' });
    const client = api.gate.got(account.gate.got(got));
    await client(server.url);
    expect(server.seen).to.have.length(2);
    for (const { told } of [account, api]) {
      expect(told).to.deep.equal(['call', 'attempt', 'attempt', 'success']);
    }
    const error = await client(server.url).catch((thrown: Error) => thrown);
    expect(error).to.have.property('name', 'WaitError');
    expect(server.seen).to.have.length(2);
  });

  for (const adapter of [undefined, 'http', 'fetch'] as const) {
    it(`each take one permit of an axios call, adapter ${adapter ?? 'by default'}`, async () => {
      const [first, second] = [open(ONE), open(ONE)];
      server.replies({ status: 200, body: '{}' });
      const instance = second.gate.axios(first.gate.axios(axios.create()));
      for (const each of [instance, instance.create()]) {
        await each.get(server.url, adapter && { adapter });
      }
      expect(server.seen).to.have.length(2);
      const once = ['call', 'attempt', 'success'];
      for (const { told } of [first, second]) expect(told).to.deep.equal([...once, ...once]);
    });
  }
});

describe('One gate twice', () => {
  const own = endings();
  const { fetch: before } = globalThis;
  let server: TestServer;

  beforeEach(async () => {
    server = await TestServer.start();
  });

  afterEach(async () => {
    globalThis.fetch = before;
    await server.close();
  });

  it('takes one permit where an undici agent is composed with it twice', async () => {
    server.replies({ status: 200, body: '{}' });
    const gate = own(headgate({ quotas: [{ match: {}, concurrency: 1 }], retry: { deadline: '3s' } }));
    let attempts = 0;
    gate.on('attempt', () => {
      attempts += 1;
    });
    const dispatcher = new Agent().compose(gate.undici()).compose(gate.undici());
    const { statusCode, body } = await request(server.url, { dispatcher });
    await body.text();
    expect([statusCode, attempts, server.seen.length]).to.deep.equal([200, 1, 1]);
    await dispatcher.close();
  });

  it('takes one permit where its fetch is called above a wrapper of its fetch', async () => {
    server.replies({ status: 200, body: '{}' });
    const gate = own(headgate({ quotas: [{ match: {}, concurrency: 1 }], retry: { deadline: '3s' } }));
    let attempts = 0;
    gate.on('attempt', () => {
      attempts += 1;
    });
    // given a global fetch that something else has wrapped since
    const inner = gate.fetch();
    globalThis.fetch = (...args) => inner(...args);
    // when another fetch of the gate calls that
    expect((await gate.fetch()(server.url)).status).to.equal(200);
    expect((await fetch(server.url)).status).to.equal(200);
    expect(attempts).to.equal(2);
    expect(server.seen).to.have.length(2);
  });
});
