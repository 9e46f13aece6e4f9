import { longestPeriodMs } from '../../time/calendar.ts';
import { parseDuration } from '../../time/duration.ts';
import { parseRate } from '../../time/rate.ts';
import type { Amounts, Costs, Outcome, QuotaRef, RequestFacts, Window } from '../../words/types.ts';
import type { ProfileDefinition, QuotaDefinition, WindowDefinition } from './definition.ts';
import type { Settings } from './options.ts';
import { listOf, type Matched, Requests } from './requests.ts';
import type { PathForm } from './routes.ts';
import { type Places, spentBy, spentOf } from './spent.ts';

/** Maximum length of a value in a key. */
const MAX_VALUE = 128;

/** A quota's definition, compiled for one profile. */
interface Quota {
  readonly name: string;
  readonly each: readonly string[];
  /** Its sharers: `tenant/app`. */
  readonly sharer: string;
  readonly windows: readonly Window[];
  readonly concurrency: number | undefined;
  readonly cost: Costs | undefined;
  readonly spent: Pick<QuotaRef, 'spent' | 'seldom'>;
}

/** The requests of an API's quotas: the same for all its profiles. */
export class QuotaRequests {
  readonly main: Requests<QuotaDefinition>;
  readonly also: readonly Also[];
  /** Path of the root, without a slash at its end. */
  readonly root: string;
  #last: { readonly method: string; readonly href: string; readonly found: Found } | undefined;

  constructor(definition: ProfileDefinition, form: PathForm) {
    this.root = form.root.map((segment) => `/${segment}`).join('');
    this.main = new Requests(form);
    const also: Also[] = [];
    for (const quota of definition.quotas ?? []) {
      const requests = quota.also ? new Requests<QuotaDefinition>(form) : this.main;
      requests.add(quota.match, quota);
      if (!quota.also) continue;
      const except = new Requests<true>(form);
      if (quota.except !== undefined) except.add(quota.except, true);
      also.push({ requests, except });
    }
    this.also = also;
  }

  /** The quota that a request draws on, apart from `also` quotas. One request is looked up several times in a row. */
  find(request: RequestFacts): Found {
    const { method, url } = request;
    const { href } = url;
    if (this.#last?.href !== href || this.#last.method !== method) {
      this.#last = { method, href, found: this.main.find(request) };
    }
    return this.#last.found;
  }

  /** Name of the quota that a request draws on. */
  nameOf(request: RequestFacts): string | undefined {
    const quota = this.find(request)?.value;
    return quota && nameOf(quota);
  }
}

/** A quota that applies in addition to others. */
interface Also {
  readonly requests: Requests<QuotaDefinition>;
  readonly except: Requests<true>;
}

type Found = Matched<QuotaDefinition> | undefined;

/** The quotas of an API, for the options of one profile. */
export class ProfileQuotas {
  readonly #name: string;
  readonly #requests: QuotaRequests;
  readonly #settings: Settings;
  readonly #sharer: string;
  readonly #compiled = new Map<QuotaDefinition, Quota>();
  readonly #spent = new Map<Places, NonNullable<QuotaRef['spent']>>();

  constructor(name: string, requests: QuotaRequests, settings: Settings) {
    this.#name = name;
    this.#requests = requests;
    this.#settings = settings;
    this.#sharer = [...settings.sharers.values()].join('/');
  }

  /** The quota that a request draws on, apart from `also` quotas. */
  main(request: RequestFacts, family: string): QuotaRef {
    const found = this.#requests.find(request);
    return found ? this.#ref(found, request, family) : this.#unknown(request, family);
  }

  /** All quotas that a request draws on, starting with {@link main}. */
  all(request: RequestFacts, family: string): QuotaRef[] {
    const refs = [this.main(request, family)];
    for (const { requests, except } of this.#requests.also) {
      const found = requests.find(request);
      if (found && !except.find(request)) refs.push(this.#ref(found, request, family));
    }
    return refs;
  }

  #ref(found: Matched<QuotaDefinition>, request: RequestFacts, family: string): QuotaRef {
    let quota = this.#compiled.get(found.value);
    if (quota === undefined) {
      quota = compile(found.value, this.#settings);
      this.#compiled.set(found.value, quota);
    }
    const { name, each, sharer, windows, concurrency, cost, spent } = quota;
    let scope = this.#prefix(family, sharer);
    let key = `${scope} ${name}`;
    for (const by of each) key += ` ${by}=${valueFor(by, found, request)}`;
    const param = each.find((by) => by.startsWith('param:'));
    if (param !== undefined) scope += ` ${param}=${valueFor(param, found, request)}`;
    return {
      key,
      windows,
      bucket: name,
      scope,
      ...(concurrency !== undefined && { concurrency }),
      ...(cost !== undefined && { cost }),
      ...spent,
    };
  }

  /** What an answer says its request cost, including units that no window counts. */
  spent(outcome: Outcome): Amounts | undefined {
    const places = this.#requests.find(outcome.request)?.value.spent;
    if (places === undefined) return undefined;
    let read = this.#spent.get(places);
    if (read === undefined) {
      read = spentOf(places) ?? (() => undefined);
      this.#spent.set(places, read);
    }
    return read(outcome);
  }

  /**
   * The quota of a request that no definition covers: one for each method and known first segment of a path, and one for
   * all others. This bounds the number of quotas, whatever the paths.
   */
  #unknown(request: RequestFacts, family: string): QuotaRef {
    const collection = this.#requests.main.collectionOf(request);
    const name =
      collection === undefined ? 'other' : `${request.method} ${this.#requests.root}/${collection}/*`;
    return { key: `${this.#prefix(family, this.#sharer)} ${name}`, windows: [], spent: undefined };
  }

  #prefix(family: string, sharer: string): string {
    return sharer === '' ? `${this.#name}/${family}` : `${this.#name}/${family}/${sharer}`;
  }
}

function compile(quota: QuotaDefinition, { sharers, choices, timeScale }: Settings): Quota {
  const { each = [], sharedBy = [...sharers.keys()], windows = [], concurrency, cost, spent = {} } = quota;
  const applying = windows.filter(({ when = {} }) =>
    Object.entries(when).every(([choice, value]) => choices.get(choice) === value),
  );
  const scaled = applying.map((window) => windowOf(window, timeScale));
  return {
    name: nameOf(quota),
    each,
    sharer: sharedBy.map((by) => sharers.get(by) ?? '-').join('/'),
    windows: scaled,
    concurrency: concurrency?.limit,
    cost: cost && costsOf(cost),
    spent: spentBy(spent, scaled),
  };
}

/** Name of a quota. Default: the method and path of its first match. */
export function nameOf({ name, match }: Pick<QuotaDefinition, 'name' | 'match'>): string {
  if (name !== undefined) return name;
  const first = listOf(match)[0];
  return `${listOf(first?.method, '*')[0]} ${listOf(first?.path, '**')[0]}`;
}

/** The window in ms of real time. A scaled day or month becomes a rolling window, because no time zone has it. */
function windowOf(
  { limit, per = 0, refill, zone, of = 'requests' }: WindowDefinition,
  timeScale: number,
): Window {
  const unit = of !== 'requests' && { of };
  if (refill !== undefined) {
    return { limit, per: limit / (parseRate(refill) ?? 1) / timeScale, kind: 'bucket', ...unit };
  }
  if (per !== 'day' && per !== 'month') {
    return { limit, per: (parseDuration(per) ?? 0) / timeScale, ...unit };
  }
  const longest = longestPeriodMs(per, zone);
  return timeScale === 1
    ? { limit, per: longest, kind: per, ...(zone !== undefined && { zone }), ...unit }
    : { limit, per: longest / timeScale, ...unit };
}

/** Costs by method become functions of the request. */
function costsOf(costs: NonNullable<QuotaDefinition['cost']>): Costs {
  return Object.fromEntries(
    Object.entries(costs).map(([unit, cost]) => [
      unit,
      typeof cost === 'object' ? ({ method }: RequestFacts) => cost[method] ?? cost['*'] : cost,
    ]),
  );
}

function valueFor(by: string, found: Matched<QuotaDefinition>, { method, url }: RequestFacts): string {
  const value =
    by === 'host'
      ? url.host
      : by === 'method'
        ? method
        : by === 'path'
          ? url.pathname.toLowerCase()
          : (found.param(by.slice(by.indexOf(':') + 1)) ?? '-');
  return encodeURIComponent(value.toWellFormed().slice(0, MAX_VALUE));
}
