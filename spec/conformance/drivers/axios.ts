import axios from 'axios';
import 'headgate/axios';
import type { Driver } from '../driver.ts';
import { type Differences, noPages, unseenLegs } from './differences.ts';

function driver(adapter: 'http' | 'fetch', differences: Differences): Driver {
  return {
    name: `axios, ${adapter}`,
    differences,
    client: (gate) => {
      const api = gate.axios(axios.create({ adapter, responseType: 'text' }));
      return {
        async send({ url, method = 'GET', headers = {}, body, signal, timeout, headgate: asked }) {
          const { status, data, headgate } = await api.request({
            url,
            method,
            headers: {
              ...headers,
              ...(body?.kind === 'form' && { 'content-type': 'application/x-www-form-urlencoded' }),
            },
            ...(body && { data: body.value }),
            ...(signal && { signal }),
            ...(timeout !== undefined && { timeout }),
            ...(asked && { headgate: asked }),
          });
          return { status, text: data, report: headgate };
        },
      };
    },
  };
}

const common: Differences = {
  ...noPages,
  'the gate does not wait for an error body that never ends': {
    because: 'it reads the body of an error to its end; only the deadline bounds that',
    shows: /deadline/,
  },
  'a body that is gone is not sent again, and the record says so: an iterable': {
    because: 'it accepts none as a body, and sends `{}` instead',
    shows: /did not fail/,
  },
};

/** Where a redirect is followed unseen. */
const unsignedLegs: Differences = {
  'a signature goes to no other origin': {
    because: 'it follows redirects by itself, with all headers; if there is a signature, it follows none',
    shows: /status code 302/,
  },
  'each leg of a redirect is signed for itself': {
    because: 'it follows redirects by itself, with all headers; if there is a signature, it follows none',
    shows: /status code 302/,
  },
};

/** Where nothing tells when a head came whose body is read to its end. */
const headUnseen: Differences = {
  'a body that still flows at the deadline arrives whole': {
    because: 'if it reads a response to its end, it does not report when the head arrived',
    shows: /deadline/,
  },
  'a body that stalls for less than its bodyTimeout arrives whole': {
    because: 'if it reads a response to its end, it does not report when the head arrived',
    shows: /deadline/,
  },
  'a body that stalls for its bodyTimeout is cut off, and its connection closed': {
    because: 'if it reads a response to its end, it does not report when the head arrived',
    shows: /No end/,
  },
};

export const axioses: readonly Driver[] = [
  driver('http', common),
  driver('fetch', { ...common, ...unseenLegs, ...headUnseen, ...unsignedLegs }),
];
