import { expect } from 'chai';
import fc from 'fast-check';
import { correlationIdOf, sanitizeId } from '../../lib/classify/correlation-id.ts';
import { CORRELATION_ID_LIMIT } from '../../lib/words/types.ts';

describe('A correlation ID', () => {
  it('is opaque text: a GUID, an Activity ID or anything else stays as it is', () => {
    for (const id of ['43f4cb08-8fac-4b65-9db1-745c2ae65f3a', '|3a.b_c-1.', 'Anfrage №7 – übel', '0', '🪵']) {
      expect(sanitizeId(id)).to.equal(id);
    }
  });

  it('loses what could forge or disguise a line of a log', () => {
    expect(sanitizeId('a\r\nFAKE line')).to.equal('aFAKE line');
    expect(sanitizeId('a\u0000\u001b[31mb\u007f\u0085\u2028\u2029c')).to.equal('a[31mbc');
    expect(sanitizeId('a\u202eb\u2066c\u200bd\ufeff')).to.equal('abcd');
  });

  it('is trimmed, and absent when nothing is left', () => {
    expect(sanitizeId('  id\t')).to.equal('id');
    for (const nothing of ['', ' ', '\u0000\u200b\n', '\u00a0'])
      expect(sanitizeId(nothing)).to.equal(undefined);
  });

  it('is absent when it is no text', () => {
    for (const raw of [undefined, null, 7, true, {}, ['a'], Symbol('a'), () => 'a']) {
      expect(sanitizeId(raw)).to.equal(undefined);
    }
  });

  it('is cut without splitting a character, and has no half characters', () => {
    const cut = sanitizeId('a'.repeat(CORRELATION_ID_LIMIT - 1) + '🪵'.repeat(3));
    expect(cut).to.equal('a'.repeat(CORRELATION_ID_LIMIT - 1));
    expect(sanitizeId('\ud800a\udc00')).to.equal('\ufffda\ufffd');
    expect(sanitizeId('a'.repeat(1e6))).to.have.length(CORRELATION_ID_LIMIT);
  });

  it('is short, well-formed, printable and unchanged by a second cleaning, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (raw) => {
        const id = sanitizeId(raw);
        if (id === undefined) return true;
        return (
          id.length <= CORRELATION_ID_LIMIT &&
          id.isWellFormed() &&
          !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(id) &&
          sanitizeId(id) === id
        );
      }),
    );
  });

  it("is taken from the service's own header before the gateway's, and from an echo last", () => {
    const echo = { 'client-request-id': 'mine' };
    const gateway = { ...echo, 'x-azure-ref': 'door' };
    const service = { ...gateway, 'x-ms-request-id': 'theirs' };
    expect(correlationIdOf(echo)).to.equal('mine');
    expect(correlationIdOf(gateway)).to.equal('door');
    expect(correlationIdOf(service)).to.equal('theirs');
    expect(correlationIdOf({ ...service, 'request-id': '\n' })).to.equal('theirs');
    expect(correlationIdOf({ 'request-id': ['first', 'second'] })).to.equal('first');
    expect(correlationIdOf({})).to.equal(undefined);
    expect(correlationIdOf(undefined)).to.equal(undefined);
  });
});
