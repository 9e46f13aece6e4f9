import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import axios from 'axios';
import { expect } from 'chai';
import got from 'got';
import { type CallOptions, DeadlineError, type Headgate, headgate } from 'headgate';
import { Agent, request } from 'undici';
import { endings } from '../support/ending.ts';
import { failureOf, names, record, sleep, TestServer } from '../support/server.ts';

type Stream = (gate: Headgate, url: string, asked: CallOptions) => Promise<NodeJS.ReadableStream>;

/** Clients that hand a body on as a stream. */
const streams: Record<string, Stream> = {
  'got.stream': async (gate, url, asked) => gate.got(got).stream(url, { context: { headgate: asked } }),
  'undici.request': async (gate, url, asked) => {
    const dispatcher = new Agent().compose(gate.undici());
    return (await request(url, { dispatcher, headgate: asked } as never)).body;
  },
  fetch: async (gate, url, asked) =>
    Readable.fromWeb((await gate.fetch()(url, { headgate: asked })).body as never),
  'axios, as a stream': async (gate, url, asked) => {
    const api = gate.axios(axios.create({ responseType: 'stream' }));
    return (await api(url, { headgate: asked })).data as Readable;
  },
};

describe('A body that is passed on as a stream', () => {
  let server: TestServer;
  let gate: Headgate;

  beforeEach(async () => {
    server = await TestServer.start();
    gate = headgate({ quotas: [{ name: 'one', concurrency: 1 }] });
  });
  afterEach(async () => {
    await gate.close();
    await server.close();
  });

  for (const [name, open] of Object.entries(streams)) {
    describe(`by ${name}`, () => {
      it('is not cut off by the deadline, even when it is silent for longer', async () => {
        server.handler = (_n, _request, response) => {
          response.write('a');
          setTimeout(() => response.end('b'), 1500);
        };
        expect(await text(await open(gate, server.url, { deadline: 500 }))).to.equal('ab');
      });

      it('is not cut off by close()', async () => {
        server.handler = (_n, _request, response) => {
          response.write('a');
          setTimeout(() => response.end('b'), 100);
        };
        const stream = await open(gate, server.url, {});
        await new Promise((resolve) => stream.once('readable', resolve));
        await gate.close();
        expect(await text(stream)).to.equal('ab');
      });

      it('outlasts its bodyTimeout while its reader is what is slow', async () => {
        const sent = 'x'.repeat(4_000_000);
        server.handler = (_n, _request, response) => response.end(sent);
        const stream = await open(gate, server.url, { bodyTimeout: 50 });
        await new Promise((resolve) => stream.once('readable', resolve));
        await sleep(400);
        expect((await text(stream)).length).to.equal(sent.length);
      });

      it('ends with a DeadlineError when the server is silent for its bodyTimeout: one failure', async () => {
        const events = record(gate);
        server.handler = (_n, _request, response) => response.write('half');
        const failure = await failureOf(text(await open(gate, server.url, { bodyTimeout: 60 })));
        expect(failure).to.be.instanceOf(DeadlineError);
        expect(failure.message).to.include('bodyTimeout');
        await sleep(20);
        expect(names(events).filter((each) => each !== 'attempt')).to.deep.equal(['failure']);
        expect(gate.quotas()[0]).to.include({ inFlight: 0 });
      });
    });
  }
});

describe('A body that its client reads to the end', () => {
  const own = endings();
  const clients: Record<string, (gate: Headgate, url: string) => Promise<unknown>> = {
    got: (gate, url) => gate.got(got)(url),
    axios: (gate, url) => gate.axios(axios.create())(url),
  };

  for (const [name, send] of Object.entries(clients)) {
    it(`ends the call of ${name} when it stalls for as long as the deadline, even without a bodyTimeout`, async () => {
      const server = own(await disposable());
      const gate = own(headgate({ quotas: [{ name: 'one', concurrency: 1 }], retry: { deadline: 150 } }));
      server.handler = (_n, _request, response) => response.write('half');
      expect(await failureOf(send(gate, server.url))).to.be.instanceOf(DeadlineError);
      await sleep(20);
      expect(gate.quotas()[0]).to.include({ inFlight: 0 });
    });

    it(`is cut off by ${name} after the deadline as before it: no attempt follows`, async () => {
      const server = own(await disposable());
      const gate = own(headgate({ retry: { deadline: 100 } }));
      server.handler = (_n, _request, response) => {
        response.writeHead(200, { 'content-length': '100' }).write('a');
        const more = setInterval(() => response.write('a'), 30);
        setTimeout(() => {
          clearInterval(more);
          response.destroy();
        }, 300);
      };
      expect(await failureOf(send(gate, server.url))).to.be.instanceOf(DeadlineError);
      expect(server.seen).to.have.length(1);
    });
  }
});

async function disposable(): Promise<TestServer & AsyncDisposable> {
  const server = await TestServer.start();
  return Object.assign(server, { [Symbol.asyncDispose]: () => server.close() });
}
