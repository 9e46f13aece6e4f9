import { expect } from 'chai';
import { defender, defenderXdrLimits } from '../../lib/profiles/index.ts';

const profile = defender({ tenant: 't', app: 'a' });
const quota = (url: string, method = 'GET') => profile.quota({ method, url: new URL(url) });
const classify = (status: number, body: string | undefined, line = 'GET /api/machines/abc') => {
  const [method = '', path = ''] = line.split(' ');
  const url = new URL(path, 'https://api.securitycenter.microsoft.com');
  return profile.classify({ request: { method, url }, status, body, receivedAt: Date.UTC(2026, 10, 25) });
};
const error = (code: string, message: string) => JSON.stringify({ error: { code, message, target: 'id' } });

describe("Defender's hosts", () => {
  it('are known by pattern, with one quota for a cloud', () => {
    const { key } = quota('https://api.security.microsoft.com/api/alerts');
    const hosts = [
      'api-eu3.securitycenter.microsoft.com',
      'api-us3.securitycenter.microsoft.com',
      'api-us3.securitycenter.windows.com',
      'api-swa.securitycenter.windows.com',
      'api-eu.security.microsoft.com',
      'eu3.api.security.microsoft.com',
      'aea.api.security.microsoft.com',
      'API-UK2.SecurityCenter.Microsoft.com:443',
    ];
    for (const host of hosts) {
      expect(quota(`https://${host}/api/alerts`).key, host).to.equal(key);
      expect(profile.authorizes?.(new URL(`https://${host}/api/alerts`)), host).to.equal(true);
    }
  });

  it('are nobody else’s, however they look', () => {
    const hosts = [
      'api-eu3.securitycenter.microsoft.com.evil.example',
      'api-eu3.evil.securitycenter.microsoft.com',
      'api-eu3-securitycenter.microsoft.com',
      'api-.securitycenter.microsoft.com',
      'a.b.api.security.microsoft.com',
      'evil.example:443@api-eu3.securitycenter.microsoft.com.example',
      'api-eu3.securitycenter.microsoft.us',
      'api-gov.security.microsoft.com.us',
      'api-eu3.securitycenter.microsoft.com:8443',
      'apixsecuritycenter.microsoft.com',
    ];
    for (const host of hosts) {
      const url = new URL(`https://${host}/api/alerts`);
      expect(profile.authorizes?.(url), host).to.equal(false);
      expect(quota(url.href).windows, host).to.deep.equal([]);
    }
    expect(profile.authorizes?.(new URL('http://api-eu3.securitycenter.microsoft.com/api/alerts'))).to.equal(
      false,
    );
  });

  it('stay known after any number of hosts', () => {
    const many = defender();
    for (let i = 0; i < 300; i += 1) {
      const url = new URL(`https://api-r${i}.securitycenter.windows.com/api/alerts`);
      expect(many.authorizes?.(url)).to.equal(true);
    }
  });

  it('of each government cloud have quotas of their own', () => {
    const path = '/api/alerts';
    const keys = [
      'api.security.microsoft.com',
      'api-gcc.security.microsoft.us',
      'api-gov.security.microsoft.us',
    ].map((host) => quota(`https://${host}${path}`).key);
    expect(new Set(keys)).to.have.property('size', 3);
    expect(quota(`https://api-gov.securitycenter.microsoft.us${path}`).key).to.equal(keys[2]);
    expect(quota(`https://api-gcc.securitycenter.microsoft.us${path}`).key).to.equal(keys[1]);
  });

  it('take tokens of their own audience', () => {
    const scope = (url: string) => profile.scopeOf?.(new URL(url));
    for (const [host, audience] of [
      ['api.security.microsoft.com', 'api.securitycenter.microsoft.com'],
      ['api-eu3.securitycenter.microsoft.com', 'api.securitycenter.microsoft.com'],
      ['api-us3.securitycenter.windows.com', 'api.securitycenter.microsoft.com'],
      ['api-gcc.securitycenter.microsoft.us', 'api-gcc.securitycenter.microsoft.us'],
      ['api-gov.securitycenter.microsoft.us', 'api-gov.securitycenter.microsoft.us'],
      ['api-gov.security.microsoft.us', 'api-gov.securitycenter.microsoft.us'],
    ]) {
      expect(scope(`https://${host}/api/machines`), host).to.equal(`https://${audience}/.default`);
    }
    for (const [host, audience] of [
      ['us.api.security.microsoft.com', 'api.security.microsoft.com'],
      ['api.securitycenter.microsoft.com', 'api.security.microsoft.com'],
      ['api-gcc.security.microsoft.us', 'api-gcc.security.microsoft.us'],
      ['api-gov.security.microsoft.us', 'api-gov.security.microsoft.us'],
    ]) {
      for (const path of [
        '/api/advancedhunting/run',
        '/api/v1.0/AdvancedHunting/run',
        '/api/incidents',
        '/api/incidents/7',
        "/api/incidents('7')",
      ]) {
        expect(scope(`https://${host}${path}`), host + path).to.equal(`https://${audience}/.default`);
      }
    }
  });
});

describe("Defender XDR's paths", () => {
  it('have their documented limits, hunting those of the tenant', () => {
    for (const { method, path, perMinute, perHour } of defenderXdrLimits) {
      const { windows, key } = quota(
        `https://api.security.microsoft.com${path.replace('{id}', '7')}`,
        method,
      );
      expect(windows, path).to.deep.equal([
        { limit: perMinute, per: 60_000 },
        ...(perHour === null ? [] : [{ limit: perHour, per: 3_600_000 }]),
      ]);
      expect(key).to.equal(`defender/commercial/${path.includes('hunting') ? 't' : 't/a'} ${method} ${path}`);
    }
    expect(defenderXdrLimits).to.have.length(4);
  });

  it('may be resent where they ask or set', () => {
    const resendable = (line: string, body = '{}') => {
      const [method = '', path = ''] = line.split(' ');
      const url = new URL(path, 'https://api.security.microsoft.com');
      return profile.resendable?.({ method, url, body: () => body });
    };
    expect(resendable('POST /api/advancedhunting/run')).to.equal(true);
    expect(resendable('PATCH /api/incidents/7')).to.equal(true);
    expect(resendable('PATCH /api/incidents/7', '{"comment":"x"}')).to.equal(false);
  });

  it('of hunting are announced as retired', () => {
    const url = new URL('https://api.security.microsoft.com/api/advancedhunting/run');
    expect(profile.notice?.({ method: 'POST', url })).to.have.property('code', 'deprecated-endpoint');
  });
});

describe('The hint of a Defender refusal', () => {
  it('tells a wrong path from a wrong ID', () => {
    for (const body of [undefined, '', '<html>404</html>', '{}', '"x"']) {
      expect(classify(404, body, 'GET /api/nosuch').hint, body).to.match(
        /^The path, rather than the ID, is wrong/,
      );
      expect(classify(404, body, 'GET /api/machines/abc').hint, body).to.match(
        /^The path, rather than the ID, is wrong/,
      );
    }
    expect(classify(404, error('ResourceNotFound', 'x')).hint).to.match(/check the ID/);
    expect(classify(404, error('SomethingNew', 'x')).hint).to.match(/check the ID/);
    expect(classify(404, undefined, 'HEAD /api/machines/abc').hint, 'HEAD').to.match(/check the ID/);
  });

  it('tells an application’s token from a user’s', () => {
    const forbidden = (message: string) => {
      const read = classify(403, error('Forbidden', message));
      expect(read).to.include({ verdict: 'terminal', code: 'Forbidden', correlationId: 'id' });
      return read.hint;
    };
    expect(
      forbidden(
        'Missing application roles. API required roles: Machine.Read.All,Machine.ReadWrite.All, application roles: Alert.ReadWrite.All.',
      ),
    ).to.match(/application token.*application roles/);
    expect(
      forbidden(
        'The application does not have any of the required application permissions (Machine.Isolate) to access the resource.',
      ),
    ).to.match(/application token/);
    expect(
      forbidden('Missing application scopes. API required one of the following scopes: Machine.Read.'),
    ).to.match(/delegated .user. token.*scope/);
    expect(forbidden('Application context is not allowed to access this API')).to.match(
      /delegated token.*instead of client credentials/,
    );
    expect(forbidden('Something else')).to.match(/lacks a permission/);
  });

  it('blames no credentials where a firewall or proxy answered', () => {
    const blocked =
      '<html><head><title>403</title></head><body><h2>The request is blocked.</h2></body></html>';
    for (const status of [403, 401, 404, 502]) {
      expect(classify(status, blocked).hint, String(status))
        .to.match(/page of Azure Front Door/)
        .and.not.match(/roles|token/);
    }
    expect(classify(403, blocked)).to.include({ verdict: 'terminal' });
  });

  it('tells a missing licence from a token that has expired', () => {
    for (const message of [
      'Unauthorized request - reason of failure: Account mode is inactive',
      'Unauthorized request - reason of failure: No Tvm license',
      'Unauthorized request - Account is not provisioned.',
    ]) {
      const read = classify(401, error('Unauthorized', message));
      expect(read, message).to.include({ verdict: 'terminal', code: 'Unauthorized' });
      expect(read.hint, message).to.match(/token.*does not help/);
    }
    expect(classify(401, error('Unauthorized', 'The token has expired'))).to.include({
      verdict: 'unauthorized',
    });
  });
});
