import type { Notice, Outcome, Profile, QuotaRef, RequestFacts } from '../../words/types.ts';
import { generic } from '../generic.ts';
import type { ProfileDefinition, ResendDefinition } from './definition.ts';
import { hosts as hostsOf } from './hosts.ts';
import { Json } from './json.ts';
import { type ProfileOptions, readOptions, type Settings } from './options.ts';
import { ProfileQuotas, QuotaRequests } from './quotas.ts';
import { ProfileReading } from './reading.ts';
import { type Matches, Requests } from './requests.ts';
import { pathForm, segmentsOf } from './routes.ts';
import { checkDefinition } from './schema.ts';

export type * from './definition.ts';
export type { ProfileOptions } from './options.ts';

/** Choices of a definition: values by option. */
type Choices = Readonly<Record<string, readonly string[]>>;

/** A profile made from a definition. */
export interface DefinedProfile extends Profile {
  /** What the profile was made from. */
  readonly definition: ProfileDefinition;
  /** All quotas that a request draws on, the narrowest first. */
  quotas(request: RequestFacts): readonly QuotaRef[];
}

/** Makes profiles of one API. */
export interface ProfileFactory<Sharers extends string = never, Of extends Choices = Record<never, never>> {
  /** Makes a profile. Throws `OptionsError`. */
  (options?: ProfileOptions<Sharers, Of>): DefinedProfile;
  /** What the profiles are made from. */
  readonly definition: ProfileDefinition;
}

/**
 * Makes a profile from data: hosts, quotas with their sources, the meaning of errors, and which requests may be repeated.
 * What the data leaves open is read as by `generic()`. Throws `OptionsError`, which names the faulty part of the
 * definition, its value and what is allowed.
 *
 * @example
 * const example = defineProfile({
 *   name: 'example',
 *   title: 'Example API',
 *   hosts: ['api.example.com'],
 *   quotas: [{ windows: [{ limit: 100, per: '1m', source: 'https://example.com/limits', sourceDate: '2026-11-25' }] }],
 *   codes: [{ code: 'over_quota', status: 403, verdict: 'throttled', advice: 'Wait until the quota reopens.' }],
 * });
 * const gate = headgate({ profile: example() });
 */
export function defineProfile<
  const Sharers extends string = never,
  const Of extends Choices = Record<never, never>,
>(definition: ProfileDefinition<Sharers, Of>): ProfileFactory<Sharers, Of> {
  checkDefinition(definition);
  const plain = definition as unknown as ProfileDefinition;
  let tables: Tables | undefined;
  const make = (options: ProfileOptions<Sharers, Of> = {} as never): DefinedProfile => {
    const settings = readOptions(plain, options);
    tables ??= tablesOf(plain);
    return profileOf(plain, settings, tables);
  };
  return Object.assign(make, { definition: plain });
}

/** A compiled definition, shared by all its profiles. */
type Tables = ReturnType<typeof tablesOf>;

function tablesOf(definition: ProfileDefinition) {
  const { paths = {}, scopes = [], withhold, readBody, resend = [], deprecations = [] } = definition;
  const form = pathForm(paths.root, paths.version, paths.odata);
  const requests = <T>(given: readonly (readonly [Matches, T])[]): Requests<T> => {
    const found = new Requests<T>(form);
    for (const [match, value] of given) found.add(match, value);
    return found;
  };
  const http = generic();
  return {
    form,
    http,
    quotas: new QuotaRequests(definition, form),
    reading: new ProfileReading(definition, form, http.classify),
    scope: scopes.find(({ path, host, query }) => !path && !host && !query)?.scope,
    scopes: requests(scopes.map((each) => [each, each.scope])),
    withheld: requests(withhold === undefined ? [] : [[withhold, true]]),
    bodyReads: requests(readBody === undefined ? [] : [[readBody, true]]),
    resends: requests(resend.map((each) => [each, each])),
    retired: requests(
      deprecations.map(({ match, message }) => [match, { code: 'deprecated-endpoint', message }]),
    ),
  };
}

function profileOf(definition: ProfileDefinition, settings: Settings, tables: Tables): DefinedProfile {
  const { name, retry } = definition;
  const { form, http, reading, scope, scopes, withheld, bodyReads, resends, retired } = tables;
  const hosts = hostsOf(definition, settings.hosts);
  const quotas = new ProfileQuotas(name, tables.quotas, settings);
  const { refine, notice: noticeOf } = definition.hooks?.() ?? {};
  let last = { href: '', isApi: false };
  // One URL is looked up several times in a row.
  const isApi = (url: URL): boolean => {
    if (last.href !== url.href) {
      const known = hosts.familyOf(url) !== undefined;
      last = { href: url.href, isApi: known && segmentsOf(form, url.pathname) !== undefined };
    }
    return last.isApi;
  };

  return {
    name,
    definition,
    ...(scope !== undefined && { scope }),
    ...(!scopes.empty && { scopeOf: (url: URL) => scopes.find({ method: 'GET', url })?.value }),
    ...(retry && { retry }),
    ...(definition.quotas?.some(({ spent }) => spent) && {
      spent: (outcome: Outcome) => (isApi(outcome.request.url) ? quotas.spent(outcome) : undefined),
    }),

    quota(request) {
      const family = hosts.familyOf(request.url);
      return family === undefined ? http.quota(request) : quotas.main(request, family);
    },

    quotas(request) {
      const family = hosts.familyOf(request.url);
      return family === undefined ? [http.quota(request)] : quotas.all(request, family);
    },

    classify(outcome) {
      const { request } = outcome;
      if (!isApi(request.url)) return http.classify(outcome);
      const read = reading.read(outcome);
      return refine && read.verdict !== 'success'
        ? refine(read, outcome, tables.quotas.nameOf(request))
        : read;
    },

    ...(!bodyReads.empty && {
      readsBody: (request: RequestFacts) => isApi(request.url) && bodyReads.find(request) !== undefined,
    }),

    resendable(request) {
      const found = isApi(request.url) ? resends.find(request)?.value : undefined;
      return found !== undefined && allows(found, request);
    },

    authorizes: (url) => isApi(url) && !withheld.find({ method: 'GET', url }),

    notice(request): Notice | undefined {
      if ((retired.empty && !noticeOf) || !isApi(request.url)) return undefined;
      return retired.find(request)?.value ?? noticeOf?.(request, tables.quotas.nameOf(request));
    },
  };
}

/** Whether the request's body may be sent twice. */
function allows({ unlessBody }: ResendDefinition, request: RequestFacts): boolean {
  if (unlessBody === undefined) return true;
  const body = new Json(bodyOf(request)).value;
  if (typeof body !== 'object' || body === null) return false;
  const refused = new Set(unlessBody.map((each) => each.toLowerCase()));
  return !Object.keys(body).some((each) => refused.has(each.toLowerCase()));
}

function bodyOf(request: RequestFacts): string | undefined {
  try {
    return request.body?.();
  } catch {
    return undefined;
  }
}
