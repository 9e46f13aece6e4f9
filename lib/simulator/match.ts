import { pathTemplate } from '../words/path-template.ts';
import type { Match } from './types.ts';

/** Whether a request matches. */
export type Matcher = (method: string, path: string) => boolean;

/** Normalises a path: `/api/v1.0/x/` and `/API/x` are the same. */
function normalPath(path: string): string {
  const lower = path.toLowerCase();
  const own = lower.startsWith('/api/v1.0/') ? `/api${lower.slice('/api/v1.0'.length)}` : lower;
  return own.length > 1 && own.endsWith('/') ? own.slice(0, -1) : own;
}

/**
 * Compiles a match. `{id}` matches one segment or a part of one, without the parentheses and quotes of OData functions.
 * `*` matches anything, like `**`: a simulated limit usually covers everything below a path.
 */
export function matcher({ method, path }: Match = {}): Matcher {
  const template =
    path === undefined ? undefined : pathTemplate(normalPath(path).replaceAll(/\*{1,2}/g, '**'), "/()'");
  const wanted = method?.toUpperCase();
  return (given, at) =>
    (wanted === undefined || wanted === given) && (template?.fits(normalPath(at)) ?? true);
}
