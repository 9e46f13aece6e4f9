/** Schema of a quota's `match`. Rejects matches that no request can fit, and suggests what was probably meant. */
import * as v from 'valibot';
import { METHOD_RULE, methodBut, object, unlike } from './schema.ts';
import type { QuotaMatch } from './types.ts';

const PATH_RULE =
  "a path that starts with '/', without a query: '/v1/items/{id}', or '/v1/**' for everything below";
const HOST_RULE = "a host, such as 'api.example.com', '*.example.com' or 'localhost:8080'";
/** Maximum length of a path, and of a host, in characters. */
const MAX_PATH = 2000;
const MAX_HOST = 200;
/** A path without a query. */
const PATH = /^\/[^?#\\]*$/;
/** Braces form pairs within one segment. */
const BRACED = /^(?:[^{}]|\{[^{}/]*\})*$/;
/** Syntaxes of routers and regular expressions, and segments that no request has. */
const FOREIGN =
  /\/(?::\w|\.\.?(?:\/|$)|\.[*+](?:\/|$)|\[[^/]*\](?:\/|$))|[<>^]|\(\.[*+]|\][*+]|\$$|\{[^{}/:*+=.]*(?:[:*+=]|\.\.)/;
/** A variable segment of a router: `:id?`, `<int:id>`, `[id]` or `{id:int}`. */
const VARIABLE = /^(?::(\w+)[?*+]?|<(?:\w+:)?(\w+)>|\[(\w+)\]|\{(\w+):[^{}]*\})$/;
const HOST = /^[^/\\?#@\s]+$/;
const DEFAULT_PORT = /:(?:443|80)$/;

/** The rule that a path breaks. */
function pathFault(path: string): string {
  if (path.length > MAX_PATH) return `a path of at most ${MAX_PATH} characters`;
  if (path === '*' || path === '**') return "'/**' for any path, or no path at all";
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(path)) return `${PATH_RULE}; the host goes into match.host`;
  const segments = path.split('/');
  if (segments.some((segment) => VARIABLE.test(segment))) {
    const braced = segments.map((segment) => segment.replace(VARIABLE, '{$1$2$3$4}')).join('/');
    return `a path whose variable segments are in braces: '${braced}'`;
  }
  if (!path.startsWith('/') || /[?#]/.test(path)) return PATH_RULE;
  if (segments.some((segment) => segment === '.' || segment === '..')) {
    return "a path without '.' and '..' segments: no request has them";
  }
  if (path.includes('\\') || FOREIGN.test(path)) {
    return `${PATH_RULE}, not a regular expression or a router's syntax`;
  }
  if (/[{}]/.test(path.replace(/\{[^{}/]*\}/g, ''))) {
    return "a path in which every '{' has its '}' in the same segment: '/v1/items/{id}'";
  }
  return PATH_RULE;
}

/** The rule that a host breaks. */
function hostFault(host: string): string {
  if (/[/\\?#@\s]/.test(host)) return `${HOST_RULE}: without scheme, path and user`;
  if (DEFAULT_PORT.test(host))
    return "a host without its scheme's default port, which URLs omit: 'api.example.com'";
  return HOST_RULE;
}

const one = methodBut(`${METHOD_RULE}; omit match.method for any method`);

/** Entries of a quota's `match`. */
export const matchEntries: Record<'method' | 'path' | 'host', v.GenericSchema> = {
  method: v.optional(
    v.union([one, v.pipe(v.array(one), v.minLength(1, METHOD_RULE))], ({ issues }) =>
      issues?.[0]?.message.includes('match.method')
        ? issues[0].message
        : `${METHOD_RULE}, or an array of them`,
    ),
  ),
  path: v.optional(
    v.pipe(
      v.string(PATH_RULE),
      v.maxLength(MAX_PATH, ({ input }) => pathFault(input)),
      v.regex(PATH, ({ input }) => pathFault(input)),
      unlike(FOREIGN, ({ input }) => pathFault(input)),
      v.regex(BRACED, ({ input }) => pathFault(input)),
    ),
  ),
  host: v.optional(
    v.pipe(
      v.string(HOST_RULE),
      v.maxLength(MAX_HOST, HOST_RULE),
      v.regex(HOST, ({ input }) => hostFault(input)),
      unlike(DEFAULT_PORT, ({ input }) => hostFault(input)),
    ),
  ),
};

/** Schema of a quota's `match`. */
export const match: v.GenericSchema<QuotaMatch> = object(matchEntries) as v.GenericSchema<QuotaMatch>;
