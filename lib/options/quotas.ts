import { type PathTemplate, pathTemplate } from '../words/path-template.ts';
import type { Costs, Outcome, Profile, QuotaRef, RequestFacts, Window } from '../words/types.ts';
import { valuesOf } from './each.ts';
import { QuotaIndex, type Rule } from './quota-index.ts';
import type { QuotaMatch } from './types.ts';

/** A checked quota, declared by the user. */
export interface DeclaredQuota {
  readonly name: string | undefined;
  readonly match: QuotaMatch;
  /** `per` in ms. */
  readonly windows: readonly Window[];
  readonly concurrency: number | undefined;
  /** True if it applies in addition to other quotas. */
  readonly also: boolean;
  /** Values that tell one quota from another, such as `host`. */
  readonly each: readonly string[];
  readonly cost: QuotaRef['cost'];
  readonly spent: QuotaRef['spent'];
  readonly near?: number | undefined;
}

/** The key of a declared quota. */
export function keyOf({ name, match }: Pick<DeclaredQuota, 'name' | 'match'>): string {
  return name ?? describe(match);
}

/** The quotas declared by the user, and the lookup of a request's quotas among them. */
export class DeclaredQuotas {
  /** All declared quotas, by key without the values of `each`. */
  readonly refs: ReadonlyMap<string, QuotaRef>;
  /** Keys of the quotas that apply in addition to others. */
  readonly also: ReadonlySet<string>;
  readonly #index: QuotaIndex;
  readonly #also: readonly Rule[];
  readonly #named: ReadonlyMap<string, Rule>;
  /** Requests, and the units that declared windows count. */
  readonly #units: ReadonlySet<string>;

  /** `profile` reads what was spent, for quotas without their own `spent`. */
  constructor(declared: readonly DeclaredQuota[], profile?: Pick<Profile, 'spent'>) {
    const rules = declared.map((quota, index) => compile(quota, index, profile));
    this.#index = new QuotaIndex(rules.filter(({ also }) => !also));
    this.#also = rules.filter(({ also }) => also);
    this.also = new Set(this.#also.map(({ ref }) => ref.key));
    this.refs = new Map(rules.map(({ ref }) => [ref.key, ref]));
    this.#units = new Set(['requests', ...rules.flatMap(({ ref }) => unitsOf(ref))]);
    this.#named = new Map(rules.flatMap((rule) => (rule.name === undefined ? [] : [[rule.name, rule]])));
  }

  /** The first quota that fits the request. */
  match(request: RequestFacts): QuotaRef | undefined {
    return this.refs.size === 0 ? undefined : this.#index.match(request)?.of(request);
  }

  /** The quotas that fit the request and apply in addition to its main quota. */
  besides(request: RequestFacts): readonly QuotaRef[] {
    if (this.#also.length === 0) return NONE;
    return this.#also.filter((rule) => rule.fits(request)).map((rule) => rule.of(request));
  }

  /** The quota with this name. */
  named(name: string, request: RequestFacts): QuotaRef | undefined {
    return this.#named.get(name)?.of(request);
  }

  /** A warning text if `name` may be a misspelt quota: it is not declared, although others are. */
  suspicion(name: string): string | undefined {
    if (this.refs.size === 0 || this.#named.has(name)) return undefined;
    const advice = adviceOn(name, this.#named.keys()) || 'no declared quota has a name';
    return `The quota '${name}' is not declared, so no declared limit applies to it; ${advice}`;
  }

  /**
   * Units of a cost that may be misspelt, each with advice: no limit counts them, although limits count others.
   *
   * @param drawn the gates of its call's quotas
   */
  uncounted(
    { cost = {}, usual = {} }: { readonly cost?: Costs | undefined; readonly usual?: Costs | undefined },
    drawn: readonly { readonly quota: { readonly ref: QuotaRef } }[],
  ): [unit: string, advice: string][] {
    const doubtful = Object.keys(cost).filter((unit) => !this.#units.has(unit));
    if (doubtful.length === 0) return [];
    const counted = drawn.flatMap(({ quota }) => unitsOf(quota.ref));
    const known = new Set([...this.#units, ...counted, ...Object.keys(usual)]);
    return doubtful
      .filter((unit) => !known.has(unit) && (known.size > 1 || isNear(unit, 'requests')))
      .map((unit) => [unit, adviceOn(unit, known)]);
  }
}

/** The units that a quota's windows count. */
function unitsOf({ windows }: QuotaRef): string[] {
  return windows.map(({ of = 'requests' }) => of);
}

/** Advice on a name that is not known: the names like it, or else some of all. */
export function adviceOn(given: string, known: Iterable<string>): string {
  const names = [...known].slice(0, MAX_COMPARED);
  const near = names.filter((each) => isNear(given, each));
  const some = (near.length > 0 ? near : names).slice(0, 5).map((each) => `'${each}'`);
  return some.length === 0 ? '' : `${near.length > 0 ? 'similar' : 'known'}: ${some.join(', ')}`;
}

const NONE: readonly QuotaRef[] = [];

/** Key of a quota without a name: `POST,PUT host/path`; `*` for any method. */
function describe({ method = '*', host = '', path = '' }: QuotaMatch): string {
  return `${String(method)} ${host}${path}`.trim();
}

function compile(quota: DeclaredQuota, index: number, profile?: Pick<Profile, 'spent'>): Rule {
  const { host, path } = quota.match;
  const { also, each, windows, concurrency, cost, spent, near } = quota;
  const spentBy =
    !spent && profile?.spent && windows.some(({ of = 'requests' }) => of !== 'requests')
      ? { spent: (outcome: Outcome) => profile.spent?.(outcome), seldom: true }
      : { spent };
  const ref = { key: keyOf(quota), windows, concurrency, cost, ...spentBy, near };
  const values = each.length === 0 ? undefined : valuesOf(each, path);
  return {
    ref,
    also,
    of: (request) => (values ? { ...ref, key: `${ref.key}${values(request)}`, base: ref.key } : ref),
    name: quota.name,
    index,
    path,
    host: host !== undefined && /^[^{}*]*$/.test(host) ? host.toLowerCase() : undefined,
    fits: fitterOf(quota.match),
  };
}

/** Makes a test of whether a match covers a request. */
export function fitterOf({ method, host, path }: QuotaMatch): (request: RequestFacts) => boolean {
  const methods = method === undefined ? undefined : new Set([method].flat());
  const fitsHost = template(host);
  const fitsPath = template(path);
  return (request) =>
    (methods === undefined || methods.has(request.method)) &&
    fitsHost(request.url.host) &&
    fitsPath(request.url.pathname);
}

/** Makes a test of whether any match covers a request; `undefined` without matches. */
export function anyOf(matches: readonly QuotaMatch[]): ((request: RequestFacts) => boolean) | undefined {
  const fitters = matches.map(fitterOf);
  return fitters.length === 0 ? undefined : (request) => fitters.some((fits) => fits(request));
}

/** A template, compiled on first use: most of many declared quotas are rarely compared. */
function template(text: string | undefined): (given: string) => boolean {
  if (text === undefined) return () => true;
  let compiled: PathTemplate | undefined;
  return (given) => {
    compiled ??= pathTemplate(text);
    return compiled.fits(given);
  };
}

/** Maximum number of names compared with an unknown one. */
const MAX_COMPARED = 1000;
/** Maximum length of a compared name. */
const MAX_COMPARED_LENGTH = 64;

/** Whether two names differ only in case, blanks and punctuation, or in at most two characters. */
function isNear(given: string, declared: string): boolean {
  const a = plain(given);
  const b = plain(declared);
  if (a === b) return true;
  if (Math.max(a.length, b.length) > MAX_COMPARED_LENGTH) return false;
  return distance(a, b) <= Math.min(2, Math.floor(Math.max(a.length, b.length) / 3));
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '') || name;
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const changed = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(changed, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
