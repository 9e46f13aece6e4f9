import type { ProfileDefinition } from '../define/definition.ts';

/**
 * Hosts of the commercial cloud, as patterns, because Microsoft adds regions without notice. Each pattern ends in one of
 * Microsoft's domains and `{region}` is a single label, so no foreign host can match. Whether the regional hosts of a cloud
 * have separate quotas is unknown; they are assumed to share one, because that error costs speed rather than refusals.
 *
 * Sources: the regional hosts `eu.api.security.microsoft.com` are listed on the Learn pages of 2025-11 to 2026-07, the
 * government hosts in defender-endpoint/gov.md of 2026-01 and defender-xdr/usgov.md. The others are their predecessors
 * and siblings, seen in clients and in bodies of 2021 to 2026, and still answer: `api-eu`, `api-eu3`, `api-us3` below
 * `securitycenter.microsoft.com` and `securitycenter.windows.com`, `api-eu` below `security.microsoft.com`.
 */
const COMMERCIAL: readonly string[] = [
  'api.security.microsoft.com',
  '{region}.api.security.microsoft.com',
  'api-{region}.security.microsoft.com',
  'api.securitycenter.microsoft.com',
  'api-{region}.securitycenter.microsoft.com',
  'api.securitycenter.windows.com',
  'api-{region}.securitycenter.windows.com',
];
const GCC: readonly string[] = ['api-gcc.security.microsoft.us', 'api-gcc.securitycenter.microsoft.us'];
const GOV: readonly string[] = ['api-gov.security.microsoft.us', 'api-gov.securitycenter.microsoft.us'];

/** The API's hosts; each cloud has its own tenants and quotas. */
export const hosts: ProfileDefinition['hosts'] = [
  ...COMMERCIAL.map((host) => ({ host, family: 'commercial' })),
  ...GCC.map((host) => ({ host, family: 'gcc' })),
  ...GOV.map((host) => ({ host, family: 'gov' })),
];

/** Paths of the Defender XDR API, which takes tokens for its own audience. */
const XDR = ['/api/advancedhunting/**', '/api/incidents/**'];

/**
 * Audiences of tokens. Sources: exposed-apis-create-app-*.md and defender-xdr/api-hello-world.md for the commercial cloud;
 * existing clients for the government clouds.
 */
export const scopes: NonNullable<ProfileDefinition['scopes']> = [
  { host: GCC, path: XDR, scope: 'https://api-gcc.security.microsoft.us/.default' },
  { host: GCC, path: '/api/**', scope: 'https://api-gcc.securitycenter.microsoft.us/.default' },
  { host: GOV, path: XDR, scope: 'https://api-gov.security.microsoft.us/.default' },
  { host: GOV, path: '/api/**', scope: 'https://api-gov.securitycenter.microsoft.us/.default' },
  { path: XDR, scope: 'https://api.security.microsoft.com/.default' },
  { scope: 'https://api.securitycenter.microsoft.com/.default' },
];
