import { expect } from 'chai';
import { type Headgate, type HeadgateOptions, headgate } from 'headgate';
import { endings } from '../support/ending.ts';
import { TestServer } from '../support/server.ts';
import { CLIENTS, type ClientName } from '../telemetry/support/clients.ts';

/** Milliseconds that an answer names as its wait, and by which a timer may be early. */
const WAIT_MS = 300;
const EARLY_MS = 2;

interface Kind {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly options?: HeadgateOptions;
  /** Whether it names no wait, so that a shorter one than the backoff's is tried. */
  readonly silent?: true;
  /** `held`: it and all others wait; `again`: it alone is sent again; `once`: it fails at once, alone. */
  readonly fate: 'held' | 'again' | 'once';
}

const KINDS: Readonly<Record<string, Kind>> = {
  'a secondary limit as a 403': {
    status: 403,
    headers: { 'retry-after-ms': `${WAIT_MS}` },
    body: { message: 'You have exceeded a secondary rate limit.' },
    fate: 'held',
  },
  'a 403 with nothing left until a reset': {
    status: 403,
    headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset-after': `${WAIT_MS / 1000}` },
    body: { message: 'no' },
    fate: 'held',
  },
  'a quota by its code as a 400': {
    status: 400,
    body: { __type: 'com.amazon#ThrottlingException', message: 'Rate exceeded' },
    silent: true,
    fate: 'held',
  },
  'a quota by its code in XML': {
    status: 503,
    body: '<?xml version="1.0"?><Error><Code>SlowDown</Code><RequestId>r</RequestId></Error>',
    silent: true,
    fate: 'held',
  },
  'a wait in details of the body': {
    status: 429,
    body: {
      error: { code: 429, status: 'RESOURCE_EXHAUSTED', details: [{ retryDelay: `${WAIT_MS / 1000}s` }] },
    },
    fate: 'held',
  },
  'a wait in the text': {
    status: 429,
    body: { error: { message: `Rate limit reached. Please try again in ${WAIT_MS}ms.` } },
    fate: 'held',
  },
  'a refusal in a 200': {
    status: 200,
    headers: { 'retry-after-ms': `${WAIT_MS}` },
    body: { errors: [{ extensions: { code: 'RATE_LIMITED' }, message: 'slow down' }] },
    options: { readBody: { match: { path: '/**' } } },
    fate: 'held',
  },
  'an hourly quota as a 402': {
    status: 402,
    headers: { 'x-toggl-quota-remaining': '0', 'x-toggl-quota-resets-in': `${WAIT_MS / 1000}` },
    fate: 'held',
  },
  'a quota in words as a 503': {
    status: 503,
    headers: { 'retry-after-ms': `${WAIT_MS}` },
    body: { error: 'Your requests are exceeding the allowable rate limit.' },
    fate: 'held',
  },
  'a refusal in words in a 200': {
    status: 200,
    headers: { 'retry-after-ms': `${WAIT_MS}` },
    body: { error: ['EAPI:Rate limit exceeded'] },
    options: { readBody: { match: { path: '/**' } } },
    fate: 'held',
  },
  'a wait under the name of a limit': {
    status: 429,
    headers: { 'retry-after-long': `${WAIT_MS / 1000}` },
    fate: 'held',
  },
  'a month that is used up': {
    status: 429,
    body: { message: 'You have reached your monthly limit.' },
    fate: 'once',
  },
  'an empty purse': {
    status: 429,
    headers: { 'retry-after': '60' },
    body: { error: { code: 'insufficient_quota', type: 'insufficient_quota', message: 'x' } },
    fate: 'once',
  },
  'a 429 that says not to retry': {
    status: 429,
    headers: { 'retry-after': '60', 'x-should-retry': 'false' },
    body: {},
    fate: 'once',
  },
  'a lock on one object': {
    status: 429,
    body: { error: { code: 'lock_timeout', type: 'invalid_request_error', message: 'locked' } },
    fate: 'again',
  },
  'a conflict that says to retry': { status: 409, headers: { 'stripe-should-retry': 'true' }, fate: 'again' },
};

describe('On the wire, of each kind of answer, the first of two', () => {
  const own = endings();
  let server: TestServer;
  beforeEach(async () => {
    server = await TestServer.start();
  });
  afterEach(() => server.close());

  for (const [name, kind] of Object.entries(KINDS))
    for (const client of Object.keys(CLIENTS) as ClientName[])
      it(`${name}, through ${client}: ${kind.fate}`, async () => {
        const gate = own(
          headgate({ retry: { backoff: { base: WAIT_MS, max: WAIT_MS, jitter: 'none' } }, ...kind.options }),
        );
        const { status, headers, body = '', silent, fate } = kind;
        let refusedAt = 0;
        server.handler = (n, _request, response) => {
          if (n > 1) {
            response.setHeader('content-type', 'application/json').end('{}');
            return;
          }
          refusedAt = performance.now();
          const isText = typeof body === 'string';
          response
            .writeHead(status, {
              'content-type': isText ? 'application/xml' : 'application/json',
              ...headers,
            })
            .end(isText ? body : JSON.stringify(body));
        };
        const send = CLIENTS[client](gate);
        const judged = Promise.race(['retry', 'failure'].map((event) => told(gate, event as 'retry')));

        const first = send(`${server.url}/first`).then(
          () => 'good',
          () => 'failed',
        );
        await judged;
        await send(`${server.url}/other`);

        expect(await first).to.equal(fate === 'once' ? 'failed' : 'good');
        const paths = server.seen.map(({ url }) => url);
        const other = server.seen.find(({ url }) => url === '/other');
        if (fate === 'held') {
          expect(paths).to.have.members(['/first', '/first', '/other']);
          expect((other?.at ?? 0) - refusedAt).to.be.at.least((silent ? WAIT_MS / 2 : WAIT_MS) - EARLY_MS);
        } else if (fate === 'again') expect(paths).to.deep.equal(['/first', '/other', '/first']);
        else expect(paths).to.deep.equal(['/first', '/other']);
      });
});

function told(gate: Headgate, event: 'retry' | 'failure'): Promise<unknown> {
  return new Promise((resolve) => gate.once(event, resolve));
}
