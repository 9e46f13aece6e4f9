/** Schema of a quota's `match`. Rejects matches that no request can fit, and suggests what was probably meant. */
import * as v from 'valibot';
import { METHOD_RULE, method, object } from './schema.ts';
import type { QuotaMatch } from './types.ts';

const PATH_RULE = "a path that starts with '/', without a query: '/v1/items/{id}', or '/v1/**' for all below";
const HOST_RULE = "a host, such as 'api.example.com', '*.example.com' or 'localhost:8080'";
/** Maximum length of a path, and of a host, in characters. */
const MAX_PATH = 2000;
const MAX_HOST = 200;

/** The rule that a path breaks; `undefined` for a valid path. */
function pathFault(path: string): string | undefined {
  if (path.length > MAX_PATH) return `a path of at most ${MAX_PATH} characters`;
  if (path === '*' || path === '**') return "'/**' for any path, or no path at all";
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(path)) return `${PATH_RULE}; the host goes into match.host`;
  const segments = path.split('/');
  if (segments.some((segment) => /^:\w/.test(segment))) {
    const braced = segments.map((segment) => segment.replace(/^:(\w+)[?*+]?/, '{$1}')).join('/');
    return `a path whose variable segments are in braces: '${braced}'`;
  }
  if (!path.startsWith('/') || /[?#]/.test(path)) return PATH_RULE;
  if (segments.some((segment) => segment === '.' || segment === '..')) {
    return "a path without '.' and '..' segments: no request has them";
  }
  if (path.includes('\\') || segments.some((segment) => /^\.[*+]$/.test(segment))) {
    return `${PATH_RULE}, no regular expression`;
  }
  if (/[{}]/.test(path.replace(/\{[^{}/]*\}/g, ''))) {
    return "a path in which every '{' has its '}' in the same segment: '/v1/items/{id}'";
  }
  return undefined;
}

/** The rule that a host breaks; `undefined` for a valid host. */
function hostFault(host: string): string | undefined {
  if (host === '' || host.length > MAX_HOST) return HOST_RULE;
  if (/[/\\?#@\s]/.test(host)) return `${HOST_RULE}: without scheme, path and user`;
  if (/:(?:443|80)$/.test(host))
    return "a host without its scheme's own port, which no URL holds: 'api.example.com'";
  return undefined;
}

/** Schema of a text that `fault` checks. */
function sound(rule: string, fault: (given: string) => string | undefined): v.GenericSchema<string> {
  return v.pipe(
    v.string(rule),
    v.check(
      (given) => fault(given) === undefined,
      ({ input }) => fault(input) ?? rule,
    ),
  );
}

const one = v.pipe(
  method,
  v.check((name) => name !== '*', `${METHOD_RULE}; leave match.method out for any`),
);

/** Schema of a quota's `match`. */
export const match: v.GenericSchema<QuotaMatch> = object({
  method: v.optional(
    v.union([one, v.pipe(v.array(one), v.minLength(1, METHOD_RULE))], ({ issues }) =>
      issues?.[0]?.message.includes('match.method')
        ? issues[0].message
        : `${METHOD_RULE}, or an array of them`,
    ),
  ),
  path: v.optional(sound(PATH_RULE, pathFault)),
  host: v.optional(sound(HOST_RULE, hostFault)),
});
