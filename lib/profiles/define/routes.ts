/** Finds the template that a request's path belongs to. */
import { type PathTemplate, pathTemplate } from '../../words/path-template.ts';

interface Node<T> {
  /** Literal segments, in lower case. */
  readonly names: Map<string, Node<T>>;
  /** OData functions, by name in lower case: `findbyip(ip='…')`. */
  readonly functions: Map<string, Node<T>>;
  /** Segments with a wildcard in them: `{id}.json`. */
  readonly parts: { readonly text: string; readonly template: PathTemplate; readonly node: Node<T> }[];
  /** `{id}` */
  any?: Node<T>;
  /** Value of the template that ends here. */
  value?: T;
  /** Value of the template that ends in `**` here. */
  rest?: T;
}

/** A route, and the value of each `{id}` in its template, in lower case. */
export interface Found<T> {
  readonly value: T;
  readonly ids: readonly string[];
}

/** What a search looks for. */
interface Search<T> {
  readonly segments: readonly string[];
  readonly accepts: (value: T) => boolean;
}

/** Form of an API's paths. */
export interface PathForm {
  /** Segments below which the API lies, in lower case. */
  readonly root: readonly string[];
  /** True if a version such as `v1.0` may follow the root. */
  readonly version: boolean;
  /** True if keys and arguments may be in parentheses, as in OData. */
  readonly odata: boolean;
}

const VERSION = /^v\d+(?:\.\d+)?$/;

/** Reads a path form. */
export function pathForm(root: string = '/', version: boolean = false, odata: boolean = false): PathForm {
  return { root: root.toLowerCase().split('/').filter(Boolean), version, odata };
}

/**
 * A path's segments below the root and the version, decoded, in lower case; `undefined` for a path outside the root.
 * Repeated and trailing slashes are ignored.
 */
export function segmentsOf({ root, version }: PathForm, pathname: string): string[] | undefined {
  const segments = pathname.toLowerCase().split('/').filter(Boolean);
  for (const [i, segment] of root.entries()) if (segments[i] !== segment) return undefined;
  const versioned = version && VERSION.test(segments[root.length] ?? '');
  const own = root.length === 0 && !versioned ? segments : segments.slice(root.length + (versioned ? 1 : 0));
  return pathname.includes('%') ? own.map(decode) : own;
}

/**
 * The routes of one method, as a trie of path segments: a lookup costs a handful of Map reads for any number of templates.
 * Names match in any case, and the more specific segment takes precedence: a literal, then `{id}.json`, then `{id}`, then
 * `**`. OData keys may also be in parentheses: `machines('id')` for `machines/id`.
 */
export class RouteTable<T> {
  readonly #root: Node<T> = node();
  readonly #form: PathForm;
  #depth = 0;

  constructor(form: PathForm) {
    this.#form = form;
  }

  /** The value at a template; `make` adds one. */
  at(template: string, make: () => T): T {
    const segments = segmentsOf(this.#form, template) ?? [];
    const rest = segments.at(-1) === '**';
    if (rest) segments.pop();
    this.#depth = Math.max(this.#depth, segments.length);
    let at = this.#root;
    for (const segment of segments) at = this.#below(at, segment);
    const end = rest ? 'rest' : 'value';
    at[end] ??= make();
    return at[end];
  }

  /** The most specific route of a path whose value is accepted. */
  match(pathname: string, accepts: (value: T) => boolean): Found<T> | undefined {
    const segments = segmentsOf(this.#form, pathname);
    return segments && this.#walk(this.#root, { segments, accepts }, 0, []);
  }

  #below(at: Node<T>, segment: string): Node<T> {
    if (/^\{[^{}]*\}$/.test(segment)) {
      at.any ??= node();
      return at.any;
    }
    const [name, args] = this.#parse(segment);
    if (args !== undefined) return child(at.functions, name);
    if (!/[{*]/.test(segment)) return child(at.names, segment);
    const known = at.parts.find(({ text }) => text === segment);
    if (known) return known.node;
    const part = { text: segment, template: pathTemplate(segment), node: node<T>() };
    at.parts.push(part);
    return part.node;
  }

  /** Searches depth-first, so that a wildcard is tried after a literal that leads nowhere. */
  #walk(at: Node<T>, search: Search<T>, index: number, ids: readonly string[]): Found<T> | undefined {
    const segment = search.segments[index];
    if (segment === undefined) return end(at.value, search, ids) ?? end(at.rest, search, ids);
    const below = index < this.#depth ? this.#next(at, segment, search, index, ids) : undefined;
    return below ?? end(at.rest, search, ids);
  }

  #next(
    at: Node<T>,
    segment: string,
    search: Search<T>,
    index: number,
    ids: readonly string[],
  ): Found<T> | undefined {
    const next = (to: Node<T> | undefined, id?: string): Found<T> | undefined =>
      to && this.#walk(to, search, index + 1, id === undefined ? ids : [...ids, id]);
    const [name, args] = this.#parse(segment);
    if (args !== undefined) {
      const id = args.replace(/^'(.*)'$/, '$1');
      const found = next(at.functions.get(name)) ?? next(at.names.get(name)?.any, id);
      return found ?? end(at.names.get(name)?.rest, search, ids) ?? next(at.any, segment);
    }
    const literal = next(at.names.get(name));
    if (literal) return literal;
    for (const { template, node: to } of at.parts) {
      const found = template.fits(name) ? next(to, name) : undefined;
      if (found) return found;
    }
    return next(at.any, name);
  }

  /** Splits `name(arguments)`; empty parentheses count as none. */
  #parse(segment: string): [name: string, args?: string] {
    if (!this.#form.odata) return [segment];
    const open = segment.indexOf('(');
    if (open <= 0 || !segment.endsWith(')')) return [segment];
    const args = segment.slice(open + 1, -1);
    const name = segment.slice(0, open);
    return args === '' ? [name] : [name, args];
  }
}

function end<T>(value: T | undefined, search: Search<T>, ids: readonly string[]): Found<T> | undefined {
  return value !== undefined && search.accepts(value) ? { value, ids } : undefined;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment).toLowerCase();
  } catch {
    return segment;
  }
}

function child<T>(children: Map<string, Node<T>>, name: string): Node<T> {
  let found = children.get(name);
  if (found === undefined) {
    found = node();
    children.set(name, found);
  }
  return found;
}

function node<T>(): Node<T> {
  return { names: new Map(), functions: new Map(), parts: [] };
}
