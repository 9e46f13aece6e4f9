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

/** A route, and what stands for each `{id}` of its template. */
interface Found<T> {
  readonly value: T;
  readonly ids: readonly string[];
}

/** Where the API begins: `/api`, or `/api/v1.0`, which is the same. */
const ROOT = /^\/+api(?:\/+v\d+(?:\.\d+)?)?(?:\/|$)/i;

/** True for a path of the API. */
export function isApiPath(pathname: string): boolean {
  return ROOT.test(pathname);
}

/**
 * Routes of one method, as a trie of path segments: a look-up costs a handful of Map reads, however many
 * templates there are. Names match in any case, literal segments before `{id}`; OData keys may stand in
 * parentheses as well, `machines('id')` for `machines/id`.
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

  /** The same, with what stands for each `{id}`, in lower case. */
  match(pathname: string): Found<T> | undefined {
    const segments = segmentsOf(pathname);
    return segments && segments.length <= this.#depth ? walk(this.#root, segments, 0, []) : undefined;
  }
}

/** Depth-first, so that a literal which leads nowhere leaves `{id}` to be tried. */
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

/** Splits `name(arguments)`; an empty list of arguments may be left out. */
function parse(segment: string): [name: string, args?: string] {
  const open = segment.indexOf('(');
  if (open <= 0 || !segment.endsWith(')')) return [segment];
  const args = segment.slice(open + 1, -1);
  const name = segment.slice(0, open);
  return args === '' ? [name] : [name, args];
}

/**
 * A path's segments below `/api` and the version, decoded, in lower case; `undefined` for a path outside of
 * `/api`. Slashes may repeat or trail.
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
