/**
 * Explains a 401: a warning and its hint say why the gate sent no token, or its hint that no token would
 * help.
 */
import type { Classification, RequestFacts } from '../words/types.ts';
import type { Attempt } from './attempt.ts';
import type { CallContext } from './context.ts';

/** Warns, once per origin, that a request carries no token. */
export function warnOfWithheld({ profile, warn }: CallContext, request: RequestFacts): void {
  // Unreadable requests have their own warning.
  if (!request.unreadable) warn('token-withheld', `No token is sent to ${reasonOf(profile.name, request)}`);
}

const NOT_ACCEPTED =
  'The service refuses even a freshly fetched token: the token is good, but the service does not accept it. Check the licence, and the audience (scope), tenant and permissions of the token. No other token is fetched for a while.';

/** Replaces the hint of a 401 if the request carried no token, or if another token would not help. */
export function explained(context: CallContext, attempt: Attempt, read: Classification): Classification {
  const { request, status, token } = attempt;
  if (read.verdict === 'unauthorized' && context.tokens && token !== undefined) {
    attempt.curable = context.tokens.of(request).refused(token);
    return attempt.curable ? read : { ...read, hint: NOT_ACCEPTED };
  }
  if (status !== 401 || !context.tokens || token !== undefined) return read;
  if (request.headers?.authorization !== undefined) return read;
  warnOfWithheld(context, request);
  const hint = `The request carried no token: the gate sends none to ${reasonOf(context.profile.name, request)}.`;
  return { ...read, hint };
}

function reasonOf(profile: string, { url, unreadable, bearerless }: RequestFacts): string {
  if (unreadable) return 'a URL that it cannot read';
  if (bearerless) return `${url.origin} by a client that may forward it to another host`;
  return `${url.origin}: it is neither the origin of the call nor, by the profile '${profile}', a host of the API`;
}
