/** Finds the template that a request's path belongs to. */

interface Node<T> {
  /** Literal segments, in lower case. */
  readonly names: Map<string, Node<T>>;
  /** OData functions, by name in lower case: `findbyip(ip='…')`. */
  readonly functions: Map<string, Node<T>>;
  /** `{id}` */
  any?: Node<T>;
  value?: T;
}

/** A route, and the value of each `{id}` in its template. */
interface Found<T> {
  readonly value: T;
  readonly ids: readonly string[];
}

/** Root of the API: `/api`, or the equivalent `/api/v1.0`. */
const ROOT = /^\/+api(?:\/+v\d+(?:\.\d+)?)?(?:\/|$)/i;

/** True for a path of the API. */
export function isApiPath(pathname: string): boolean {
  return ROOT.test(pathname);
}

/**
 * Routes of one method, as a trie of path segments: a lookup costs a handful of Map reads for any number of templates.
 * Names match in any case, and literal segments take precedence over `{id}`. OData keys may also be in parentheses:
 * `machines('id')` for `machines/id`.
 */
export class Routes<T> {
  readonly #root: Node<T> = node();
  #depth = 0;

  add(template: string, value: T): void {
    const segments = segmentsOf(template) ?? [];
    this.#depth = Math.max(this.#depth, segments.length);
    let at = this.#root;
    for (const segment of segments) {
      if (segment.startsWith('{')) {
        at.any ??= node();
        at = at.any;
      } else {
        const [name, args] = parse(segment);
        at = child(args === undefined ? at.names : at.functions, name);
      }
    }
    at.value = value;
  }

  find(pathname: string): T | undefined {
    return this.match(pathname)?.value;
  }

  /** Like {@link find}, with the value of each `{id}`, in lower case. */
  match(pathname: string): Found<T> | undefined {
    const segments = segmentsOf(pathname);
    return segments && segments.length <= this.#depth ? walk(this.#root, segments, 0, []) : undefined;
  }
}

/** Searches depth-first, so that `{id}` is tried after a literal that leads nowhere. */
function walk<T>(
  at: Node<T>,
  segments: readonly string[],
  index: number,
  ids: readonly string[],
): Found<T> | undefined {
  const segment = segments[index];
  if (segment === undefined) return at.value === undefined ? undefined : { value: at.value, ids };
  const [name, args] = parse(segment);
  const next = (to: Node<T> | undefined, id?: string) =>
    to && walk(to, segments, index + 1, id === undefined ? ids : [...ids, id]);
  if (args === undefined) return next(at.names.get(name)) ?? next(at.any, name);
  const id = args.replace(/^'(.*)'$/, '$1');
  return next(at.functions.get(name)) ?? next(at.names.get(name)?.any, id) ?? next(at.any, segment);
}

/** Splits `name(arguments)`; empty parentheses count as none. */
function parse(segment: string): [name: string, args?: string] {
  const open = segment.indexOf('(');
  if (open <= 0 || !segment.endsWith(')')) return [segment];
  const args = segment.slice(open + 1, -1);
  const name = segment.slice(0, open);
  return args === '' ? [name] : [name, args];
}

/**
 * A path's segments below `/api` and the version, decoded, in lower case; `undefined` for a path outside `/api`.
 * Repeated and trailing slashes are ignored.
 */
export function segmentsOf(pathname: string): string[] | undefined {
  const root = ROOT.exec(pathname)?.[0];
  if (root === undefined) return undefined;
  const segments = pathname.slice(root.length).toLowerCase().split('/').filter(Boolean);
  return pathname.includes('%') ? segments.map(decode) : segments;
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
  return { names: new Map(), functions: new Map() };
}
