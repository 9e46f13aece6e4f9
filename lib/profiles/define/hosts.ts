import { OptionsError } from '../../words/errors.ts';
import { pathTemplate } from '../../words/path-template.ts';
import type { ProfileDefinition } from './definition.ts';

const LOOPBACK = /^(?:localhost|\[::1\]|127(?:\.\d{1,3}){3})$/;

/** Maximum number of origins whose family is remembered. */
const MAX_REMEMBERED = 100;

/** Hosts of an API. */
export interface Hosts {
  /** Family of hosts that share a quota; `undefined` for a host that is not the API's. */
  familyOf(url: URL): string | undefined;
}

/**
 * The profile's hosts over HTTPS, the user's own hosts, and loopback addresses, where only a simulator can listen. Each
 * loopback origin is its own family.
 *
 * @param own `host`, `host:port` (both HTTPS) or an origin such as `http://simulator:8080`.
 */
export function hosts(
  { name, hosts, family }: Pick<ProfileDefinition, 'name' | 'hosts' | 'family'>,
  own: readonly string[],
): Hosts {
  const patterns = hosts.map((each) => {
    const { host, family } = typeof each === 'string' ? { host: each, family: undefined } : each;
    return { family, exact: !/[{*]/.test(host), template: pathTemplate(host, '.') };
  });
  // Exact hosts precede patterns.
  patterns.sort((a, b) => Number(b.exact) - Number(a.exact));
  const families = new Map<string, string>();
  for (const [i, host] of own.entries()) {
    const origin = originOf(host, `${name}.hosts[${i}]`);
    families.set(origin, family ?? new URL(origin).host);
  }
  const maxFamilies = families.size + MAX_REMEMBERED;
  return {
    familyOf(url) {
      const { origin } = url;
      const remembered = families.get(origin);
      if (remembered !== undefined) return remembered;
      if (url.protocol === 'https:') {
        const fitting = patterns.find(({ template }) => template.fits(url.host));
        if (fitting) {
          const found = fitting.family ?? url.host;
          if (families.size < maxFamilies) families.set(origin, found);
          return found;
        }
      }
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
