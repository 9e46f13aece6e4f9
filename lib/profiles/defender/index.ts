import { defineProfile, type ProfileFactory, type QuotaDefinition } from '../define/index.ts';
import { defenderErrorCodes } from './codes.ts';
import { type DefenderLimit, defenderLimits, defenderXdrLimits } from './endpoints.ts';
import { examples } from './examples.ts';
import { defenderExpectations } from './expectations.ts';
import { hooks } from './hints.ts';
import { hosts, scopes } from './hosts.ts';
import { resend } from './resendable.ts';
import { sources } from './sources.ts';
import { variants } from './variants.ts';

export { type DefenderErrorCode, defenderErrorCodes } from './codes.ts';
export {
  type DefenderLimit,
  defenderLimits,
  defenderLimitsAsOf,
  defenderXdrLimits,
} from './endpoints.ts';
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

type Sharers = 'tenant' | 'app';

/** Hint for a 404 without an error body: the API itself answers a wrong ID with one. */
const STRAY =
  'The path, rather than the ID, is wrong: this answer is not an error of the API. Check the path (collections are plural: /api/machines), the method, the host, and any proxy.';

/**
 * Where a hunt's answer states its running time, and the CPU time of all its nodes (run-advanced-query-api.md and
 * defender-xdr/api-advanced-hunting.md, `Stats`).
 */
const spentByHunts = {
  seconds: 'body:Stats.ExecutionTime',
  cpuSeconds: 'body:Stats.resource_usage.cpu.total cpu',
};

const isHunt = (path: string): boolean => path.startsWith('/api/advanced');

/**
 * Running time of hunts, as their answers state it; until the first answer, a hunt is charged next to nothing. The limit of
 * Defender XDR, in CPU time by tenant size, is documented nowhere as a number.
 */
const runningTime: QuotaDefinition<Sharers> = {
  name: 'running time of hunts',
  match: { method: 'POST', path: '/api/advancedqueries/run' },
  also: true,
  sharedBy: ['tenant'],
  windows: [
    { limit: 600, per: '1h', of: 'seconds' },
    { limit: 10_800, per: '1d', of: 'seconds' },
  ],
  cost: { seconds: 0.001 },
  spent: { seconds: spentByHunts.seconds },
  source: 'V26',
  note: 'Counted as each answer states it (Stats.ExecutionTime).',
};

function quotaOf({
  method,
  path,
  perMinute,
  perHour,
  source,
  scope,
  extra,
}: DefenderLimit): QuotaDefinition<Sharers> {
  return {
    name: `${method} ${path}`,
    match: { method, path },
    ...(scope === 'tenant' && { sharedBy: ['tenant'] }),
    windows: [
      ...(perMinute === null ? [] : [{ limit: perMinute, per: '1m' }]),
      ...(perHour === null ? [] : [{ limit: perHour, per: '1h' }]),
    ],
    ...(isHunt(path) && { spent: spentByHunts }),
    ...(source !== 'none' && { source }),
    ...(extra !== undefined && { note: extra }),
  };
}

/**
 * Profile of the Microsoft Defender for Endpoint API: its documented rate limits, one quota per tenant, application and
 * endpoint (microsoft-365-docs#10124), its error codes, and the requests that may be resent.
 */
export const defender: ProfileFactory<Sharers> = /* @__PURE__ */ defineProfile({
  name: 'defender',
  title: 'Microsoft Defender for Endpoint',
  docs: 'https://learn.microsoft.com/defender-endpoint/api/exposed-apis-list',
  sources,
  hosts,
  family: 'commercial',
  // The hosts also serve /safedownload, outside /api: the links to investigation packages.
  paths: { root: '/api', version: true, odata: true },
  sharers: ['tenant', 'app'],
  quotas: [...[...defenderLimits, ...defenderXdrLimits].map(quotaOf), runningTime],
  codes: [
    ...defenderExpectations.map(({ method, path, verdict, retryAfterMs, hint }) => ({
      status: 404,
      match: { method, path },
      verdict,
      wait: retryAfterMs,
      advice: hint,
    })),
    ...variants,
    ...defenderErrorCodes.map(({ code, status, verdict, hint, documented }) => ({
      code,
      status,
      verdict,
      advice: hint,
      documented,
      ...(documented && { source: 'errors' }),
    })),
    { status: 404, bare: true, advice: STRAY },
  ],
  correlation: ['target'],
  waits: [
    // Both wordings, as captured (microsoft-365-docs#4616 of 2021; minemeld-wd-atp of 2022):
    //   API calls quota exceeded! maximum allowed 45 per 00:01:00
    //   API calls quota exceeded! Maximum allowed 30 per 00:01:00 for the key Destination+TenantID+AppID. You can
    //   send requests again in 8 seconds.
    { message: /\bagain in (\d{1,9}) seconds?\b/i, unit: 's' },
    // Fixed or rolling, the window is open again one whole length after the last call. A shorter wait would be a guess,
    // and refused calls probably count against the quota.
    { message: /\bper ((?:\d{1,3}\.)?\d{1,2}:\d{2}:\d{2})(?![\d:])/i, unit: 'timespan' },
  ],
  scopes,
  // The API's download links carry their own signature, so they must not carry the token too.
  withhold: { query: 'sig' },
  resend,
  // From the pages run-advanced-query-api.md of 2026-07 and defender-xdr/api-advanced-hunting.md of 2026; the last day
  // from copies of message MC1220762, which names both.
  deprecations: ['/api/advancedqueries/run', '/api/advancedhunting/run'].map((path) => ({
    match: { method: 'POST', path },
    message: `POST ${path} has been in retirement since January 2026 and stops working on 1 February 2027 (MC1220762). Use POST https://graph.microsoft.com/v1.0/security/runHuntingQuery, of the Microsoft Graph security API, instead.`,
    source: 'hunting',
  })),
  examples,
  // Longer than the longest window, so that a call survives a used-up hour.
  retry: { deadline: '75m' },
  hooks,
});
