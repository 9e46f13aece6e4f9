import { Agent, interceptors, FormData as OwnFormData, request } from 'undici';
import type { CallReport } from '../../../lib/words/report.ts';
import { type Body, type Driver, Refusal } from '../driver.ts';
import { givenEarly, noPages } from './differences.ts';

/** A body as undici takes it. */
function bodyOf(body: Body): { body: unknown; headers?: Record<string, string> } {
  switch (body.kind) {
    case 'JSON':
      return { body: JSON.stringify(body.value), headers: { 'content-type': 'application/json' } };
    case 'form':
    case 'URLSearchParams':
      return {
        body: String(new URLSearchParams(body.value)),
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      };
    case 'FormData': {
      // It takes no other.
      const own = new OwnFormData();
      for (const [name, value] of body.value) own.append(name, value as string);
      return { body: own };
    }
    default:
      return { body: body.value };
  }
}

export const undici: Driver = {
  name: 'undici',
  anyHost: true,
  client: (gate) => {
    const agent = new Agent();
    const dispatcher = agent.compose(gate.undici(), interceptors.redirect({ maxRedirections: 5 }));
    return {
      async send({ url, method = 'GET', headers = {}, body, signal, timeout, headgate }) {
        const own = body ? bodyOf(body) : { body: null };
        const options = {
          dispatcher,
          method,
          body: own.body as never,
          headers: { ...own.headers, ...headers },
          ...(signal && { signal }),
          ...(timeout !== undefined && { headersTimeout: timeout }),
          ...(headgate && { headgate }),
        };
        const response = await request(url, options as never);
        const text = await response.body.text();
        const report = (response as { headgate?: CallReport }).headgate;
        if (response.statusCode >= 400) throw new Refusal(response.statusCode, report);
        return { status: response.statusCode, text, report };
      },
    };
  },
  differences: {
    ...noPages,
    ...givenEarly,
    'a body that is gone is not sent again, and the record says so: an iterable': {
      because: 'an iterable is buffered while it is sent, up to 1 MiB, and sent again',
      shows: /did not fail/,
    },
    'a redirect is one call, and each of its legs an attempt': {
      because: 'its redirect interceptor makes each leg a request, and thus a call',
      shows: /events/,
    },
    'the result carries the record': {
      because: 'a dispatcher returns no object that could carry it; the `success` event has the record',
      shows: /record/,
    },
    'the thrown error carries the record': {
      because: 'undici throws nothing at an error status; an error thrown at a fault does carry it',
      shows: /record/,
    },
  },
};
