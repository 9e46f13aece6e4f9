import http from 'node:http';
import Bottleneck from 'bottleneck';
import got from 'got';
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
export async function comparisons(url: string): Promise<Comparison[]> {
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
    ...fetchComparison(url, headgate()),
    ...wrapComparison(url, headgate()),
    ...(await axiosComparison(url, headgate(), agent)),
  ];
}

async function read(response: Response): Promise<string> {
  return response.text();
}

function fetchComparison(url: string, gate: Partial<Headgate>): Comparison[] {
  if (!('fetch' in gate) || !gate.fetch) return [];
  const gated = gate.fetch() as typeof fetch;
  return [
    {
      client: 'fetch',
      bare: async () => read(await fetch(url)),
      wrapped: { Headgate: async () => read(await gated(url)) },
    },
  ];
}

function wrapComparison(url: string, gate: object): Comparison[] {
  if (!('wrap' in gate) || typeof gate.wrap !== 'function') return [];
  const bare = async (): Promise<string> => read(await fetch(url));
  const gated = gate.wrap(bare, { request: { method: 'GET', url: new URL(url) } }) as Ask;
  return [{ client: 'a function that fetches', bare, wrapped: { Headgate: gated } }];
}

async function axiosComparison(url: string, gate: object, httpAgent: http.Agent): Promise<Comparison[]> {
  if (!('axios' in gate) || typeof gate.axios !== 'function') return [];
  const name = 'axios';
  const { default: axios } = (await import(name)) as {
    default: { create(options: object): { get(url: string): Promise<unknown> } };
  };
  const bare = axios.create({ httpAgent });
  const gated = gate.axios(axios.create({ httpAgent })) as typeof bare;
  return [{ client: 'axios', bare: () => bare.get(url), wrapped: { Headgate: () => gated.get(url) } }];
}
