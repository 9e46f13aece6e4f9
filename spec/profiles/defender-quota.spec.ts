import { expect } from 'chai';
import fc from 'fast-check';
import { defender, defenderLimits } from '../../lib/profiles/index.ts';

const profile = defender({ tenant: 'contoso', app: 'sweep' });
const HOST = 'https://api.security.microsoft.com';
const quota = (method: string, url: string) => profile.quota({ method, url: new URL(url, HOST) });
const classOf = (method: string, url: string) => quota(method, url).key.replace(/^\S+ /, '');

/** A path of the template, with every placeholder filled in. */
const pathOf = (template: string) => template.replaceAll(/\{\w+\}/g, 'x1');

describe("The Defender profile's quotas", () => {
  it('are those of the documented table, each endpoint its own', () => {
    const keys = new Set<string>();
    for (const { method, path, perMinute, perHour } of defenderLimits) {
      const { key, windows } = quota(method, pathOf(path));
      const expected = [
        ...(perMinute === null ? [] : [{ limit: perMinute, per: 60_000 }]),
        ...(perHour === null ? [] : [{ limit: perHour, per: 3_600_000 }]),
      ];
      expect(windows, path).to.eql(expected);
      expect(key, path).to.match(new RegExp(` ${method} /api/`));
      keys.add(key);
    }
    expect(keys.size).to.equal(defenderLimits.length).and.to.equal(113);
    expect(defenderLimits.filter((l) => l.perMinute !== null || l.perHour !== null)).to.have.length(85);
  });

  it('are found with or without version, in any case, with repeated, trailing or encoded characters', () => {
    const key = quota('GET', '/api/machines/abc/alerts').key;
    const spellings = [
      '/api/v1.0/machines/abc/alerts',
      '/API/V1.0/Machines/ABC/Alerts',
      '/api/machines/abc/alerts/',
      '/api//machines//abc//alerts//',
      'https://api.security.microsoft.com//api/machines/abc/alerts',
      '/api/machines/abc/%61lerts',
      '/api/machines/100%25/alerts',
      '/api/machines/%E0%A4%A/alerts',
      '/api/machines/a%2Fb/alerts',
      "/api/machines('abc')/alerts",
      '/api/machines/abc/alerts?$top=5#x',
    ];
    for (const path of spellings) expect(quota('GET', path).key, path).to.equal(key);
  });

  it('are found for calls of OData functions', () => {
    const find = "GET /api/machines/findbyip(ip='{ip}',timestamp={ts})";
    expect(classOf('GET', "/api/machines/findbyip(ip='10.2.3.4',timestamp=2019-09-22T08:44:05Z)")).to.equal(
      find,
    );
    expect(
      classOf('GET', '/api/machines/FindByIp(ip=%2710.2.3.4%27,timestamp=2019-09-22T08:44:05Z)'),
    ).to.equal(find);
    expect(classOf('GET', '/api/machineactions/a-b/GetLiveResponseResultDownloadLink(index=0)')).to.equal(
      'GET /api/machineactions/{id}/GetLiveResponseResultDownloadLink(index={i})',
    );
    expect(classOf('GET', '/api/machineactions/a-b/getPackageUri()')).to.equal(
      'GET /api/machineactions/{id}/getPackageUri',
    );
  });

  it('prefer a literal name to an ID, and fall back to the ID where the name leads nowhere', () => {
    expect(classOf('GET', '/api/machines/findbytag?tag=x')).to.equal('GET /api/machines/findbytag');
    expect(classOf('GET', '/api/machines/findbytag/alerts')).to.equal('GET /api/machines/{id}/alerts');
    expect(classOf('GET', '/api/alerts/batchUpdate')).to.equal('GET /api/alerts/{id}');
    expect(classOf('POST', '/api/alerts/batchUpdate')).to.equal('POST /api/alerts/batchUpdate');
    expect(classOf('GET', '/api/vulnerabilities/machinesVulnerabilities')).to.equal(
      'GET /api/vulnerabilities/machinesVulnerabilities',
    );
    expect(classOf('GET', "/api/alerts('da1_2')")).to.equal('GET /api/alerts/{id}');
  });

  it('are shared by GET and HEAD, and by the regional hosts of one cloud', () => {
    const { key } = quota('GET', '/api/alerts');
    expect(quota('HEAD', '/api/alerts').key).to.equal(key);
    for (const region of ['us.', 'eu.', 'uk.', 'au.', 'swa.', 'ina.', 'aea.']) {
      expect(quota('GET', `https://${region}api.security.microsoft.com/api/alerts`).key, region).to.equal(
        key,
      );
    }
    expect(quota('GET', 'https://API.SecurityCenter.windows.com:443/api/alerts').key).to.equal(key);
  });

  it('are apart for each cloud, tenant, application and loopback server', () => {
    const alerts = (options: { tenant?: string; app?: string }, host: string) =>
      defender(options).quota({ method: 'GET', url: new URL('/api/alerts', host) }).key;
    const keys = [
      alerts({}, HOST),
      alerts({ tenant: 'a' }, HOST),
      alerts({ app: 'a' }, HOST),
      alerts({ tenant: 'a', app: 'a' }, HOST),
      alerts({}, 'https://api-gcc.securitycenter.microsoft.us'),
      alerts({}, 'https://api-gov.securitycenter.microsoft.us'),
      alerts({}, 'http://127.0.0.1:8080'),
      alerts({}, 'http://localhost:8081'),
      alerts({}, 'http://[::1]:8082'),
    ];
    expect(new Set(keys)).to.have.property('size', keys.length);
    expect(alerts({ tenant: 'ABC' }, HOST)).to.equal(alerts({ tenant: 'abc' }, HOST));
  });

  it('have their documented windows on a loopback server too', () => {
    expect(quota('POST', 'http://127.0.0.1:8080/api/alerts/batchUpdate').windows).to.eql([
      { limit: 10, per: 60_000 },
      { limit: 500, per: 3_600_000 },
    ]);
  });

  it('of advanced hunting belong to the tenant, whatever the application', () => {
    const hunt = (app: string) =>
      defender({ tenant: 't', app }).quota({ method: 'POST', url: new URL('/api/advancedqueries/run', HOST) })
        .key;
    expect(hunt('one'))
      .to.equal(hunt('two'))
      .and.to.equal('defender/commercial/t POST /api/advancedqueries/run');
  });

  it('of advanced hunting count running time beside the calls: 10 minutes an hour, 3 hours a day', () => {
    const url = new URL('/api/advancedqueries/run', HOST);
    const [calls, time, ...more] = profile.quotas?.({ method: 'POST', url }) ?? [];
    expect(more).to.deep.equal([]);
    expect(calls?.windows).to.eql([
      { limit: 45, per: 60_000 },
      { limit: 1500, per: 3_600_000 },
    ]);
    expect(time?.windows).to.eql([
      { limit: 600, per: 3_600_000, of: 'seconds' },
      { limit: 10_800, per: 86_400_000, of: 'seconds' },
    ]);
    expect(time?.key).to.equal('defender/commercial/contoso running time of hunts');
  });

  it('of endpoints nobody documented are few, whatever the paths', () => {
    const keys = new Set<string>();
    for (let i = 0; i < 2000; i++) {
      keys.add(quota('POST', `/api/machines/${i}/newAction`).key);
      keys.add(quota('GET', `/api/machines/${i}/${i}`).key);
      keys.add(quota('GET', `/api/thing${i}/${i}`).key);
      keys.add(quota(`M${i}`, `/api/machines/${i}`).key);
      keys.add(quota('GET', `/safedownload/${i}?token=${i}`).key);
    }
    expect([...keys].map((key) => key.replace(/^\S+ /, ''))).to.have.members([
      'POST /api/machines/*',
      'GET /api/machines/*',
      'other',
    ]);
    expect(quota('GET', '/api/thing').windows).to.eql([]);
    expect(classOf('GET', '/machines'), 'not below /api').to.equal('other');
    expect(classOf('GET', '/apis/machines')).to.equal('other');
  });

  it('of foreign hosts go by origin', () => {
    expect(quota('GET', 'https://core.blob.core.windows.net/x?sig=y')).to.eql({
      key: 'https://core.blob.core.windows.net',
      windows: [],
      bucket: 'account',
    });
    expect(quota('GET', 'http://api.security.microsoft.com/api/alerts').key, 'not HTTPS').to.equal(
      'http://api.security.microsoft.com',
    );
    expect(quota('GET', 'https://api.security.microsoft.com.evil.example/api/alerts').windows).to.eql([]);
  });

  it('are found for any URL without a throw', () => {
    fc.assert(
      fc.property(
        fc.webPath(),
        fc.string(),
        fc.constantFrom('GET', 'POST', 'PATCH', 'BREW'),
        (path, extra, method) => {
          const { key } = quota(method, `${HOST}/api${path}/${encodeURIComponent(extra.toWellFormed())}`);
          expect(key.startsWith('defender/commercial/contoso')).to.equal(true);
        },
      ),
    );
  });

  it('are found in short time for a path of any length', () => {
    const before = process.cpuUsage();
    quota('GET', `/api${'/machines'.repeat(1e5)}`);
    quota('GET', `/api/machines/${'('.repeat(1e5)}`);
    quota('GET', `${'/'.repeat(1e5)}api`);
    // In µs. A time that grows with the square of the length is 10 s or more.
    expect(process.cpuUsage(before).user).to.be.below(5_000_000);
  });
});
