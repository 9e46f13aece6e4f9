import http from 'node:http';
import axios from 'axios';
import Bottleneck from 'bottleneck';
import got from 'got';
import { Agent, type Dispatcher, request } from 'undici';
import { type Headgate, headgate } from '../../lib/index.ts';

/** One way to make a request, that resolves when its body has come. */
export type Ask = () => Promise<unknown>;

/** A client, bare, and the same with something around it. */
export interface Comparison {
  readonly client: string;
  readonly bare: Ask;
  readonly wrapped: Readonly<Record<string, Ask>>;
  /** So slow that fewer rounds and requests have to do. */
  readonly slow?: boolean;
}

/** Limits that nothing here reaches. */
const WIDE = { quotas: [{ name: 'wide', match: {}, windows: [{ limit: 1_000_000, per: '1s' }] }] };

/** Every client that there is, of those that Headgate wraps. */
export function comparisons(url: string): Comparison[] {
  const agent = new http.Agent({ keepAlive: true });
  const api = got.extend({ agent: { http: agent } });
  const learning = headgate().got(api);
  const declared = headgate(WIDE).got(api);
  const limiter = new Bottleneck();
  return [
    {
      client: 'got',
      bare: () => api(url),
      wrapped: { Headgate: () => learning(url), 'Headgate, quota declared': () => declared(url) },
    },
    {
      client: 'got',
      bare: () => api(url),
      wrapped: { Bottleneck: () => limiter.schedule(() => api(url)) },
      slow: true,
    },
    fetchComparison(url, headgate()),
    undiciComparison(url, headgate()),
    wrapComparison(url, headgate()),
    axiosComparison(url, headgate(), agent),
  ];
}

async function read(response: Response): Promise<string> {
  return response.text();
}

function fetchComparison(url: string, gate: Headgate): Comparison {
  const gated = gate.fetch();
  return {
    client: 'fetch',
    bare: async () => read(await fetch(url)),
    wrapped: { Headgate: async () => read(await gated(url)) },
  };
}

function undiciComparison(url: string, gate: Headgate): Comparison {
  const text = async (dispatcher: Dispatcher): Promise<string> =>
    (await request(url, { dispatcher })).body.text();
  const bare = new Agent();
  const gated = new Agent().compose(gate.undici());
  return { client: 'undici', bare: () => text(bare), wrapped: { Headgate: () => text(gated) } };
}

function wrapComparison(url: string, gate: Headgate): Comparison {
  const bare = async (): Promise<string> => read(await fetch(url));
  const gated = gate.wrap(bare, { request: { method: 'GET', url } });
  return { client: 'a function that fetches', bare, wrapped: { Headgate: gated } };
}

function axiosComparison(url: string, gate: Headgate, httpAgent: http.Agent): Comparison {
  const bare = axios.create({ httpAgent });
  const gated = gate.axios(axios.create({ httpAgent }));
  return { client: 'axios', bare: () => bare.get(url), wrapped: { Headgate: () => gated.get(url) } };
}
