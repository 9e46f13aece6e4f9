import type { Bucket } from '../classify/rate-limit.ts';
import { type RequestRoute, routeOf } from '../learning/outage/routes.ts';

/** Maximum number of routes and path prefixes remembered, and of buckets. */
const MAX_NODES = 5000;
const MAX_BUCKETS = 1000;
/** Maximum number of path segments told apart. */
const MAX_DEPTH = 12;
/** Number of continuations of a path, all in one bucket, from which an unknown one is assumed to share it. */
const ALIKE = 4;
/** The same number for the first meaningful segment. */
const ALIKE_ROOTS = 8;

/** Segments that stand before an API's resources; versions and IDs are `:` ({@link routeOf}). */
const PREAMBLE: ReadonlySet<string> = new Set(['', ':', 'api', 'rest', 'public', 'services', 'beta']);

/** A route, or a prefix of routes. */
interface Node {
  /** Bucket of this route itself. */
  own: string | undefined;
  /** Bucket of all known routes with this prefix; `undefined` once they differ. */
  all: string | undefined;
  /** True once they differ. */
  mixed: boolean;
  /** Whether the bucket names a group. */
  grouped: boolean;
  /** Following segments, no more than are needed; `undefined` where the path ended. */
  readonly next: Set<string | undefined>;
}

/**
 * Maps routes to server-defined buckets, such as GitHub's resources and Discord's buckets. A server names a
 * bucket only in its answers, so an unknown route is assumed to share the bucket of its neighbours in the
 * path, if they all share one.
 */
export class Buckets {
  /** By scope, method and path; the least recently updated first. */
  readonly #nodes = new Map<string, Node>();
  readonly #names = new Set<string>();

  get empty(): boolean {
    return this.#nodes.size === 0;
  }

  /** The bucket that a request draws on, if known. */
  of(scope: string, request: RequestRoute): string | undefined {
    const { root, path } = placeOf(scope, request);
    const own = this.#nodes.get(root + path.join('/'))?.own;
    if (own !== undefined) return own;
    const resource = path.findIndex((segment) => !PREAMBLE.has(segment));
    for (let length = path.length; length >= 0; length -= 1) {
      const node = this.#nodes.get(root + path.slice(0, length).join('/'));
      if (!node) continue;
      const below = resource >= 0 && length > resource;
      const needed = below ? (node.grouped ? 1 : ALIKE) : ALIKE_ROOTS;
      // Shorter prefixes include these routes, so they are at least as mixed.
      return !node.mixed && node.next.size >= needed ? node.all : undefined;
    }
    return undefined;
  }

  /** Records the bucket that an answer named. Returns whether it differs from what {@link of} said before. */
  learn(scope: string, request: RequestRoute, { name: bucket, kind }: Bucket): boolean {
    const { root, path } = placeOf(scope, request);
    const before = this.of(scope, request);
    if (before === bucket && this.#nodes.get(root + path.join('/'))?.own === bucket) return false;
    const name = `${scope} ${bucket}`;
    if (!this.#names.has(name) && this.#names.size === MAX_BUCKETS) return false;
    this.#names.add(name);
    for (let length = 0; length <= path.length; length += 1) {
      const key = root + path.slice(0, length).join('/');
      const node = this.#nodes.get(key) ?? {
        own: undefined,
        all: bucket,
        mixed: false,
        grouped: kind === 'group',
        next: new Set(),
      };
      this.#nodes.delete(key);
      this.#nodes.set(key, node);
      node.mixed ||= node.all !== bucket;
      if (node.mixed) node.all = undefined;
      node.grouped &&= kind === 'group';
      const segment = path[length];
      if (segment === undefined) node.own = bucket;
      if (node.next.size < ALIKE_ROOTS) node.next.add(segment);
    }
    for (const key of this.#nodes.keys()) {
      if (this.#nodes.size <= MAX_NODES) break;
      this.#nodes.delete(key);
    }
    return before !== bucket;
  }
}

/** The part of a key before the path, and the segments of the path. */
function placeOf(scope: string, request: RequestRoute): { readonly root: string; readonly path: string[] } {
  const route = routeOf(request);
  const at = route.indexOf('/');
  const root = `${scope} ${route.slice(0, Math.max(0, at))}/`;
  return { root, path: at < 0 ? [] : route.slice(at + 1).split('/', MAX_DEPTH) };
}
