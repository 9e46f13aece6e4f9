import { expect } from 'chai';
import { type DefenderOptions, defender } from '../../lib/profiles/index.ts';
import { OptionsError } from '../../lib/words/errors.ts';

const authorizes = (url: string, options?: DefenderOptions) => defender(options).authorizes?.(new URL(url));

describe("The Defender profile's token", () => {
  it("is for the API's hosts over HTTPS", () => {
    const hosts = [
      'api.security.microsoft.com',
      'swa.api.security.microsoft.com',
      'api.securitycenter.microsoft.com',
      'api-eu.securitycenter.microsoft.com',
      'api.securitycenter.windows.com',
      'api-gcc.securitycenter.microsoft.us',
      'api-gov.securitycenter.microsoft.us',
    ];
    for (const host of hosts) {
      expect(authorizes(`https://${host}/api/machines`), host).to.equal(true);
      expect(authorizes(`http://${host}/api/machines`), host).to.equal(false);
    }
  });

  it('is for loopback addresses, where a simulator listens', () => {
    for (const host of ['localhost:8080', '127.0.0.1:8080', '127.1.2.3', '[::1]:80']) {
      expect(authorizes(`http://${host}/api/machines`), host).to.equal(true);
    }
  });

  it('is for no other host, however much it looks like one', () => {
    const urls = [
      'https://example.com/api/machines',
      'https://api.security.microsoft.com.example.com/api/machines',
      'https://xapi.security.microsoft.com/api/machines',
      'https://api.security.microsoft.com:8443/api/machines',
      'https://api.security.microsoft.com@example.com/api/machines',
      'https://example.com/api.security.microsoft.com/api/machines',
      'https://127.0.0.1.example.com/api/machines',
      'https://localhost.example.com/api/machines',
      'http://10.0.0.1/api/machines',
      'http://0.0.0.0/api/machines',
      'ftp://localhost/api/machines',
      'file:///api/machines',
      'https://graph.microsoft.com/v1.0/security/runHuntingQuery',
    ];
    for (const url of urls) expect(authorizes(url), url).to.equal(false);
  });

  it('never meets a link with a signature of its own', () => {
    const links = [
      'https://core.windows.net/investigation-actions-data/x?se=2021&sp=r&sv=2019-07-07&sr=b&sig=1d',
      'https://api.security.microsoft.com:443/safedownload/WDATP_Investigation_Package.zip?token=gb',
      'https://api.security.microsoft.com/api/../safedownload/x.zip?token=gb',
      'https://api.security.microsoft.com/api/%2e%2e/safedownload/x.zip?token=gb',
      'https://api.security.microsoft.com/api/file?sig=1d',
      'http://127.0.0.1:8080/safedownload/x.zip?token=gb',
      'http://127.0.0.1:8080/tenant/oauth2/v2.0/token',
    ];
    for (const url of links) expect(authorizes(url), url).to.equal(false);
  });

  it("is for the user's own hosts as they were given", () => {
    const hosts = ['proxy.example', 'proxy.example:8443', 'http://simulator:8080'];
    for (const url of [
      'https://proxy.example/api/x',
      'https://PROXY.example:8443/api/x',
      'http://simulator:8080/api/x',
    ]) {
      expect(authorizes(url, { hosts }), url).to.equal(true);
    }
    for (const url of [
      'http://proxy.example/api/x',
      'https://simulator:8080/api/x',
      'http://simulator/api/x',
    ]) {
      expect(authorizes(url, { hosts }), url).to.equal(false);
    }
  });

  it("draws, on the user's own hosts, on the quotas of the commercial cloud", () => {
    const profile = defender({ hosts: ['proxy.example'] });
    const key = (host: string) =>
      profile.quota({ method: 'GET', url: new URL(`https://${host}/api/alerts`) }).key;
    expect(key('proxy.example')).to.equal(key('api.security.microsoft.com'));
  });

  it("is asked for with the API's scope, and a call outlives the hourly window", () => {
    expect(defender()).to.deep.include({
      scope: 'https://api.securitycenter.microsoft.com/.default',
      retry: { deadline: '75m' },
    });
  });
});

describe("The Defender profile's options", () => {
  const refused = (options: unknown, message: RegExp) =>
    expect(() => defender(options as DefenderOptions)).to.throw(OptionsError, message);

  it('may be left out, or undefined', () => {
    expect(() => defender()).not.to.throw();
    expect(() => defender({ tenant: undefined, app: undefined, hosts: undefined })).not.to.throw();
    expect(() =>
      defender({ tenant: '43f4cb08-8fac-4b65-9db1-745c2ae65f3a', app: 'contoso.onmicrosoft.com' }),
    ).not.to.throw();
  });

  it('are refused by name, with what was given and what is allowed', () => {
    refused(null, /'defender'.*only 'tenant'/);
    refused({ tennant: 'x' }, /'defender'.*only 'tenant', 'app' and 'hosts', got "tennant"/);
    refused({ tenant: '' }, /'defender.tenant'.*GUID.*got ""/);
    refused({ tenant: 7 }, /'defender.tenant'.*got 7/);
    refused({ app: 'a b' }, /'defender.app'.*got "a b"/);
    refused({ app: 'a\nb' }, /'defender.app'/);
    refused({ app: 'a/b' }, /'defender.app'/);
    refused({ app: 'x'.repeat(129) }, /'defender.app'/);
    refused({ hosts: 'proxy.example' }, /'defender.hosts'.*array/);
  });

  it('name the host that is wrong', () => {
    const wrong = [
      '',
      ' ',
      'a b',
      'https://',
      'https://x/path',
      'https://x?q',
      'ftp://x',
      'https://user@x',
      'x/y',
      7,
      null,
    ];
    for (const host of wrong) refused({ hosts: ['ok.example', host] }, /'defender.hosts\[1\]'/);
  });
});
