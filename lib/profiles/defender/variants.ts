import type { Verdict } from '../../words/types.ts';

/** A code whose message tells two causes apart. */
interface Variant {
  /** Codes, in lower case, that this variant refines. */
  readonly code: string;
  /** Text of the message. */
  readonly message: RegExp;
  /** Verdict, where it differs from the code's. */
  readonly verdict?: Verdict;
  /** Advice for this cause. */
  readonly hint: string;
}

/**
 * Messages that decide what can be done. Messages are free text and may change, so that a code alone must always be
 * enough for a safe verdict: here, one refresh of the token more than necessary.
 *
 * Sources: "Account mode is inactive" and "No Tvm license": microsoft-365-docs#12426 and refusals of test tenants;
 * "Account is not provisioned": a client's tests; "Missing application roles": Azure-Sentinel#7924 and #14672; "required
 * application permissions": microsoft-365-docs#6062; "Missing application scopes": a delegated token's refusal by
 * Microsoft Graph security, which is served by the same API; "Application context is not allowed": a client's notes.
 */
const VARIANTS: readonly Variant[] = [
  {
    code: 'unauthorized',
    message: /\bno \w{1,20} licen[cs]e\b/i,
    verdict: 'terminal',
    hint: 'The token is valid, but the tenant lacks the licence that the message names (Tvm: Defender Vulnerability Management). No new token cures this.',
  },
  {
    code: 'unauthorized',
    message: /\baccount (?:mode )?is (?:inactive|not provisioned)\b/i,
    verdict: 'terminal',
    hint: 'The token is valid, but not for an active tenant of this API: check that it is of the right tenant and audience, and that Defender for Endpoint is set up and licensed there. No new token of the same kind cures this.',
  },
  {
    code: 'forbidden',
    message: /\bapplication context is not allowed\b/i,
    hint: "This endpoint takes no application's token, whatever its roles: call it with a delegated token, on behalf of a user (scopes, sign-in), instead of client credentials.",
  },
  {
    code: 'forbidden',
    message: /\b(?:user|delegated) context is not allowed\b/i,
    hint: "This endpoint takes no user's token, whatever its scopes: call it with an application's token (client credentials, application permissions).",
  },
  {
    code: 'forbidden',
    message: /\bscopes?\b/i,
    hint: 'The token is a delegated one (of a user) and lacks a scope: grant the delegated permission that the message names, have the user or an admin consent, and sign in again. The user also needs the matching role in Defender, and access to the device group. Application roles do not count here.',
  },
  {
    code: 'forbidden',
    message: /\bapplication (?:roles|permissions)\b/i,
    hint: "The token is an application's (client credentials) and lacks a role: grant one of the application roles that the message names, with admin consent, then get a new token. Delegated permissions of the same name do not count here.",
  },
];

/** The cause that a message tells of, if the code has several. */
export function variantOf(code: string | undefined, message: string | undefined): Variant | undefined {
  if (code === undefined || message === undefined) return undefined;
  return VARIANTS.find((variant) => variant.code === code.toLowerCase() && variant.message.test(message));
}
