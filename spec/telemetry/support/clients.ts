import axios from 'axios';
import got from 'got';
import type { Headgate } from 'headgate';
import { Agent, interceptors, request } from 'undici';
import 'headgate/axios';

/** Sends a GET, and reads the response to its end. Rejects for an error status. */
export type Send = (url: string, signal?: AbortSignal, headers?: Record<string, string>) => Promise<unknown>;

export type ClientName = 'got' | 'fetch' | 'undici' | 'axios';

function checked(status: number): void {
  if (status >= 400) throw new Error(`Status ${status}`);
}

export const CLIENTS: Readonly<Record<ClientName, (gate: Headgate) => Send>> = {
  got: (gate) => {
    const api = gate.got(got);
    return (url, signal, headers = {}) => api(url, { headers, ...(signal && { signal }) }).text();
  },
  fetch: (gate) => {
    const api = gate.fetch();
    return async (url, signal, headers = {}) => {
      const response = await api(url, { headers, ...(signal && { signal }) });
      await response.text();
      checked(response.status);
    };
  },
  undici: (gate) => {
    const dispatcher = new Agent().compose(gate.undici(), interceptors.redirect({ maxRedirections: 5 }));
    return async (url, signal, headers = {}) => {
      const { statusCode, body } = await request(url, { dispatcher, headers, ...(signal && { signal }) });
      await body.text();
      checked(statusCode);
    };
  },
  axios: (gate) => {
    const api = gate.axios(axios.create());
    return (url, signal, headers = {}) => api.get(url, { headers, ...(signal && { signal }) });
  },
};
