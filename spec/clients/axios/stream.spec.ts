import { once } from 'node:events';
import type { Readable } from 'node:stream';
import newest, { type AxiosError, type AxiosRequestConfig } from 'axios';
import oldest from 'axios17';
import { expect } from 'chai';
import { DeadlineError, type Headgate, headgate } from 'headgate';
import { failureOf, sleep, TestServer } from '../../support/server.ts';

for (const axios of [newest, oldest as unknown as typeof newest]) {
  describe(`What axios ${axios.VERSION} hands out`, () => {
    let server: TestServer;
    let gate: Headgate;
    /** Resolves once the connection of a body that never ends is closed. */
    let closed: Promise<unknown>;

    beforeEach(async () => {
      server = await TestServer.start();
      closed = new Promise((resolve) => {
        server.handler = (_n, _request, response) => {
          response.once('close', resolve);
          response.writeHead(200, { 'content-type': 'text/plain' }).write('first');
        };
      });
      gate = headgate({ auth: { token: () => ({ token: 'ours' }) }, retry: { attempts: 1 } });
    });
    afterEach(async () => {
      await gate.close();
      await server.close();
    });

    async function open<Body>(config: AxiosRequestConfig): Promise<Body> {
      const api = gate.axios(axios.create());
      return (await api.get(server.url, { ...config, responseType: 'stream' })).data as Body;
    }

    it('a web stream that is cancelled closes its connection without waiting for another chunk', async () => {
      const body = await open<ReadableStream>({ adapter: 'fetch' });
      await body.cancel();
      await closed;
    });

    it('a web stream that is left after its first chunk closes its connection', async () => {
      for await (const chunk of await open<ReadableStream<Uint8Array>>({ adapter: 'fetch' })) {
        expect(Buffer.from(chunk).toString()).to.equal('first');
        break;
      }
      await closed;
    });

    it('a web stream that stalls for its bodyTimeout fails, and its connection is closed', async () => {
      const headgate = { bodyTimeout: '50ms' };
      const body = await open<ReadableStream>({ adapter: 'fetch', headgate } as AxiosRequestConfig);
      expect(await failureOf(new Response(body).text())).to.be.instanceOf(DeadlineError);
      await closed;
    });

    // Errors of web streams have no config in axios 1.7.
    for (const adapter of axios === newest ? ['http', 'fetch'] : ['http']) {
      it(`an error after the head shows the config that was given, and no token: ${adapter}`, async () => {
        const controller = new AbortController();
        const limit = adapter === 'fetch' ? { maxContentLength: 3 } : {};
        const body = await open<Readable & ReadableStream>({
          adapter,
          signal: controller.signal,
          ...limit,
          headers: { 'x-mine': 'y' },
        });
        const failed = failureOf(adapter === 'http' ? once(body, 'end') : new Response(body).text());
        if (adapter === 'http') controller.abort();
        const { config } = (await failed) as unknown as AxiosError<unknown, never>;
        expect(config).to.include({ adapter }).and.not.to.have.property('beforeRedirect');
        expect(config?.transformResponse).to.have.length(1);
        expect({ ...config?.headers })
          .to.include({ 'x-mine': 'y' })
          .and.not.to.have.property('authorization');
      });
    }

    it('the reason of a cancel token, which many requests may share, is left as it is', async () => {
      const { token, cancel } = axios.CancelToken.source();
      const got = failureOf(gate.axios(axios.create()).get(server.url, { cancelToken: token }));
      while (server.seen.length === 0) await sleep(5);
      cancel('enough');
      expect(await got).to.equal(token.reason);
      expect((token.reason as Partial<AxiosError>).config).to.equal(undefined);
    });

    it('an adapter that returns nothing is an error, as without a gate', async () => {
      const api = gate.axios(axios.create({ adapter: (() => Promise.resolve()) as never }));
      expect(await failureOf(api.get(server.url))).to.be.instanceOf(TypeError);
    });
  });
}
