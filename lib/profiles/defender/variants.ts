import type { CodeDefinition } from '../define/definition.ts';

/**
 * Messages that decide what can be done. Messages are free text and may change, so that a code alone must always be
 * enough for a safe verdict: here, one refresh of the token more than necessary.
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
      'The token is valid, but the tenant lacks the licence that the message names (Tvm: Defender Vulnerability Management). No new token cures this.',
  },
  {
    code: 'Unauthorized',
    status: 401,
    message: /\baccount (?:mode )?is (?:inactive|not provisioned)\b/i,
    verdict: 'terminal',
    advice:
      'The token is valid, but not for an active tenant of this API: check that it is of the right tenant and audience, and that Defender for Endpoint is set up and licensed there. No new token of the same kind cures this.',
  },
  {
    code: 'Forbidden',
    status: 403,
    message: /\bapplication context is not allowed\b/i,
    verdict: 'terminal',
    advice:
      "This endpoint takes no application's token, whatever its roles: call it with a delegated token, on behalf of a user (scopes, sign-in), instead of client credentials.",
  },
  {
    code: 'Forbidden',
    status: 403,
    message: /\b(?:user|delegated) context is not allowed\b/i,
    verdict: 'terminal',
    advice:
      "This endpoint takes no user's token, whatever its scopes: call it with an application's token (client credentials, application permissions).",
  },
  {
    code: 'Forbidden',
    status: 403,
    message: /\bscopes?\b/i,
    advice:
      'The token is a delegated one (of a user) and lacks a scope: grant the delegated permission that the message names, have the user or an admin consent, and sign in again. The user also needs the matching role in Defender, and access to the device group. Application roles do not count here.',
  },
  {
    code: 'Forbidden',
    status: 403,
    message: /\bapplication (?:roles|permissions)\b/i,
    advice:
      "The token is an application's (client credentials) and lacks a role: grant one of the application roles that the message names, with admin consent, then get a new token. Delegated permissions of the same name do not count here.",
  },
];
