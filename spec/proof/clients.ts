/** The clients under proof, each with connections of its own, so that none can hide behind another's. */
import http from 'node:http';
import axios from 'axios';
import type { Got } from 'got';
import type { Headgate } from 'headgate';
import { majors as gots } from '../support/majors.ts';
import { majors as undicis } from '../support/undici.ts';

/** A request, in no client's own words. */
interface Ask {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly signal: AbortSignal;
}

/** A client behind a gate. */
export interface Client {
  /** Resolves or rejects when the call and its response are over. */
  send(ask: Ask): Promise<unknown>;
  /** Closes its idle connections. */
  close(): Promise<unknown> | undefined;
}

export interface ProofClient {
  readonly name: string;
  /** The bare one too leaves a listener on its user's signal. */
  readonly keepsListeners?: boolean;
  /**
   * It sends within the call to it, and the bare one cannot be aborted from there: undici asserts that its fetch has
   * returned by then.
   */
  readonly deafAtFirst?: boolean;
  open(gate: Headgate): Client;
}

const BODY = 'body';

function gotClient(major: number, got: Got): ProofClient {
  return {
    name: `got ${major}`,
    open(gate) {
      const agent = new http.Agent({ keepAlive: true });
      const api = gate.got(got).extend({ agent: { http: agent } });
      return {
        send: ({ url, method, signal }) =>
          api(url, { method, signal, ...(method === 'POST' && { body: BODY }) }).then(({ body }) => body),
        close: () => void agent.destroy(),
      };
    },
  };
}

function undiciClient(major: number, undici: (typeof undicis)[number]['undici']): ProofClient {
  return {
    name: `undici ${major}`,
    open(gate) {
      const agent = new undici.Agent();
      const dispatcher = agent.compose(
        gate.undici(),
        undici.interceptors.redirect({ maxRedirections: 5 }) as never,
      );
      return {
        async send({ url, method, signal }) {
          const asked = { dispatcher, method, signal, ...(method === 'POST' && { body: BODY }) };
          const { body } = await undici.request(url, asked);
          return body.text();
        },
        close: () => agent.destroy(),
      };
    },
  };
}

/** The fetch of Node.js keeps its connections: the server closes them. */
const native: ProofClient = {
  name: 'fetch',
  open(gate) {
    const api = gate.fetch();
    return {
      async send({ url, method, signal }) {
        const response = await api(url, { method, signal, ...(method === 'POST' && { body: BODY }) });
        return response.text();
      },
      close: () => undefined,
    };
  },
};

/** undici's own fetch over a gated dispatcher. */
function dispatchedFetch(major: number, undici: (typeof undicis)[number]['undici']): ProofClient {
  return {
    name: `undici ${major}, fetch`,
    keepsListeners: major < 8,
    deafAtFirst: true,
    open(gate) {
      const agent = new undici.Agent();
      const dispatcher = agent.compose(gate.undici());
      return {
        async send({ url, method, signal }) {
          const init = { dispatcher, method, signal, ...(method === 'POST' && { body: BODY }) };
          return (await undici.fetch(url, init as never)).text();
        },
        close: () => agent.destroy(),
      };
    },
  };
}

function axiosClient(adapter: 'http' | 'fetch'): ProofClient {
  return {
    name: `axios, ${adapter}`,
    open(gate) {
      const httpAgent = new http.Agent({ keepAlive: true });
      const api = gate.axios(axios.create({ adapter, responseType: 'text', httpAgent }));
      return {
        send: ({ url, method, signal }) =>
          api.request({ url, method, signal, ...(method === 'POST' && { data: BODY }) }),
        close: () => void httpAgent.destroy(),
      };
    },
  };
}

const wrapped: ProofClient = {
  name: 'wrap',
  open(gate) {
    const run = gate.wrap(
      async ({ signal }, { url, method }: Ask) => {
        const init = { method, signal, ...(method === 'POST' && { body: BODY }) };
        const response = await fetch(url, init);
        return { status: response.status, headers: response.headers, body: await response.text() };
      },
      { request: ({ url, method, signal }: Ask) => ({ url, method, signal }), withContext: true },
    );
    return { send: (ask) => run(ask), close: () => undefined };
  },
};

export const clients: readonly ProofClient[] = [
  ...gots.map(({ major, got }) => gotClient(major, got)),
  axiosClient('http'),
  axiosClient('fetch'),
  native,
  ...undicis.flatMap(({ major, undici }) => [undiciClient(major, undici), dispatchedFetch(major, undici)]),
  wrapped,
];
