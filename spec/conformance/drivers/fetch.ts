import type { CallOptions } from 'headgate';
import type { CallReport } from '../../../lib/words/report.ts';
import { type Answer, type Ask, type Body, type Driver, Refusal } from '../driver.ts';
import { givenEarly, noPages, noTimeout, openAtHead, unseenLegs } from './differences.ts';

const FORM = 'application/x-www-form-urlencoded';

/** A body as fetch takes it. */
function bodyOf(body: Body): RequestInit {
  switch (body.kind) {
    case 'JSON':
      return { body: JSON.stringify(body.value), headers: { 'content-type': 'application/json' } };
    case 'form':
      return { body: new URLSearchParams(body.value), headers: { 'content-type': FORM } };
    case 'stream':
    case 'iterable':
      return { body: body.value as never, duplex: 'half' } as RequestInit;
    default:
      return { body: body.value as never };
  }
}

/** What fetch is called with. */
function initOf({ method = 'GET', headers, body, signal }: Ask): RequestInit {
  const own = body ? bodyOf(body) : {};
  const all = { ...(own.headers as Record<string, string>), ...headers };
  return { method, ...own, headers: all, ...(signal && { signal }) };
}

async function answerOf(response: Response, headgate: CallReport | undefined): Promise<Answer> {
  if (response.status >= 400) {
    await response.body?.cancel();
    throw new Refusal(response.status, headgate);
  }
  return { status: response.status, text: await response.text(), report: headgate };
}

export const fetched: Driver = {
  name: 'fetch',
  client: (gate) => {
    const api = gate.fetch();
    return {
      async send(ask) {
        const response = await api(ask.url, { ...initOf(ask), headgate: ask.headgate });
        return answerOf(response, response.headgate);
      },
    };
  },
  differences: {
    ...noPages,
    ...givenEarly,
    ...openAtHead,
    ...noTimeout,
  },
};

export const wrapped: Driver = {
  name: 'a function',
  client: (gate) => {
    const run = gate.wrap(
      ({ signal, headers: own }, ask: Ask) => {
        const { headers, ...init } = initOf(ask);
        return fetch(ask.url, {
          ...init,
          headers: { ...(headers as Record<string, string>), ...own },
          signal: ask.signal ? AbortSignal.any([signal, ask.signal]) : signal,
        });
      },
      {
        request: ({ url, method = 'GET', headers, body, signal, headgate }) => ({
          url,
          method,
          ...(headers && { headers }),
          ...(body && { body: body.value }),
          ...(signal && { signal }),
          ...(headgate && { headgate: headgate as CallOptions }),
        }),
        withContext: true,
      },
    );
    return { send: async (ask) => answerOf(await run(ask), undefined) };
  },
  differences: {
    ...noPages,
    ...givenEarly,
    ...openAtHead,
    ...noTimeout,
    ...unseenLegs,
    'a signature goes to no other origin': {
      because: 'the function gets the headers, and decides what it follows redirects with',
      shows: /at the other origin/,
    },
    'each leg of a redirect is signed for itself': {
      because: 'the gate does not see a redirect that a function follows',
      shows: /'\/a'/,
    },
    'a body that stalls for its bodyTimeout is cut off, and its connection closed': {
      because: 'the gate does not see the body: a function’s result is its own',
      shows: /No end/,
    },
    'the result carries the record': {
      because: 'the result is the function’s own; the `success` event has the record',
      shows: /record/,
    },
    'the thrown error carries the record': {
      because: 'fetch throws nothing at an error status; an error thrown by a function does carry it',
      shows: /record/,
    },
  },
};
