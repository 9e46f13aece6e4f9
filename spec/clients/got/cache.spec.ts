import { expect } from 'chai';
import type { Got } from 'got';
import { type Headgate, headgate } from 'headgate';
import { generic } from 'headgate/profiles';
import { forEachMajor } from '../../support/majors.ts';
import { failureOf, record, TestServer } from '../../support/server.ts';

/** What a cache gives for a key that it has not is `undefined`, at once or later. */
class AsyncStore {
  readonly #map = new Map<string, unknown>();
  async get(key: string): Promise<unknown> {
    return this.#map.get(key);
  }
  async set(key: string, value: unknown): Promise<this> {
    this.#map.set(key, value);
    return this;
  }
  async delete(key: string): Promise<boolean> {
    return this.#map.delete(key);
  }
  async clear(): Promise<void> {
    this.#map.clear();
  }
}

const KEPT = { 'cache-control': 'public, max-age=1000' };
const caches: Readonly<Record<string, () => unknown>> = {
  'a Map': () => new Map(),
  'a store like those of Keyv': () => new AsyncStore(),
};

forEachMajor('With a cache', (got) => {
  let server: TestServer;
  let gate: Headgate;

  beforeEach(async () => {
    server = await TestServer.start();
    gate = headgate({ retry: { backoff: { base: 1, max: 2 }, deadline: '60s' } });
  });
  afterEach(async () => {
    await gate.close();
    await server.close();
  });

  for (const [what, make] of Object.entries(caches)) {
    for (const status of [429, 500, 502, 503, 504]) {
      const refusal = { status, headers: { ...KEPT, 'retry-after-ms': '5' } };

      it(`${what}, a retry goes to the wire: a ${status}, then 200`, async () => {
        const events = record(gate);
        server.replies(refusal, refusal);
        const api = gate.got(got).extend({ cache: make() as never });
        expect((await api(server.url)).statusCode).to.equal(200);
        expect(server.seen).to.have.length(3);
        expect(events.filter(({ type }) => type === 'retry')).to.have.length(2);
      });

      it(`${what}, a later call that the cache refuses goes to the wire: a ${status}`, async () => {
        server.replies(refusal);
        const cache = make() as never;
        await failureOf(got(server.url, { cache, retry: { limit: 0 } }));
        expect((await gate.got(got)(server.url, { cache })).statusCode).to.equal(200);
        expect(server.seen).to.have.length(2);
      });
    }
  }

  it('a call that is always refused ends after its attempts, each on the wire', async () => {
    server.handler = (_n, _request, response) => response.writeHead(502, KEPT).end('no');
    const error = await failureOf(gate.got(got)(server.url, { cache: new Map() }));
    expect(error.name).to.equal('HTTPError');
    expect(error.headgate).to.include({ reason: 'attempts', verdict: 'transient' });
    expect(error.headgate.attempts).to.have.length(5);
    expect(server.seen).to.have.length(5);
  });

  it('a cached redirect to a failing target is retried on the wire', async () => {
    server.handler = (n, request, response) => {
      if (request.url === '/') response.writeHead(301, { ...KEPT, location: '/b' }).end();
      else response.writeHead(n < 4 ? 502 : 200, KEPT).end('{}');
    };
    const cache = new Map();
    expect((await gate.got(got)(server.url, { cache })).statusCode).to.equal(200);
    expect(server.seen.map(({ url }) => url)).to.deep.equal(['/', '/b', '/b', '/b']);
  });

  it('an error that got does not retry is returned from the cache', async () => {
    server.handler = (_n, _request, response) => response.writeHead(404, KEPT).end('none');
    const cache = new Map();
    for (const attempts of [1, 0]) {
      const error = await failureOf(gate.got(got)(server.url, { cache }));
      expect(error.name).to.equal('HTTPError');
      expect(error.headgate.attempts).to.have.length(attempts);
    }
    expect(server.seen).to.have.length(1);
  });

  it('a retried stream goes to the wire', async () => {
    server.replies({ status: 502, headers: KEPT }, { status: 502, headers: KEPT });
    const text = await new Promise<string>((resolve, reject) => {
      const read = (stream: ReturnType<Got['stream']>): void => {
        let all = '';
        stream.on('data', (chunk: Buffer) => {
          all += chunk.toString();
        });
        stream.once('end', () => resolve(all));
        stream.once('error', reject);
        stream.once('retry', (_count, _error, createRetryStream) => read(createRetryStream()));
      };
      read(gate.got(got).stream(server.url, { cache: new Map() as never }));
    });
    expect(text).to.equal('{}');
    expect(server.seen).to.have.length(3);
  });

  it('the result of a retry is cached, and the refusal before it is not', async () => {
    server.handler = (n, _request, response) => response.writeHead(n === 1 ? 502 : 200, KEPT).end('{}');
    const api = gate.got(got).extend({ cache: new Map() });
    await api(server.url);
    await api(server.url);
    expect(server.seen).to.have.length(2);
  });

  it('a refusal that only a profile recognises is retried on the wire', async () => {
    const http = generic();
    const own = headgate({
      profile: {
        ...http,
        classify: (outcome) =>
          outcome.status === 404 ? { verdict: 'throttled', unprocessed: true } : http.classify(outcome),
      },
      retry: { backoff: { base: 1, max: 2 } },
    });
    server.handler = (n, _request, response) => response.writeHead(n < 3 ? 404 : 200, KEPT).end('{}');
    expect((await own.got(got)(server.url, { cache: new Map() })).statusCode).to.equal(200);
    expect(server.seen).to.have.length(3);
    await own.close();
  });

  it('a good response is cached for later calls', async () => {
    server.handler = (_n, _request, response) => response.writeHead(200, KEPT).end('{}');
    const api = gate.got(got).extend({ cache: new Map() });
    await api(server.url);
    await api(server.url);
    expect(server.seen).to.have.length(1);
  });

  it('or without one, a hook that refuses every retry ends the call', async () => {
    server.replies({ status: 502 });
    const events = record(gate);
    let asked = 0;
    const api = gate.got(got).extend({
      hooks: {
        beforeRequest: [
          () => {
            asked += 1;
            if (asked > 1) throw Object.assign(new Error('no'), { code: 'ECONNRESET' });
          },
        ],
      },
    });
    expect((await failureOf(api(server.url))).message).to.equal('no');
    expect(asked).to.equal(2);
    expect(events.at(-1)).to.include({ type: 'failure', reason: 'attempts' });
  });
});
