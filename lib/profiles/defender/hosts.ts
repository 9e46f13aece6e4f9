import { OptionsError } from '../../words/errors.ts';
import { pathTemplate } from '../../words/path-template.ts';

/** Clouds of the API; each has its own tenants, quotas and token audience. */
export type Cloud = 'commercial' | 'gcc' | 'gov';

/**
 * The API's hosts, by pattern: Microsoft adds regions without notice. Each pattern ends in a domain of Microsoft and
 * `{region}` is one label of a name, so that no host of somebody else fits. Whether the regional hosts of a cloud have
 * separate quotas is unknown; they are assumed to share one, because that error costs speed rather than refusals.
 *
 * Sources: the regional hosts `eu.api.security.microsoft.com` are listed on the Learn pages of 2025-11 to 2026-07, the
 * government hosts in defender-endpoint/gov.md of 2026-01 and defender-xdr/usgov.md. The others are their predecessors
 * and siblings, seen in clients and in bodies of 2021 to 2026, and still answer: `api-eu`, `api-eu3`, `api-us3` below
 * `securitycenter.microsoft.com` and `securitycenter.windows.com`, `api-eu` below `security.microsoft.com`.
 */
const CLOUDS: readonly (readonly [host: string, cloud: Cloud])[] = [
  ['api.security.microsoft.com', 'commercial'],
  ['{region}.api.security.microsoft.com', 'commercial'],
  ['api-{region}.security.microsoft.com', 'commercial'],
  ['api.securitycenter.microsoft.com', 'commercial'],
  ['api-{region}.securitycenter.microsoft.com', 'commercial'],
  ['api.securitycenter.windows.com', 'commercial'],
  ['api-{region}.securitycenter.windows.com', 'commercial'],
  ['api-gcc.security.microsoft.us', 'gcc'],
  ['api-gcc.securitycenter.microsoft.us', 'gcc'],
  ['api-gov.security.microsoft.us', 'gov'],
  ['api-gov.securitycenter.microsoft.us', 'gov'],
];

const PATTERNS = CLOUDS.map(([host, cloud]) => ({ ...pathTemplate(host, '.'), cloud }));

const LOOPBACK = /^(?:localhost|\[::1\]|127(?:\.\d{1,3}){3})$/;

/**
 * Audience of a token: the OAuth scope of the API, and of its Defender XDR paths. Sources: exposed-apis-create-app-*.md
 * and defender-xdr/api-hello-world.md for the commercial cloud; for the government's, clients that use them.
 */
export const SCOPES: Readonly<Record<Cloud, { readonly endpoint: string; readonly xdr: string }>> = {
  commercial: {
    endpoint: 'https://api.securitycenter.microsoft.com/.default',
    xdr: 'https://api.security.microsoft.com/.default',
  },
  gcc: {
    endpoint: 'https://api-gcc.securitycenter.microsoft.us/.default',
    xdr: 'https://api-gcc.security.microsoft.us/.default',
  },
  gov: {
    endpoint: 'https://api-gov.securitycenter.microsoft.us/.default',
    xdr: 'https://api-gov.security.microsoft.us/.default',
  },
};

/** The API's hosts. */
export interface Hosts {
  /** Family of hosts that share a quota; `undefined` for a host that is not the API's. */
  familyOf(url: URL): string | undefined;
  /** Cloud of a host; `commercial` for the user's own hosts and for loopback addresses. */
  cloudOf(url: URL): Cloud;
}

/** Maximum number of origins whose cloud is remembered. */
const MAX_REMEMBERED = 100;

/**
 * The known hosts over HTTPS, the user's own hosts, and loopback addresses, where only a simulator can listen. Each
 * loopback origin is its own family; the user's hosts are assumed to lead to the commercial cloud.
 *
 * @param own `host`, `host:port` (both HTTPS) or an origin such as `http://simulator:8080`.
 */
export function hosts(own: readonly string[]): Hosts {
  const families = new Map<string, Cloud>();
  for (const [i, host] of own.entries()) {
    families.set(originOf(host, `defender.hosts[${i}]`), 'commercial');
  }
  const most = families.size + MAX_REMEMBERED;
  const known = (origin: string): Cloud | undefined => {
    const remembered = families.get(origin);
    if (remembered !== undefined) return remembered;
    const host = origin.startsWith('https://') ? origin.slice('https://'.length) : undefined;
    const cloud = host === undefined ? undefined : PATTERNS.find((pattern) => pattern.fits(host))?.cloud;
    if (cloud !== undefined && families.size < most) families.set(origin, cloud);
    return cloud;
  };
  return {
    familyOf(url) {
      const family = known(url.origin);
      if (family !== undefined) return family;
      const web = url.protocol === 'http:' || url.protocol === 'https:';
      return web && LOOPBACK.test(url.hostname) ? url.host : undefined;
    },
    cloudOf: (url) => known(url.origin) ?? 'commercial',
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
