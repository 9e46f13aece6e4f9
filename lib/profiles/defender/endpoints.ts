import type { Window } from '../../words/types.ts';
import { limits, limitsAsOf } from './limits.ts';
import { Routes, segmentsOf } from './routes.ts';

/** One endpoint and its documented rate limits. */
export interface DefenderLimit {
  /** HTTP method, in upper case. */
  readonly method: string;
  /** Template, e.g. `/api/machines/{id}/isolate`. */
  readonly path: string;
  /** Calls per minute; null when none are documented. */
  readonly perMinute: number | null;
  /** Calls per hour; null when none are documented. */
  readonly perHour: number | null;
  /** Evidence: one of the sources listed in limits.ts. */
  readonly source: string;
  /** `tenant`: all applications of a tenant share the limit. Absent: each application has its own. */
  readonly scope?: string | undefined;
  /** Other limits named on the page. */
  readonly extra?: string | undefined;
}

/** Date, sources and conflicts of {@link defenderLimits}. */
export const defenderLimitsAsOf: string = limitsAsOf;

/**
 * The API's endpoints and their documented limits. Concurrency is not among them: the 50 live-response sessions
 * last longer than the request that opens them, so a gate that counts requests in flight can't keep that limit.
 */
export const defenderLimits: readonly DefenderLimit[] = limits.map(
  ([method, path, perMinute, perHour, source, more]) => ({
    method,
    path,
    perMinute,
    perHour,
    source,
    ...more,
  }),
);

/**
 * The Defender XDR API's endpoints on the same hosts, in the form of {@link defenderLimits}. `X26`: the Learn pages
 * api-advanced-hunting.md, api-list-incidents.md, api-update-incidents.md, api-get-incident.md and api-incident.md of
 * defender-xdr, as of 2026-07. Several pages grant the incidents API 50 calls per minute as a whole, and a single
 * incident 100: the tighter figure is taken.
 */
export const defenderXdrLimits: readonly DefenderLimit[] = [
  {
    method: 'POST',
    path: '/api/advancedhunting/run',
    perMinute: 45,
    perHour: null,
    source: 'X26',
    scope: 'tenant',
    extra:
      'at least 45, more for large tenants; CPU by tenant size, in cycles of 15 min; 3 min/query; 100000 rows; 30 days; retirement began 2026-01',
  },
  { method: 'GET', path: '/api/incidents', perMinute: 50, perHour: 1500, source: 'X26' },
  { method: 'GET', path: '/api/incidents/{id}', perMinute: 50, perHour: 1500, source: 'X26' },
  { method: 'PATCH', path: '/api/incidents/{id}', perMinute: 50, perHour: 1500, source: 'X26' },
];

/** An endpoint and its windows. */
export interface Endpoint {
  /** Method and template, e.g. `GET /api/machines/{id}`: the class of requests that share its limits. */
  readonly id: string;
  readonly windows: readonly Window[];
  /** True if all applications of a tenant share the limits. */
  readonly perTenant: boolean;
}

const MINUTE = 60_000;
const HOUR = 3_600_000;

const routes = new Map<string, Routes<Endpoint>>();
const collections = new Set<string>();

add(defenderLimits);
add(defenderXdrLimits);

function add(limits: readonly DefenderLimit[]): void {
  for (const { method, path, perMinute, perHour, scope } of limits) {
    const windows: Window[] = [];
    if (perMinute !== null) windows.push({ limit: perMinute, per: MINUTE });
    if (perHour !== null) windows.push({ limit: perHour, per: HOUR });
    const ofMethod = routes.get(method) ?? new Routes<Endpoint>();
    routes.set(method, ofMethod);
    ofMethod.add(path, { id: `${method} ${path}`, windows, perTenant: scope === 'tenant' });
    collections.add(segmentsOf(path)?.[0] ?? '');
  }
}

/** The endpoint of a request; `undefined` if it is not in the table. */
export function endpointOf(method: string, url: URL): Endpoint | undefined {
  return routes.get(method === 'HEAD' ? 'GET' : method)?.find(url.pathname);
}

/** Collections of the Defender XDR API, all of whose endpoints take its tokens. */
const XDR_COLLECTIONS: ReadonlySet<string | undefined> = new Set(['advancedhunting', 'incidents']);

/** True for a path of the Defender XDR API. */
export function isXdr(url: URL): boolean {
  return XDR_COLLECTIONS.has(segmentsOf(url.pathname)?.[0]?.replace(/\(.*$/s, ''));
}

/**
 * Class of a request to an endpoint that is not in the table: one class per method and known collection, and one for
 * all others. This bounds the number of classes for any paths.
 */
export function unknownClass(method: string, url: URL): string {
  const collection = segmentsOf(url.pathname)?.[0] ?? '';
  return routes.has(method) && collections.has(collection) ? `${method} /api/${collection}/*` : 'other';
}
