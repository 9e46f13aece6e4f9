import { pathTemplate } from '../words/path-template.ts';
import type { Match } from './types.ts';

/** Tells whether a request fits. */
export type Matcher = (method: string, path: string) => boolean;

/** `/api/v1.0/x/` and `/API/x` are the same path. */
export function normalPath(path: string): string {
  const lower = path.toLowerCase();
  const own = lower.startsWith('/api/v1.0/') ? `/api${lower.slice('/api/v1.0'.length)}` : lower;
  return own.length > 1 && own.endsWith('/') ? own.slice(0, -1) : own;
}

/**
 * `{id}` stands for one segment, or a part of one, outside of the parentheses and quotes of OData's functions. `*`
 * stands for anything, as `**` does: a simulated limit is most often for all that is below a path.
 */
export function matcher({ method, path }: Match = {}): Matcher {
  const template =
    path === undefined ? undefined : pathTemplate(normalPath(path).replaceAll(/\*{1,2}/g, '**'), "/()'");
  const wanted = method?.toUpperCase();
  return (given, at) =>
    (wanted === undefined || wanted === given) && (template?.fits(normalPath(at)) ?? true);
}
