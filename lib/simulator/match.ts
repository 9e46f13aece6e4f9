import type { Match } from './types.ts';

/** Tells whether a request fits. */
export type Matcher = (method: string, path: string) => boolean;

/** `/api/v1.0/x/` and `/API/x` are the same path. */
export function normalPath(path: string): string {
  return path
    .toLowerCase()
    .replace(/^\/api\/v1\.0(?=\/)/, '/api')
    .replace(/(?<=.)\/$/, '');
}

export function matcher({ method, path }: Match = {}): Matcher {
  const pattern = path === undefined ? undefined : patternOf(path);
  const wanted = method?.toUpperCase();
  return (given, at) => (wanted === undefined || wanted === given) && (pattern?.test(normalPath(at)) ?? true);
}

/** `{id}` stands for one segment, or a part of one; `*` for anything. */
export function patternOf(template: string): RegExp {
  const source = normalPath(template).replaceAll(/\{[^}]*\}|\*|[^{*]+|\{/g, (part) => {
    if (part === '*') return '.*';
    if (part.startsWith('{') && part.endsWith('}')) return "([^/()']+)";
    return part.replaceAll(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
  });
  return new RegExp(`^${source}$`);
}
