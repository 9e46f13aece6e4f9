import { expect } from 'chai';
import { safeUrl } from '../../lib/events/safe-url.ts';

describe('A URL on an event', () => {
  const shown = (rest: string) => safeUrl(new URL(rest, 'https://user:SECRET@h/'));

  for (const name of [
    'sig',
    'token',
    'access_token',
    'client_secret',
    'api-key',
    'X-Amz-Signature',
    'X-Amz-Security-Token',
    'code',
    'se%63ret',
    'passphrase',
    'SAMLResponse',
    'sessionid',
    'PHPSESSID',
    'otp',
    'ticket',
    'q[token]',
  ]) {
    it(`hides the value of '${name}'`, () => {
      expect(shown(`/p?a=1&${name}=SECRET`)).to.equal(`https://h/p?a=1&${name}=REDACTED`);
    });
  }

  for (const [hidden, rest, text] of [
    ['what its path holds as a parameter', '/p;jsessionid=SECRET/q', 'https://h/p;jsessionid=REDACTED/q'],
    ['a URL within that is signed', '/?u=https%3A%2F%2Fx%2F%3Fsig%3DSECRET', 'https://h/?u=REDACTED'],
    ['a URL within that has a password', '/?u=https://me:SECRET@x/', 'https://h/?u=REDACTED'],
    ['a JSON Web Token in its path', '/eyJhbGciOiJIUzI1NiJ9.SECRET.SECRET/q', 'https://h/REDACTED/q'],
    ['a JSON Web Token by itself', '/?eyJhbGciOiJIUzI1NiJ9.SECRET', 'https://h/?REDACTED'],
    ['its fragment', '/#SECRET', 'https://h/'],
  ] as const) {
    it(`hides ${hidden}`, () => {
      expect(shown(rest)).to.equal(text);
    });
  }

  it('shows all else', () => {
    const rest = "/api/machines(1);v=2?$filter=a eq 'b'&$top=5&signal=1&u=https://x/?page=2&state=on&a=%ff";
    expect(shown(rest)).to.equal(new URL(rest, 'https://h/').href);
  });

  it('is cut where it is too long, in little time', () => {
    const long = shown(`/?a=${'eyJ'.repeat(100_000)}`);
    expect(long).to.have.length(2049);
  });
});
