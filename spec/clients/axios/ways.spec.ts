import axios, { type AxiosInstance, type AxiosResponse } from 'axios';
import { expect } from 'chai';
import 'headgate/axios';
import { type Headgate, headgate } from 'headgate';
import { failureOf, names, record, TestServer } from '../../support/server.ts';

const THROTTLED = { status: 429, headers: { 'retry-after-ms': '20' } };

describe('A wrapped axios', () => {
  let server: TestServer;
  let gate: Headgate;

  beforeEach(async () => {
    server = await TestServer.start();
    gate = headgate({ retry: { backoff: { base: 5, max: 10 } } });
  });
  afterEach(async () => {
    await gate.close();
    await server.close();
  });

  const ways: Record<string, (api: AxiosInstance, url: string) => Promise<AxiosResponse>> = {
    'called as a function': (api, url) => api(url),
    'called with a config': (api, url) => api({ url }),
    request: (api, url) => api.request({ url }),
    get: (api, url) => api.get(url),
    head: (api, url) => api.head(url),
    options: (api, url) => api.options(url),
    delete: (api, url) => api.delete(url),
    post: (api, url) => api.post(url, { a: 1 }),
    put: (api, url) => api.put(url, { a: 1 }),
    patch: (api, url) => api.patch(url, { a: 1 }),
    postForm: (api, url) => api.postForm(url, { a: '1' }),
    'a child': (api, url) => api.create({ timeout: 5_000 }).get(url),
    "a child's child with an adapter": (api, url) => api.create().create({ adapter: 'fetch' }).get(url),
    'the fetch adapter': (api, url) => api.get(url, { adapter: 'fetch' }),
    'a list of adapters': (api, url) => api.get(url, { adapter: ['xhr', 'http'] }),
    "an adapter of one's own": (api, url) => api.get(url, { adapter: axios.getAdapter('http') }),
    'a base URL with parameters': (api, url) => api.get('/p', { baseURL: url, params: { q: [1, 2] } }),
  };
  for (const [how, ask] of Object.entries(ways)) {
    it(`passes the gate on every attempt: ${how}`, async () => {
      const events = record(gate);
      server.replies(THROTTLED);
      const { status, headgate } = await ask(gate.axios(axios.create()), server.url);
      expect(status).to.equal(200);
      expect(server.seen).to.have.length(2);
      expect(server.seen[1]).to.deep.include({ ...server.seen[0], at: server.seen[1]?.at });
      expect(headgate?.attempts.map((attempt) => attempt.status)).to.deep.equal([429, 200]);
      expect(names(events).filter((name) => name === 'attempt')).to.have.length(2);
    });
  }

  it('is the same instance, and gates once, however often it was wrapped', async () => {
    const events = record(gate);
    const api = axios.create();
    expect(gate.axios(gate.axios(api))).to.equal(api);
    await gate.axios(api.create()).get(server.url);
    await api.get(server.url);
    expect(names(events)).to.deep.equal(['attempt', 'success', 'attempt', 'success']);
  });

  it('leaves other instances alone', async () => {
    gate.axios(axios.create());
    const events = record(gate);
    await axios.get(server.url);
    expect(events).to.deep.equal([]);
  });

  it('returns what the bare instance returns', async () => {
    server.handler = (_n, _request, response) =>
      response.writeHead(200, { 'content-type': 'application/json', 'x-a': '1' }).end('{"b":[1]}');
    for (const adapter of ['http', 'fetch']) {
      const bare = axios.create({ adapter, headers: { 'x-own': '1' } });
      const api = gate.axios(axios.create({ adapter, headers: { 'x-own': '1' } }));
      for (const responseType of ['json', 'text', 'arraybuffer', 'stream'] as const) {
        const [one, other] = await Promise.all(
          [bare, api].map((client) => client.post(server.url, { a: 1 }, { responseType })),
        );
        const seen = ({ status, statusText, headers, config, data }: AxiosResponse) => ({
          status,
          statusText,
          type: headers['content-type'],
          own: headers.getContentType?.constructor === Function,
          sent: { ...config.headers },
          config: Object.keys(config)
            .filter((key) => key !== 'adapter')
            .sort(),
          data: responseType === 'stream' ? typeof data : data,
        });
        expect(seen(other as AxiosResponse), `${adapter}, ${responseType}`).to.deep.equal(
          seen(one as AxiosResponse),
        );
        expect(Object.keys(other as AxiosResponse)).to.deep.equal(Object.keys(one as AxiosResponse));
      }
    }
  });

  it('runs interceptors and transforms once per call, whenever they were set', async () => {
    const seen: string[] = [];
    const api = axios.create();
    const intercept = (when: string): void => {
      api.interceptors.request.use((config) => {
        seen.push(`${when} request`);
        return config;
      });
      api.interceptors.response.use((response) => {
        seen.push(`${when} response ${response.status}`);
        return response;
      });
    };
    intercept('early');
    gate.axios(api);
    intercept('late');
    server.replies({ status: 500 }, THROTTLED);
    await api.put(
      server.url,
      { a: 1 },
      {
        transformRequest: [
          (data) => {
            seen.push('out');
            return JSON.stringify(data);
          },
        ],
        transformResponse: [
          (data) => {
            seen.push('in');
            return data;
          },
        ],
      },
    );
    expect(seen).to.deep.equal([
      'late request',
      'early request',
      'out',
      'in',
      'early response 200',
      'late response 200',
    ]);
    expect(server.seen.map(({ body }) => body)).to.deep.equal(['{"a":1}', '{"a":1}', '{"a":1}']);
  });

  it('keeps the class of errors, with a report, and a config that can be sent again', async () => {
    server.replies({ status: 404, headers: { 'x-request-id': 'id-1' }, body: '{"e":1}' });
    for (const adapter of ['http', 'fetch']) {
      server.seen.length = 0;
      const api = gate.axios(axios.create({ adapter }));
      const error = await failureOf(api.get(server.url));
      if (!axios.isAxiosError(error)) throw error;
      expect(error).to.be.instanceOf(axios.AxiosError);
      expect(error).to.include({ code: 'ERR_BAD_REQUEST', status: 404 });
      expect(error.response?.data).to.deep.equal({ e: 1 });
      expect(error.headgate).to.include({ verdict: 'terminal', correlationId: 'id-1' });
      expect(error.response?.config).to.equal(error.config);
      const again = await api.request({ ...error.config });
      expect(again.status).to.equal(200);
    }
  });

  it('obeys `validateStatus`, after its retries', async () => {
    const events = record(gate);
    server.replies({ status: 500 }, { status: 404 });
    const api = gate.axios(axios.create({ validateStatus: () => true }));
    expect((await api.get(server.url)).status).to.equal(404);
    expect(names(events)).to.deep.equal(['attempt', 'retry', 'attempt', 'failure']);
  });

  it('leaves the stream of an error response to its user', async () => {
    server.replies({ status: 404, body: 'why' });
    const error = await failureOf(gate.axios(axios.create()).get(server.url, { responseType: 'stream' }));
    if (!axios.isAxiosError(error)) throw error;
    let text = '';
    for await (const chunk of error.response?.data ?? []) text += String(chunk);
    expect(text).to.equal('why');
  });

  it('lets axios refuse what it does not accept, and read what needs no gate', async () => {
    gate.on('warning', () => undefined);
    const api = gate.axios(axios.create());
    const [bare, wrapped] = await Promise.all([failureOf(axios.get('/p')), failureOf(api.get('/p'))]);
    expect([wrapped.name, wrapped.code, wrapped.message]).to.deep.equal([bare.name, bare.code, bare.message]);
    const events = record(gate);
    const { data } = await api.get('data:text/plain,hello', { responseType: 'text' });
    expect(data).to.equal('hello');
    expect(events).to.deep.equal([]);
  });

  it('reports invalid options: of a call as its rejection, of the gate at once', async () => {
    const api = gate.axios(axios.create());
    const error = await failureOf(api.get(server.url, { headgate: { deadline: 'soon' } }));
    expect(error.message).to.match(/headgate\.deadline.*"soon"/);
    expect(() => gate.axios({} as never)).to.throw(/axios/);
  });
});
