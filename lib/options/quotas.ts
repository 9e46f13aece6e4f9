import type { QuotaRef, RequestFacts } from '../words/types.ts';
import type { DeclaredQuota } from './read.ts';
import type { QuotaMatch } from './types.ts';

/** A declared quota with its match compiled. */
interface Rule {
  readonly ref: QuotaRef;
  readonly name: string | undefined;
  fits(request: RequestFacts): boolean;
}

/** The key of a declared quota. */
export function keyOf({ name, match }: DeclaredQuota): string {
  return name ?? describe(match);
}

/** The quotas that the user declared: which of them, if any, a request draws on. */
export class DeclaredQuotas {
  readonly #rules: readonly Rule[];

  constructor(declared: readonly DeclaredQuota[]) {
    this.#rules = declared.map((quota) => ({
      ref: { key: keyOf(quota), windows: quota.windows, concurrency: quota.concurrency },
      name: quota.name,
      fits: compile(quota.match),
    }));
  }

  /** All of them. */
  get refs(): QuotaRef[] {
    return this.#rules.map(({ ref }) => ref);
  }

  /** The first that fits. */
  match(request: RequestFacts): QuotaRef | undefined {
    return this.#rules.find((rule) => rule.fits(request))?.ref;
  }

  /** The one of that name; a name that nobody declared is a quota of its own, with no known limit. */
  named(name: string): QuotaRef {
    return this.#rules.find((rule) => rule.name === name)?.ref ?? { key: name, windows: [] };
  }
}

/** A key for a quota without a name: `POST,PUT host/path`, `*` for what fits all. */
function describe({ method = '*', host = '', path = '' }: QuotaMatch): string {
  return `${String(method)} ${host}${path}`.trim();
}

function compile({ method, host, path }: QuotaMatch): (request: RequestFacts) => boolean {
  const methods = method === undefined ? undefined : new Set([method].flat());
  const hostPattern = host === undefined ? undefined : pattern(host);
  const pathPattern = path === undefined ? undefined : pattern(path);
  return (request) =>
    (methods === undefined || methods.has(request.method)) &&
    (hostPattern === undefined || hostPattern.test(request.url.host)) &&
    (pathPattern === undefined || pathPattern.test(request.url.pathname));
}

/** `{id}` is one segment, `*` a part of one, `**` anything; all else stands for itself, in any case. */
function pattern(template: string): RegExp {
  const source = template.replaceAll(/\{[^}/]*\}|\*\*|\*|[^{*]+|\{/g, (part) => {
    if (part === '**') return '.*';
    if (part === '*') return '[^/]*';
    if (part.startsWith('{') && part.endsWith('}')) return '[^/]+';
    return part.replaceAll(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
  });
  return new RegExp(`^${source}$`, 'i');
}
