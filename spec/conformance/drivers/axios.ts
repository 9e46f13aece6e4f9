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
  'an error whose body never ends is not waited for': {
    because: 'it reads the body of an error to its end, of which the deadline is the only limit',
    shows: /deadline/,
  },
  'a body that is gone is not sent again, and the record says so: an iterable': {
    because: 'it takes none as a body, and sends `{}` in its place',
    shows: /did not fail/,
  },
};

/** Where a redirect is followed unseen. */
const unsignedLegs: Differences = {
  'a signature goes to no other origin': {
    because: 'it follows redirects by itself, with all headers: where there is a signature it follows none',
    shows: /status code 302/,
  },
  'each leg of a redirect is signed for itself': {
    because: 'it follows redirects by itself, with all headers: where there is a signature it follows none',
    shows: /status code 302/,
  },
};

/** Where nothing tells when a head came whose body is read to its end. */
const headUnseen: Differences = {
  'a body that still flows when the deadline passes comes whole': {
    because: 'it does not tell when the head of a response came that it reads to its end',
    shows: /deadline/,
  },
  'a body that is silent for less than its bodyTimeout comes whole': {
    because: 'it does not tell when the head of a response came that it reads to its end',
    shows: /deadline/,
  },
  'a body that is silent for its bodyTimeout is broken off, and its connection closed': {
    because: 'it does not tell when the head of a response came that it reads to its end',
    shows: /No end/,
  },
};

export const axioses: readonly Driver[] = [
  driver('http', common),
  driver('fetch', { ...common, ...unseenLegs, ...headUnseen, ...unsignedLegs }),
];
