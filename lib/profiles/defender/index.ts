import { OptionsError } from '../../words/errors.ts';
import type { Notice, Profile, QuotaRef, Window } from '../../words/types.ts';
import { generic } from '../generic.ts';
import { classifyDefender } from './classify.ts';
import { endpointOf, isXdr, unknownClass } from './endpoints.ts';
import { hosts as hostsOf, SCOPES } from './hosts.ts';
import { LostFilter } from './paging.ts';
import { isResendable } from './resendable.ts';
import { isApiPath } from './routes.ts';

export { type DefenderErrorCode, defenderErrorCodes } from './codes.ts';
export { type DefenderLimit, defenderLimits, defenderLimitsAsOf, defenderXdrLimits } from './endpoints.ts';
export { type DefenderExpectation, defenderExpectations } from './expectations.ts';

/** Options of {@link defender}. */
export interface DefenderOptions {
  /** ID or domain of the tenant. It identifies the quotas together with `app`: set both if processes share a ledger. */
  readonly tenant?: string | undefined;
  /** Client ID of the application. */
  readonly app?: string | undefined;
  /**
   * Further hosts of the API, e.g. a reverse proxy: `host`, `host:port` (both HTTPS) or an origin. They receive the
   * gate's token.
   */
  readonly hosts?: readonly string[] | undefined;
  /**
   * Speed of a simulated API relative to real time: `defender({ timeScale: sim.timeScale })` scales the documented
   * limits to it. Default 1.
   */
  readonly timeScale?: number | undefined;
}

/**
 * From the pages run-advanced-query-api.md of 2026-07 and defender-xdr/api-advanced-hunting.md of 2026; the last day
 * from copies of message MC1220762, which names both.
 */
const RETIRED: ReadonlyMap<string | undefined, Notice> = new Map(
  ['POST /api/advancedqueries/run', 'POST /api/advancedhunting/run'].map((id) => [
    id,
    {
      code: 'deprecated-endpoint',
      message: `${id} is being retired since January 2026 and stops working on 1 February 2027 (MC1220762). Use POST https://graph.microsoft.com/v1.0/security/runHuntingQuery, of the Microsoft Graph security API, instead.`,
    },
  ]),
);

/** Names that are unambiguous in a ledger's key: GUIDs, domain names. */
const NAME = /^[\w.-]+$/;
const MAX_NAME = 128;

/**
 * Profile of the Microsoft Defender for Endpoint API: its documented rate limits, one quota per tenant, application and
 * endpoint (microsoft-365-docs#10124), its error codes, and the requests that may be resent.
 */
export function defender(options: DefenderOptions = {}): Profile {
  const { tenant, app, hosts: own = [], timeScale = 1 } = validated(options);
  const inTime = atSpeed(timeScale);
  const hosts = hostsOf(own);
  const http = generic();
  const lostFilter = new LostFilter();
  // The hosts also serve /safedownload, outside /api: the links to investigation packages.
  const isApi = (url: URL) => hosts.familyOf(url) !== undefined && isApiPath(url.pathname);

  return {
    name: 'defender',
    scope: SCOPES.commercial.endpoint,

    scopeOf: (url) => SCOPES[hosts.cloudOf(url)][isXdr(url) ? 'xdr' : 'endpoint'],

    // Longer than the longest window, so that a call survives a used-up hour.
    retry: { deadline: '75m' },

    quota(request): QuotaRef {
      const { method, url } = request;
      const family = hosts.familyOf(url);
      if (family === undefined) return http.quota(request);
      const endpoint = endpointOf(method, url);
      const sharer = endpoint?.perTenant ? tenant : `${tenant}/${app}`;
      const key = `defender/${family}/${sharer} ${endpoint?.id ?? unknownClass(method, url)}`;
      return { key, windows: endpoint ? inTime(endpoint.windows) : [] };
    },

    classify: (outcome) => (isApi(outcome.request.url) ? classifyDefender(outcome) : http.classify(outcome)),

    resendable(request) {
      const { method, url } = request;
      return isApi(url) && isResendable(endpointOf(method, url)?.id, request);
    },

    // The API's download links carry their own signature, so they must not carry the token too.
    authorizes: (url) => isApi(url) && !url.searchParams.has('sig'),

    notice({ method, url }) {
      if (!isApi(url)) return undefined;
      const id = endpointOf(method, url)?.id;
      return id === 'GET /api/machines' ? lostFilter.notice(url) : RETIRED.get(id);
    },
  };
}

/** Scales windows by `timeScale`. Each endpoint has one list of windows, which is scaled once. */
function atSpeed(timeScale: number): (windows: readonly Window[]) => readonly Window[] {
  const scaled = new Map<readonly Window[], readonly Window[]>();
  return (windows) => {
    if (timeScale === 1) return windows;
    let fast = scaled.get(windows);
    if (!fast) {
      fast = windows.map(({ limit, per }) => ({ limit, per: per / timeScale }));
      scaled.set(windows, fast);
    }
    return fast;
  };
}

function validated(options: DefenderOptions): {
  tenant: string;
  app: string;
  hosts?: readonly string[] | undefined;
  timeScale?: number | undefined;
} {
  const allowed = "for a simulator 'timeScale', else only 'tenant', 'app' and 'hosts'";
  if (typeof options !== 'object' || options === null) throw new OptionsError('defender', options, allowed);
  const { tenant, app, hosts, timeScale, ...unknown } = options;
  for (const name of Object.keys(unknown)) throw new OptionsError('defender', name, allowed);
  if (hosts !== undefined && !Array.isArray(hosts)) {
    throw new OptionsError('defender.hosts', hosts, 'an array of hosts');
  }
  if (timeScale !== undefined && !(typeof timeScale === 'number' && timeScale > 0 && timeScale < Infinity)) {
    throw new OptionsError('defender.timeScale', timeScale, 'a number above 0');
  }
  return { tenant: nameOf('defender.tenant', tenant), app: nameOf('defender.app', app), hosts, timeScale };
}

/** Lower-cases a name: the case of GUIDs and domain names is irrelevant. */
function nameOf(option: string, value: string | undefined): string {
  if (value === undefined) return '-';
  if (typeof value === 'string' && value.length <= MAX_NAME && NAME.test(value)) return value.toLowerCase();
  throw new OptionsError(option, value, "a GUID or a name of letters, digits, '.', '-' and '_'");
}
