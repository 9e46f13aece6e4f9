import { OptionsError } from '../../words/errors.ts';

/**
 * The API's hosts and their clouds. Whether the regional hosts of a cloud have separate quotas is unknown; they are
 * assumed to share one, because that error costs speed rather than refusals.
 *
 * Sources: the regional hosts are listed on the Learn pages of 2025-11 to 2026-07, the government hosts in
 * defender-endpoint/gov.md of 2026-01; the `securitycenter` hosts are their predecessors, seen in clients and
 * in bodies of 2021 to 2026, and still answer.
 */
const CLOUDS: ReadonlyMap<string, string> = new Map([
  ['api.security.microsoft.com', 'commercial'],
  ['us.api.security.microsoft.com', 'commercial'],
  ['eu.api.security.microsoft.com', 'commercial'],
  ['uk.api.security.microsoft.com', 'commercial'],
  ['au.api.security.microsoft.com', 'commercial'],
  ['swa.api.security.microsoft.com', 'commercial'],
  ['ina.api.security.microsoft.com', 'commercial'],
  ['aea.api.security.microsoft.com', 'commercial'],
  ['api.securitycenter.microsoft.com', 'commercial'],
  ['api-us.securitycenter.microsoft.com', 'commercial'],
  ['api-eu.securitycenter.microsoft.com', 'commercial'],
  ['api-uk.securitycenter.microsoft.com', 'commercial'],
  ['api-au.securitycenter.microsoft.com', 'commercial'],
  ['api.securitycenter.windows.com', 'commercial'],
  ['api-gcc.securitycenter.microsoft.us', 'gcc'],
  ['api-gov.securitycenter.microsoft.us', 'gov'],
]);

const LOOPBACK = /^(?:localhost|\[::1\]|127(?:\.\d{1,3}){3})$/;

/** The API's hosts. */
export interface Hosts {
  /** Family of hosts that share a quota; `undefined` for a host that is not the API's. */
  familyOf(url: URL): string | undefined;
}

/**
 * The known hosts over HTTPS, the user's own hosts, and loopback addresses, where only a simulator can listen. Each
 * loopback origin is its own family; the user's hosts are assumed to lead to the commercial cloud.
 *
 * @param own `host`, `host:port` (both HTTPS) or an origin such as `http://simulator:8080`.
 */
export function hosts(own: readonly string[]): Hosts {
  const families = new Map([...CLOUDS].map(([host, cloud]) => [`https://${host}`, cloud]));
  for (const [i, host] of own.entries()) {
    families.set(originOf(host, `defender.hosts[${i}]`), 'commercial');
  }
  return {
    familyOf(url) {
      const family = families.get(url.origin);
      if (family !== undefined) return family;
      const web = url.protocol === 'http:' || url.protocol === 'https:';
      return web && LOOPBACK.test(url.hostname) ? url.host : undefined;
    },
  };
}

function originOf(host: unknown, option: string): string {
  const text = typeof host === 'string' && host.includes('://') ? host : `https://${host}`;
  const url = typeof host === 'string' && URL.canParse(text) ? new URL(text) : undefined;
  // Accepts only scheme, host and port.
  const web = url?.protocol === 'https:' || url?.protocol === 'http:';
  if (web && url.href === `${url.origin}/`) return url.origin;
  throw new OptionsError(
    option,
    host,
    "a host such as 'api.example.com', or an origin such as 'http://simulator:8080'",
  );
}
