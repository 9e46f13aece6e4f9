import type { QuotaRef, RequestFacts } from '../words/types.ts';

/** A declared quota with its match compiled. */
export interface Rule {
  readonly ref: QuotaRef;
  readonly name: string | undefined;
  /** Position among the declared quotas: the first that fits is the one. */
  readonly index: number;
  /** Template of its path; `undefined` where any path fits. */
  readonly path: string | undefined;
  /** The one host it is for; `undefined` where its host has wildcards, or any host fits. */
  readonly host: string | undefined;
  fits(request: RequestFacts): boolean;
}

/** Rules whose templates are the same up to here. */
interface Node {
  /** Literal segments, in lower case. */
  readonly names: Map<string, Node>;
  /** Any one segment: `{id}`. */
  any: Node | undefined;
  /** Rules of one host, and of any, by position. */
  readonly ofHost: Map<string, Rule[]>;
  readonly ofAnyHost: Rule[];
}

/**
 * Declared quotas by the segments of their paths and by host, so that a request is compared with the few that may fit
 * it, however many are declared. Which of them does fit, the rule itself tells.
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
      // What wildcards within a segment stand for, only the rule itself can tell.
      else break;
    }
    const { host } = rule;
    if (host === undefined) at.ofAnyHost.push(rule);
    else if (!at.ofHost.get(host)?.push(rule)) at.ofHost.set(host, [rule]);
  }
}

/** The first of these that fits, if it is before `first`. */
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

/** The nodes that a segment leads to. */
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
