import { expect } from 'chai';
import fc from 'fast-check';
import { readFault } from '../../lib/classify/network.ts';
import { TERMINAL_CODES, TRANSIENT_CODES, UNPROCESSED_CODES } from '../../lib/classify/network-codes.ts';

const fault = (fields: object, cause?: unknown) => Object.assign(new Error('text', { cause }), fields);
const wrapped = (cause: unknown) => new TypeError('fetch failed', { cause });

describe('A fault', () => {
  it('of the network is transient', () => {
    for (const [code, hint] of TRANSIENT_CODES) {
      const unprocessed = UNPROCESSED_CODES.has(code);
      expect(readFault(fault({ code }))).to.include({ verdict: 'transient', code, unprocessed, hint });
    }
  });

  it('before the request could be sent is transient, and the request unprocessed', () => {
    for (const code of UNPROCESSED_CODES) {
      expect(readFault(fault({ code }))).to.include({ verdict: 'transient', code, unprocessed: true });
    }
  });

  it('of the certificate, the program or its abort is terminal, with advice', () => {
    for (const [code, hint] of TERMINAL_CODES) {
      expect(readFault(fault({ code }))).to.include({ verdict: 'terminal', code, hint });
    }
  });

  it('says in one or two sentences what to do, whatever its code', () => {
    for (const code of [...TRANSIENT_CODES.keys(), ...TERMINAL_CODES.keys(), 'UND_ERR_PRX_TLS']) {
      const { hint } = readFault(fault({ code }));
      expect(hint, code).to.match(/^[A-Z].{20,}\.$/);
      expect(hint?.match(/\.(?: |$)/g)?.length, hint).to.be.at.most(2);
    }
  });

  it('is in one of the three groups only', () => {
    const codes = [...TRANSIENT_CODES.keys(), ...TERMINAL_CODES.keys()];
    expect(new Set(codes)).to.have.property('size', codes.length);
  });

  it('that nobody knows is terminal, and named by its code or else by its class', () => {
    expect(readFault(fault({ code: 'EWHATEVER' }))).to.include({ verdict: 'terminal', code: 'EWHATEVER' });
    expect(readFault(new TypeError('x is not a function'))).to.include({
      verdict: 'terminal',
      code: 'TypeError',
    });
    expect(readFault(wrapped(fault({ code: 'EWHATEVER' })))).to.include({ code: 'EWHATEVER' });
    expect(readFault(fault({ code: 'toString' }))).to.include({ verdict: 'terminal' });
  });

  it('is looked for behind errors that say nothing', () => {
    expect(readFault(wrapped(fault({ code: 'UND_ERR_SOCKET' })))).to.include({
      verdict: 'transient',
      code: 'UND_ERR_SOCKET',
    });
    expect(readFault(wrapped(wrapped(wrapped(fault({ code: 'ENOTFOUND' })))))).to.include({
      unprocessed: true,
    });
    expect(readFault(fault({ code: 'MY_OWN' }, fault({ code: 'ECONNRESET' })))).to.include({
      code: 'ECONNRESET',
    });
  });

  it('is not looked for behind an error that says enough', () => {
    expect(readFault(fault({ code: 'ERR_ABORTED' }, fault({ code: 'ECONNRESET' })))).to.include({
      verdict: 'terminal',
    });
    expect(readFault(fault({ name: 'UploadError', code: 'ECONNRESET' }))).to.include({
      verdict: 'terminal',
      code: 'ECONNRESET',
    });
  });

  it('of a connection attempt left the request unsent, wherever that is told', () => {
    const system = fault({ code: 'ETIMEDOUT', syscall: 'connect' });
    expect(readFault(system)).to.include({ unprocessed: true });
    expect(readFault(fault({ code: 'ETIMEDOUT' }, system)), 'got wraps it').to.include({ unprocessed: true });
    expect(readFault(fault({ code: 'ETIMEDOUT', syscall: 'read' }))).to.include({ unprocessed: false });
  });

  it("of time in got's phases before sending left the request unsent", () => {
    const timeout = (event: string) => readFault(fault({ name: 'TimeoutError', code: 'ETIMEDOUT', event }));
    for (const event of ['lookup', 'connect', 'secureConnect']) {
      expect(timeout(event)).to.include({ verdict: 'transient', unprocessed: true });
    }
    for (const event of ['socket', 'send', 'response', 'read', 'request']) {
      expect(timeout(event)).to.include({ verdict: 'transient', unprocessed: false });
    }
  });

  it('of AbortSignal.timeout is transient, of AbortController.abort terminal', () => {
    expect(readFault(new DOMException('', 'TimeoutError'))).to.include({
      verdict: 'transient',
      code: 'ETIMEDOUT',
    });
    expect(readFault(new DOMException('', 'AbortError'))).to.include({
      verdict: 'terminal',
      code: 'ERR_ABORTED',
    });
  });

  it('of any rule of the HTTP parser is transient, except of the size of the headers', () => {
    const rules =
      'INVALID_CONSTANT CLOSED_CONNECTION INVALID_CONTENT_LENGTH UNEXPECTED_CONTENT_LENGTH LF_EXPECTED';
    for (const rule of rules.split(' ')) {
      const code = `HPE_${rule}`;
      expect(readFault(fault({ code }))).to.include({ verdict: 'transient', code, unprocessed: false });
    }
    expect(readFault(fault({ code: 'HPE_HEADER_OVERFLOW' })).verdict).to.equal('terminal');
  });

  it('is the same fault, with the same advice, under the names that undici, OpenSSL and axios have for it', () => {
    for (const [known, other] of [
      [{ code: 'HPE_INVALID_CONSTANT' }, wrapped(fault({ name: 'HTTPParserError', code: undefined }))],
      [{ code: 'HPE_INVALID_CONSTANT' }, fault({ name: 'HTTPParserError', code: 'HPE_INVALID_METHOD' })],
      [{ code: 'EPROTO' }, wrapped(fault({ code: 'ERR_SSL_WRONG_VERSION_NUMBER' }))],
      [{ code: 'EPROTO' }, fault({ code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' })],
      [{ code: 'ETIMEDOUT' }, Object.assign(new Error('mine'), { isAxiosError: true, code: 'ECONNABORTED' })],
      [{ code: 'ECONNABORTED' }, fault({ isAxiosError: true, code: 'ECONNABORTED' }, new Error('socket'))],
    ] as const) {
      const { verdict, hint } = readFault(fault(known));
      expect(readFault(other)).to.include({ verdict, hint });
    }
  });

  it('of an HTTP/2 stream that the server refused left the request unprocessed', () => {
    const reset = (why: string) =>
      readFault(
        Object.assign(new Error(`Stream closed with error code NGHTTP2_${why}`), {
          code: 'ERR_HTTP2_STREAM_ERROR',
        }),
      );
    expect(reset('REFUSED_STREAM')).to.include({ verdict: 'transient', unprocessed: true });
    expect(reset('INTERNAL_ERROR')).to.include({ verdict: 'transient', unprocessed: false });
  });

  it('of every address of a host is as curable as the most curable, as unsent as the least unsent', () => {
    const connect = fault({ code: 'ETIMEDOUT', syscall: 'connect' });
    const refused = fault({ code: 'ECONNREFUSED' });
    const reset = fault({ code: 'ECONNRESET' });
    const all = (...errors: unknown[]) => new AggregateError(errors);
    expect(readFault(all(connect, refused))).to.include({ verdict: 'transient', unprocessed: true });
    expect(readFault(all(refused, reset))).to.include({ verdict: 'transient', unprocessed: false });
    expect(readFault(all(refused, new Error('?')))).to.include({ verdict: 'transient', unprocessed: false });
    expect(readFault(all(fault({ code: 'ERR_INVALID_URL' })))).to.include({ verdict: 'terminal' });
    expect(readFault(all())).to.include({ verdict: 'terminal', code: 'AggregateError' });
    const happyEyeballs = Object.assign(all(connect, connect), { code: 'ETIMEDOUT' });
    expect(readFault(happyEyeballs)).to.include({ code: 'ETIMEDOUT', unprocessed: true });
    expect(readFault(fault({ code: 'ETIMEDOUT' }, happyEyeballs)), 'wrapped').to.include({
      unprocessed: true,
    });
  });

  it('that loops, nests without end or fights back is terminal, and quickly', () => {
    const loop = fault({});
    loop.cause = loop;
    const self = fault({ code: 'ECONNRESET' });
    Object.assign(self, { errors: Array(1e5).fill(self) });
    const endless: object = new Proxy({}, { get: () => endless });
    const trap: object = new Proxy(
      {},
      {
        get: () => {
          throw new Error('no');
        },
      },
    );
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const getter = {
      get code() {
        throw new Error('no');
      },
      get cause() {
        throw new Error('no');
      },
    };
    for (const hostile of [loop, endless, trap, proxy, getter, Object.create(null)]) {
      expect(readFault(hostile)).to.include({ verdict: 'terminal', unprocessed: false });
    }
    expect(readFault(self)).to.include({ verdict: 'transient' });
  });

  it('may be any value at all', () => {
    for (const value of [undefined, null, 0, 7n, '', 'ECONNRESET', true, Symbol('x'), () => {}, []]) {
      expect(readFault(value)).to.include({ verdict: 'terminal' });
    }
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true }), (value) =>
        ['transient', 'terminal'].includes(readFault(value).verdict),
      ),
    );
  });

  it('has a code that is safe to log', () => {
    expect(readFault({ code: 'E\r\nFAKE'.padEnd(10_000, 'x') }).code)
      .to.match(/^EFAKEx+$/)
      .and.have.length(256);
  });
});
