import { pathTemplate } from '../../words/path-template.ts';
import type { RequestFacts } from '../../words/types.ts';
import type { RequestMatch } from './definition.ts';
import { type PathForm, RouteTable, segmentsOf } from './routes.ts';

/** A match list: one match or several; none matches everything. */
export type Matches = RequestMatch | readonly RequestMatch[] | undefined;

/** A value whose match fits a request. */
export interface Matched<T> {
  readonly value: T;
  /** Value of a placeholder in the path's template. */
  param(name: string): string | undefined;
}

interface Entry<T> {
  readonly value: T;
  /** Names of the placeholders in the path's template. */
  readonly names: readonly string[];
  /** Checks all but method and path. */
  fits(url: URL): boolean;
}

/** Values by request. If several match, the most specific path wins, then the first one added. */
export class Requests<T> {
  readonly #byMethod = new Map<string, RouteTable<Entry<T>[]>>();
  readonly #form: PathForm;
  /** First segments of the templates. */
  readonly #collections = new Set<string>();

  constructor(form: PathForm) {
    this.#form = form;
  }

  get empty(): boolean {
    return this.#byMethod.size === 0;
  }

  add(matches: Matches, value: T): void {
    for (const { method, path, host, query } of [matches ?? {}].flat() as RequestMatch[]) {
      const fits = conditions(host, query);
      for (const template of listOf(path, '/**')) {
        const names = [...template.matchAll(/\{([^{}]*)\}/g)].map(([, name = '']) => name);
        // A template either includes the root or is relative to it.
        const segments = segmentsOf(this.#form, template);
        this.#collections.add(segments?.[0] ?? '');
        const full = segments ? template : `/${[...this.#form.root, ''].join('/')}${template}`;
        for (const each of listOf(method, '*')) {
          const name = each.toUpperCase();
          const routes = this.#byMethod.get(name) ?? new RouteTable<Entry<T>[]>(this.#form);
          this.#byMethod.set(name, routes);
          routes.at(full, () => []).push({ value, names, fits });
        }
      }
    }
  }

  find({ method, url }: RequestFacts): Matched<T> | undefined {
    const own = this.#byMethod.get(method === 'HEAD' && !this.#byMethod.has('HEAD') ? 'GET' : method);
    return pick(own, url) ?? pick(this.#byMethod.get('*'), url);
  }

  /** The first segment of a request's path, if a template of a known method begins with it. */
  collectionOf({ method, url }: RequestFacts): string | undefined {
    const collection = segmentsOf(this.#form, url.pathname)?.[0] ?? '';
    return this.#byMethod.has(method) && this.#collections.has(collection) ? collection : undefined;
  }
}

function pick<T>(routes: RouteTable<Entry<T>[]> | undefined, url: URL): Matched<T> | undefined {
  const found = routes?.match(url.pathname, (entries) => entries.some(({ fits }) => fits(url)));
  const entry = found?.value.find(({ fits }) => fits(url));
  if (!found || !entry) return undefined;
  return { value: entry.value, param: (name) => found.ids[entry.names.indexOf(name)] };
}

function conditions(host: RequestMatch['host'], query: RequestMatch['query']): (url: URL) => boolean {
  const hosts = listOf(host).map((template) => pathTemplate(template, '.'));
  const names = listOf(query);
  return (url) =>
    (hosts.length === 0 || hosts.some((template) => template.fits(url.host))) &&
    (names.length === 0 || names.some((name) => url.searchParams.has(name)));
}

/** A value or a list of them, as a list; `otherwise` for none. */
export function listOf<T>(given: T | readonly T[] | undefined, ...otherwise: T[]): readonly T[] {
  return given === undefined ? otherwise : ([given].flat() as T[]);
}
