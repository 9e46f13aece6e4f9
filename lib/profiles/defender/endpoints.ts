import { limits, limitsAsOf } from './limits.ts';

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
 * incident 100; the table has the tighter figure.
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
