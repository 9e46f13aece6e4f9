import type { QuotaRef, RequestFacts } from '../words/types.ts';

/** A declared quota with a compiled match. */
export interface Rule {
  readonly ref: QuotaRef;
  /** True if it applies in addition to other quotas. */
  readonly also: boolean;
  /** The quota for a request's values. */
  of(request: RequestFacts): QuotaRef;
  readonly name: string | undefined;
  /** Position among the declared quotas: the first that fits wins. */
  readonly index: number;
  /** Path template; `undefined` if any path fits. */
  readonly path: string | undefined;
  /** Exact host; `undefined` if its host has wildcards or any host fits. */
  readonly host: string | undefined;
  fits(request: RequestFacts): boolean;
}

/** Rules that share the path segments up to this node. */
interface Node {
  /** Literal segments, in lower case. */
  readonly names: Map<string, Node>;
  /** `{id}`: any single segment. */
  any: Node | undefined;
  /** Rules that end here, for one host and for any host, in declared order. */
  readonly ofHost: Map<string, Rule[]>;
  readonly ofAnyHost: Rule[];
}

/**
 * Indexes declared quotas by path segments and host, so that a request is compared only with the few that may fit,
 * however many are declared. The rule itself makes the final check.
 */
export class QuotaIndex {
  readonly #root: Node = node();

  constructor(rules: readonly Rule[]) {
    for (const rule of rules) this.#add(rule);
  }

  /** The first rule that fits. */
  match(request: RequestFacts): Rule | undefined {
    const { host, pathname } = request.url;
    let first: Rule | undefined;
    let reached = [this.#root];
    for (let from = 1; reached.length > 0; ) {
      for (const { ofHost, ofAnyHost } of reached) {
        if (ofHost.size > 0) first = earlier(ofHost.get(host), request, first);
        first = earlier(ofAnyHost, request, first);
      }
      if (from > pathname.length) return first;
      const slash = pathname.indexOf('/', from);
      const to = slash < 0 ? pathname.length : slash;
      reached = below(reached, pathname.slice(from, to).toLowerCase());
      from = to + 1;
    }
    return first;
  }

  #add(rule: Rule): void {
    let at = this.#root;
    for (const segment of rule.path?.toLowerCase().split('/').slice(1) ?? []) {
      if (/^[!-)+-z|~]*$/.test(segment)) at = child(at.names, segment);
      else if (/^\{[^{}]*\}$/.test(segment)) at = at.any ??= node();
      // Wildcards within a segment are left to the rule itself.
      else break;
    }
    const { host } = rule;
    if (host === undefined) at.ofAnyHost.push(rule);
    else if (!at.ofHost.get(host)?.push(rule)) at.ofHost.set(host, [rule]);
  }
}

/** The first of `rules` that fits and precedes `first`; otherwise `first`. */
function earlier(
  rules: readonly Rule[] | undefined,
  request: RequestFacts,
  first: Rule | undefined,
): Rule | undefined {
  if (rules === undefined) return first;
  for (const rule of rules) {
    if (first !== undefined && rule.index > first.index) return first;
    if (rule.fits(request)) return rule;
  }
  return first;
}

/** The children that match a segment. */
function below(nodes: readonly Node[], segment: string): Node[] {
  const found: Node[] = [];
  for (const { names, any } of nodes) {
    const named = names.get(segment);
    if (named) found.push(named);
    if (any) found.push(any);
  }
  return found;
}

function child(names: Map<string, Node>, segment: string): Node {
  let found = names.get(segment);
  if (found === undefined) {
    found = node();
    names.set(segment, found);
  }
  return found;
}

function node(): Node {
  return { names: new Map(), any: undefined, ofHost: new Map(), ofAnyHost: [] };
}
