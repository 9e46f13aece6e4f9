import { expect } from 'chai';
import fc from 'fast-check';
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

  const SECRETS = `X-Amz-Credential X-Goog-Signature X-Goog-Credential AWSAccessKeyId Signature passcode tokens keys
    passwords sas pw appid app_id nonce signed hash authcode auth_code cred creds oauth_verifier oauth_nonce apisig totp
    accesstoken accessToken access-tokens clientSecret api_keys[] apiKey APIkey APIKEY refresh-tokens subscription-key
    private_key userpin pass-phrase dbpass userpass samlrequest csrf_token jwt bearer authorization code_verifier
    password1 passwordconfirm newPassword device_code smscode webhooksecret pAsSwOrD ASPSESSIONIDQQABCD Key-Pair-Id
    sharedaccesssignature 2fa_code $skiptoken license_key hashes passes id_token_hint passkeys tök%C3%A9n t%256Fken
    psw pswd passw tok tkn mdp contrase%C3%B1a senha wachtwoord Schl%C3%BCssel crumb macaroon mnemonic seed_phrase
    connectionString dsn 2fa tfa md5 salt card_number creditCard ssn security_answer`;
  for (const name of SECRETS.split(/\s+/)) {
    it(`hides the value of '${name}', by what it means`, () => {
      const { search } = new URL(`https://h/?${name}=REDACTED`);
      expect(shown(`/p?a=1&${name}=SECRET&b=2`)).to.equal(`https://h/p?a=1&${search.slice(1)}&b=2`);
    });
  }

  const PLAIN = `$filter signal page design keyword monkey passenger author authors hashtag broken country_code zipCode
    status_code partitionKey sort_key keyboard tokenizer compass bypass passport assign unsigned signup pinned opinion
    shipping decode encoding barcode postcode authority sidebar inside donkey hockey secretary announce sacred credits
    incredible classes accession breadcrumbs swan salty task path pattern api-version client_id tenant username email cursor`;
  for (const name of PLAIN.split(/\s+/)) {
    it(`shows the value of '${name}'`, () => {
      expect(shown(`/p?${name}=SHOWN`)).to.equal(`https://h/p?${name}=SHOWN`);
    });
  }

  it('shows times, places, and words beside colons that name no secret', () => {
    for (const rest of [
      '/?t=2026-11-01T00:00:00Z&at=12:30&u=https://h:8080/p&q=is:open+author:me&d=sha256:abc',
      '/v1/my%20project/keys:list?a=b:c',
      '/webhooks/42?a=b',
    ])
      expect(shown(rest)).to.equal(`https://h${rest}`);
  });

  it('shows counts', () => {
    expect(shown('/?max_tokens=100&max-keys=1000&session_count=3')).to.include(
      'max_tokens=100&max-keys=1000&session_count=3',
    );
    expect(shown('/?total_tokens=SECRET')).to.not.include('SECRET');
  });

  for (const [what, rest] of [
    ['JSON', `/?q=${encodeURIComponent('{"a":{"clientSecret":"SECRET"}}')}`],
    ['JSON in JSON', `/?q=${encodeURIComponent(JSON.stringify({ a: JSON.stringify({ token: 'SECRET' }) }))}`],
    ['XML', '/?q=<password>SECRET</password>'],
    ['a cookie', '/?c=a=1;%20sid=SECRET'],
    ['an encoded query', '/?next=%2Fp%3Fa%3D1%26token%3DSECRET'],
    ['a query encoded twice', `/?next=${encodeURIComponent(encodeURIComponent('/p?token=SECRET'))}`],
    [
      'a query encoded five times',
      `/?n=${[1, 2, 3, 4, 5].reduce((text) => encodeURIComponent(text), '/p?token=SECRET')}`,
    ],
    ['a fragment of a URL', `/?u=${encodeURIComponent('https://x/#access_token=SECRET')}`],
    ['the user of a URL', `/?u=${encodeURIComponent('https://me:SECRET@x/')}`],
    ['the user of a URL encoded twice', `/?u=${encodeURIComponent(encodeURIComponent('//me:SECRET@x/'))}`],
    ['the user of a URL in the path', '/proxy/https://me:SECRET@x/'],
    ['the user of an encoded URL in the path', '/proxy/https%3A%2F%2Fme%3ASECRET%40x'],
    ['a matrix parameter', '/p;a=1;token=SECRET/q'],
    ['a matrix parameter, encoded', '/p;tok%65n=SECRET/q'],
    ['a segment of the path', '/auth/token=SECRET/q'],
    ['a key of OData', "/Users(password='SECRET')"],
    ['parameters set apart by semicolons', '/?a=1;token=SECRET;b=2'],
    ['a header', '/?h=Authorization:+Bearer+SECRETSECRET'],
    ['a header, by its name', '/?h=Authorization:SECRET'],
    ['a header, by its encoded name', `/?h=${encodeURIComponent('x-api-key: SECRET')}`],
    ['text with a name and a colon', `/?q=${encodeURIComponent(encodeURIComponent('password: SECRET'))}`],
    ["the path of a bot of Telegram's", '/bot123456789:SECRET0123456789abcdef0123456789/getMe'],
    ["the path of a webhook of Slack's", '/services/T0123/B0123/SECRET0123456789abcdef01'],
    ["the path of a webhook of Discord's", '/api/webhooks/123/SECRET0123456789abcdef0123456789/slack'],
    ['what is malformed', '/?q=%7B%22token%22:%22SECRET%22%ff'],
    ['a SAS of Azure', '/c/b?sv=2022-11-02&sig=SECRET%3D'],
  ] as const) {
    it(`hides a secret within ${what}`, () => {
      expect(shown(rest)).to.not.include('SECRET');
    });
  }

  for (const token of [
    'ghp_SECRET0123456789abcdef0123456789ab',
    'github_pat_SECRET0123456789_abcdef0123456789',
    'sk-proj-SECRET0123456789abcdef0123',
    'sk_live_SECRET0123456789abcdef01',
    'xoxb-123456789012-SECRETabcdefghijklmnop',
    'AKIASECRET0123456789',
    'AIzaSECRET0123456789abcdef0123456789abc',
    'ya29.SECRET0123456789abcdef',
    'eyJhbGciOiJub25lIn0.SECRET0123.',
    'ZXlKaGJHY2lPaUpJVXpJMU5pSjkuSECRET',
  ]) {
    it(`hides a secret that shows by its shape: ${token.slice(0, 12)}…`, () => {
      for (const rest of [
        `/bot/${token}/send`,
        `/p?x=${token}`,
        `/p?${token}`,
        `/p?x=${encodeURIComponent(encodeURIComponent(`a ${token}`))}`,
      ]) {
        expect(shown(rest)).to.not.include('SECRET');
      }
    });
  }

  it('shows words that begin as a token does', () => {
    for (const rest of [
      '/task-force-of-the-world-0123456789',
      '/sk-something-or-other-quite-long',
      '/sk-SK/p',
    ]) {
      expect(shown(rest)).to.equal(`https://h${rest}`);
    }
  });

  it('hides the parameters that its user named', () => {
    const url = new URL(
      'https://h/p;mine=SECRET?MyParam=SECRET&q[mine]=SECRET&ref-1=SECRET&ref-2=SECRET&a=1&u=%3Fmine=SECRET',
    );
    const text = safeUrl(url, ['mine', 'myparam', /^ref-/g]);
    expect(text).to.not.include('SECRET');
    expect(text).to.include('a=1');
  });

  it('never shows a secret parameter, however it is written', () => {
    const name = fc.constantFrom('token', 'clientSecret', 'api_keys', 'X-Amz-Signature', 'pw', 'authcode');
    const layers = fc.nat(3);
    const wrap = fc.constantFrom<(pair: string) => string>(
      (pair) => pair,
      (pair) => `https://x/?${pair}`,
      (pair) => `a=1&${pair}&b=2`,
      (pair) => `/p;${pair}/q`,
      (pair) => `https://x/#${pair}`,
      (pair) => JSON.stringify({ a: [Object.fromEntries([pair.split('=')])] }),
    );
    const noise = fc.string({ maxLength: 12 });
    fc.assert(
      fc.property(name, layers, wrap, noise, (secret, count, inner, before) => {
        let value = inner(`${secret}=SECRET`);
        for (let layer = 0; layer < count; layer += 1) value = encodeURIComponent(value);
        const url = new URL('https://h/p');
        url.search = `n=${encodeURIComponent(before)}&v=${encodeURIComponent(value)}`;
        expect(safeUrl(url)).to.not.include('SECRET');
      }),
      { numRuns: 2000 },
    );
  });

  it('takes a time linear in the URL, whatever it holds', () => {
    for (const piece of [
      'a=',
      '%25',
      'eyJ',
      'a;',
      '=',
      'sk-',
      '//',
      '{"a":',
      '%7B',
      '@:',
      'a-',
      'aaSign',
      '%',
      '.eyJ',
    ]) {
      const hostile = piece.repeat(300_000);
      expect(shown(`/p${hostile}?x=${hostile}&${hostile}`).length).to.be.at.most(2049);
    }
  });

  it('shows all else', () => {
    const rest = "/api/machines(1);v=2?$filter=a eq 'b'&$top=5&signal=1&u=https://x/?page=2&state=on&a=%ff";
    expect(shown(rest)).to.equal(new URL(rest, 'https://h/').href);
  });

  it('is cut where it is too long, in little time', () => {
    const long = shown(`/?a=${'eyJ'.repeat(100_000)}`);
    expect(long).to.have.length(2049);
  });
});
