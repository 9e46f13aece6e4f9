import { expect } from 'chai';
import { classifyHttp } from '../../lib/classify/http.ts';
import { readFault } from '../../lib/classify/network.ts';

/** An error as its client makes it. */
function fault(message: string, code?: string, more: object = {}): Error {
  return Object.assign(new Error(message), code && { code }, more);
}

/** The same within the errors by which other clients tell of it. */
const wrappings: readonly ((error: Error) => unknown)[] = [
  (error) => error,
  (cause) => new TypeError('fetch failed', { cause }),
  (cause) => Object.assign(new Error(cause.message, { cause }), { name: 'RequestError', code: 'ERR_X' }),
];

/** By the status with which CONNECT was refused. */
const tunnels: Readonly<Record<string, (status: number) => Error>> = {
  undici: (status) =>
    fault(`Proxy response (${status}) !== 200 when HTTP Tunneling`, 'UND_ERR_ABORTED', {
      name: 'AbortError',
    }),
  tunnel: (status) => fault(`tunneling socket could not be established, statusCode=${status}`, 'ECONNRESET'),
  'Node.js': (status) =>
    fault(
      `Failed to establish tunnel to api.example.com:443 via http://proxy:3128/: HTTP/1.1 ${status} Why`,
      'ERR_PROXY_TUNNEL',
      { statusCode: status },
    ),
};

describe('A tunnel that was not opened', () => {
  for (const [client, make] of Object.entries(tunnels)) {
    for (const wrap of wrappings) {
      it(`is a fault of the way, by which nothing was sent: ${client}, ${wrap}`, () => {
        for (const status of [408, 429, 500, 502, 503, 504]) {
          expect(readFault(wrap(make(status))), String(status)).to.include({
            verdict: 'transient',
            unprocessed: true,
          });
        }
      });

      it(`is not asked for again where its proxy forbids it: ${client}, ${wrap}`, () => {
        for (const status of [400, 403, 404, 407]) {
          const { verdict, unprocessed, hint } = readFault(wrap(make(status)));
          expect({ verdict, unprocessed }, String(status)).to.deep.equal({
            verdict: 'terminal',
            unprocessed: true,
          });
          expect(hint).to.match(status === 407 ? /credentials/ : /does not allow/);
        }
      });
    }
  }

  it('is known by its code or words where no status is told', () => {
    for (const error of [
      fault('Proxy connection failed', 'UND_ERR_PRX_CONN'),
      fault('Connection to establish proxy tunnel timed out after 100ms', 'ERR_PROXY_TUNNEL'),
      fault('tunneling socket could not be established, cause=connect ECONNREFUSED', 'ECONNRESET'),
      fault('SOCKS5 connection failed: Host unreachable', 'UND_ERR_SOCKS5_REPLY_4'),
      fault('Socks5 proxy rejected connection - HostUnreachable'),
    ]) {
      expect(readFault(error), error.message).to.include({ verdict: 'transient', unprocessed: true });
    }
    for (const error of [
      fault('Secure Proxy Connection failed', 'UND_ERR_PRX_TLS'),
      fault('Proxy Authentication Required (407)', 'UND_ERR_INVALID_ARG'),
      fault('Authentication failed', 'UND_ERR_SOCKS5_AUTH_FAILED'),
      fault('Socks5 proxy rejected connection - NotAllowed'),
    ]) {
      const { verdict, hint } = readFault(error);
      expect(verdict, error.message).to.equal('terminal');
      expect(hint).to.match(/proxy/i);
    }
  });

  it('is none where a program only talks of one', () => {
    for (const text of [
      'Bad response: 503',
      'We failed to establish a tunnel to it',
      'Proxy response (503)',
    ]) {
      expect(readFault(fault(text)), text).to.deep.include({ verdict: 'terminal', unprocessed: false });
    }
  });
});

describe('GOAWAY of HTTP/2', () => {
  it('is a fault of the way, of what was not processed, as far as undici says that', () => {
    const goaway = (number: number, code: string): Error =>
      fault(`HTTP/2: "GOAWAY" frame received with code ${number}`, code);
    for (const error of [goaway(0, 'UND_ERR_INFO'), goaway(11, 'UND_ERR_SOCKET')]) {
      for (const wrap of wrappings.slice(0, 2)) {
        expect(readFault(wrap(error))).to.include({ verdict: 'transient', unprocessed: true });
      }
    }
    // undici 6 and 7 say so of a request that a server may be at work on, while it only shuts down.
    expect(readFault(goaway(0, 'UND_ERR_SOCKET'))).to.include({ verdict: 'transient', unprocessed: false });
  });
});

describe('An error body that cannot be unpacked', () => {
  it("keeps its status's verdict", () => {
    const request = { method: 'POST', url: new URL('https://h/') };
    const error = fault('incorrect header check', 'Z_DATA_ERROR');
    for (const [status, verdict] of [
      [429, 'throttled'],
      [503, 'transient'],
      [404, 'terminal'],
    ] as const) {
      expect(classifyHttp({ request, status, headers: {}, error, receivedAt: 0 }).verdict).to.equal(verdict);
    }
  });
});
