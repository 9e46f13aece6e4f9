/** Explains a 401: in a warning and its hint why the gate sent no token, or in its hint that no token cures it. */
import type { Classification, RequestFacts } from '../words/types.ts';
import type { Attempt } from './attempt.ts';
import type { CallContext } from './context.ts';

/** Warns, once per origin, that a request carries no token. */
export function warnOfWithheld({ profile, warn }: CallContext, request: RequestFacts): void {
  // Unreadable requests have their own warning.
  if (!request.unreadable) warn('token-withheld', `No token is sent to ${reasonOf(profile.name, request)}`);
}

const NOT_ACCEPTED =
  'The service refuses a token that was just fetched, too: the token is good, but the service does not accept it. Check the licence, the audience (scope) and tenant of the token, and its permissions. For a while no other token is fetched for this.';

/** Replaces the hint of a 401 if the request carried no token, or one that another cannot cure. */
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
