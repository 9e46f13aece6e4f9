import type { CodeDefinition } from '../define/definition.ts';

/**
 * Messages that refine the meaning of a code. Messages are free text and may change, so a code alone must always be enough
 * for a safe verdict: here, one unnecessary token refresh.
 *
 * Sources: "Account mode is inactive" and "No Tvm license": microsoft-365-docs#12426 and refusals of test tenants;
 * "Account is not provisioned": a client's tests; "Missing application roles": Azure-Sentinel#7924 and #14672; "required
 * application permissions": microsoft-365-docs#6062; "Missing application scopes": a delegated token's refusal by
 * Microsoft Graph security, which is served by the same API; "Application context is not allowed": a client's notes.
 */
export const variants: readonly CodeDefinition[] = [
  {
    code: 'Unauthorized',
    status: 401,
    message: /\bno \w{1,20} licen[cs]e\b/i,
    verdict: 'terminal',
    advice:
      'The token is valid, but the tenant lacks the licence that the message names (Tvm: Defender Vulnerability Management). A new token does not help.',
  },
  {
    code: 'Unauthorized',
    status: 401,
    message: /\baccount (?:mode )?is (?:inactive|not provisioned)\b/i,
    verdict: 'terminal',
    advice:
      'The token is valid, but not for an active tenant of this API: check its tenant and audience, and that Defender for Endpoint is set up and licensed in that tenant. Another token of the same kind does not help.',
  },
  {
    code: 'Forbidden',
    status: 403,
    message: /\bapplication context is not allowed\b/i,
    verdict: 'terminal',
    advice:
      'This endpoint accepts no application token, whatever its roles: call it with a delegated token, on behalf of a user (scopes, sign-in), instead of client credentials.',
  },
  {
    code: 'Forbidden',
    status: 403,
    message: /\b(?:user|delegated) context is not allowed\b/i,
    verdict: 'terminal',
    advice:
      'This endpoint accepts no user token, whatever its scopes: call it with an application token (client credentials, application permissions).',
  },
  {
    code: 'Forbidden',
    status: 403,
    message: /\bscopes?\b/i,
    advice:
      'This delegated (user) token lacks a scope: grant the delegated permission that the message names, have the user or an admin consent, and sign in again. The user also needs the matching role in Defender, and access to the device group. Application roles do not count here.',
  },
  {
    code: 'Forbidden',
    status: 403,
    message: /\bapplication (?:roles|permissions)\b/i,
    advice:
      'This application token (client credentials) lacks a role: grant one of the application roles that the message names, with admin consent, then get a new token. Delegated permissions of the same name do not count here.',
  },
];
