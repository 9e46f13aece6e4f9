import { Readable } from 'node:stream';
import axios, { type AxiosAdapter } from 'axios';
import axios17 from 'axios17';
import { expect } from 'chai';
import FormData from 'form-data';
import { type Headgate, headgate } from 'headgate';
import { failureOf, names, record, TestServer } from '../../support/server.ts';

const copies = [
  ['the newest axios', axios],
  ['axios 1.7', axios17 as unknown as typeof axios],
] as const;

for (const [copy, client] of copies) {
  describe(`A request that the gate cannot read, ${copy}`, () => {
    let server: TestServer;
    let gate: Headgate;
    beforeEach(async () => {
      server = await TestServer.start();
      gate = headgate({
        name: 'g',
        quotas: [{ match: { host: 'declared.example' }, windows: [{ limit: 1, per: '1h' }] }],
        auth: { token: () => ({ token: 't' }) },
      });
    });
    afterEach(async () => {
      await gate.close();
      await server.close();
    });

    for (const [what, config] of Object.entries({
      'a relative URL': { url: '/p' },
      'no URL at all': {},
      'another scheme': { url: 'unix:/var/run/x.sock' },
      'parameters that cannot be put together': {
        url: 'http://h.invalid/',
        params: { a: 1 },
        paramsSerializer: {
          serialize: () => {
            throw new Error('no');
          },
        },
      },
    })) {
      it(`uses the gate's own quota, without a token, with one warning: ${what}`, async () => {
        const sent: unknown[] = [];
        const adapter: AxiosAdapter = async (got) => {
          sent.push(got.headers.get('authorization') ?? undefined);
          return { data: '{}', status: 200, statusText: '', headers: {}, config: got };
        };
        const api = gate.axios(client.create({ adapter }));
        const events = record(gate);
        for (let i = 0; i < 2; i += 1) expect((await api.request(config)).status).to.equal(200);
        expect(names(events).filter((name) => name !== 'call')).to.deep.equal([
          'warning',
          'attempt',
          'success',
          'attempt',
          'success',
        ]);
        expect(events.find(({ type }) => type === 'warning')).to.include({ code: 'unreadable-request' });
        expect(gate.quotas().map(({ key }) => key)).to.deep.equal(['g']);
        expect(sent).to.deep.equal([undefined, undefined]);
      });
    }

    it("that axios refuses fails with axios's error, in one failure event", async () => {
      const events = record(gate);
      const api = gate.axios(client.create());
      const bare = await failureOf(client.get('nothing:x'));
      const ours = await failureOf(api.get('nothing:x'));
      expect([ours.name, ours.code, ours.message]).to.deep.equal([bare.name, bare.code, bare.message]);
      expect(names(events).filter((name) => name === 'failure')).to.have.length(1);
    });

    it('needs no gate if it never leaves the process', async () => {
      const events = record(gate);
      const { data } = await gate
        .axios(client.create())
        .get('data:text/plain;base64,ZA==', { responseType: 'text' });
      expect(data).to.equal('d');
      expect(events).to.deep.equal([]);
    });
  });

  describe(`A form with a stream of known length, ${copy}`, () => {
    it('passes the gate, and is not resent', async () => {
      const server = await TestServer.start();
      const gate = headgate({ auth: { token: () => ({ token: 't' }) }, retry: { methods: ['POST'] } });
      const api = gate.axios(client.create());
      const form = (): FormData => {
        const made = new FormData();
        made.append('f', Readable.from([Buffer.from('abc')]), { knownLength: 3, filename: 'f' });
        return made;
      };
      const seen: unknown[] = [];
      server.handler = (_n, request, response) => {
        seen.push(request.headers.authorization);
        request.resume().once('end', () => response.writeHead(seen.length === 1 ? 200 : 503).end('{}'));
      };
      await api.post(server.url, form());
      await failureOf(api.post(server.url, form()));
      expect(seen).to.deep.equal(['Bearer t', 'Bearer t']);
      expect(server.seen[0]?.body).to.contain('abc');
      expect(gate.quotas()[0]).to.include({ inFlight: 0, queued: 0 });
      await gate.close();
      await server.close();
    });
  });
}

describe('An interceptor that chooses an adapter', () => {
  for (const [when, before] of [
    ['before', true],
    ['after', false],
  ] as const) {
    it(`does not bypass the gate, if registered ${when} it`, async () => {
      const gate = headgate();
      const api = axios.create();
      const choose = (): unknown =>
        api.interceptors.request.use(async (config) => ({
          ...config,
          adapter: async (got) => ({ data: 'mine', status: 200, statusText: '', headers: {}, config: got }),
        }));
      if (before) choose();
      gate.axios(api);
      if (!before) choose();
      const events = record(gate);
      expect((await api.get('http://h.invalid/')).data).to.equal('mine');
      expect(names(events)).to.include('success');
      await gate.close();
    });
  }
});
