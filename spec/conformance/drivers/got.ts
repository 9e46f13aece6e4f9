import got16, { type Got, type OptionsOfTextResponseBody } from 'got';
import got14 from 'got14';
import got15 from 'got15';
import { certificate, type Pair } from '../../support/certificate.ts';
import type { Body, Driver } from '../driver.ts';
import type { Differences } from './differences.ts';

function bodyOf(body: Body | undefined): OptionsOfTextResponseBody {
  if (body === undefined) return {};
  switch (body.kind) {
    case 'JSON':
      return { json: body.value };
    case 'form':
      return { form: body.value };
    case 'URLSearchParams':
      // As a body it would be an iterable of pairs.
      return { form: Object.fromEntries(body.value) };
    default:
      return { body: body.value as never };
  }
}

function driver(name: string, got: Got, differences: Differences, http2?: Pair): Driver {
  return {
    name,
    differences,
    ...(http2 && { http2 }),
    client: (gate) => {
      const api = gate.got(got);
      return {
        async send({ url, method = 'GET', headers, body, signal, timeout, headgate }) {
          const { statusCode, body: text } = await api(url, {
            method: method as 'GET',
            ...(headers && { headers }),
            ...(signal && { signal }),
            ...(timeout !== undefined && { timeout: { request: timeout } }),
            ...(headgate && { context: { headgate } }),
            ...bodyOf(body),
          });
          return { status: statusCode, text, report: undefined };
        },
        pages: (url, next) => {
          let page = 0;
          return api.paginate.all<string, string>(url, {
            responseType: 'text',
            pagination: {
              transform: ({ body }) => [body],
              paginate: () => {
                page += 1;
                const to = next(page);
                return to !== undefined && { url: new URL(to) };
              },
            },
          });
        },
      };
    },
  };
}

const common: Differences = {
  'a throttled POST is resent with the same body: a Blob': {
    because: 'it accepts none as a body',
    shows: /Received values of type `Blob`/,
  },
  'the result carries the record': {
    because: 'its promise may be only for the body; the `success` event has the record',
    shows: /record/,
  },
};

const pair = certificate();
if (!pair) console.log('openssl is not installed (Debian: apt-get install openssl): HTTP/2 is left out');
const secure = { http2: true, https: { rejectUnauthorized: false } };

export const gots: readonly Driver[] = [
  driver('got 16', got16, common),
  ...(pair ? [driver('got 16, HTTP/2', got16.extend(secure), common, pair)] : []),
  driver('got 15', got15 as unknown as Got, common),
  driver('got 14', got14 as unknown as Got, {
    ...common,
    'a refused connection is retried, for POST too': {
      because:
        'on Node.js 24 its second upload listens to the first upload’s socket, gated or not, and gives up',
      shows: /'attempts'/,
    },
  }),
];
