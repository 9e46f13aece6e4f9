/** Requests to which the gate has a token and does not send it: the user is told, and so is the reader of a 401. */
import type { Classification, RequestFacts } from '../words/types.ts';
import type { Attempt } from './attempt.ts';
import type { CallContext } from './context.ts';

/** Warns that no token goes with a request, once for each origin. */
export function warnOfWithheld({ profile, warn }: CallContext, request: RequestFacts): void {
  // A warning of its own tells of a request that cannot be read.
  if (!request.unreadable) warn('token-withheld', `No token is sent to ${reasonOf(profile.name, request)}`);
}

/** The reading of an attempt; of a 401 to a request that bore no token, one that says so. */
export function explained(context: CallContext, attempt: Attempt, read: Classification): Classification {
  const { request, status, token } = attempt;
  if (status !== 401 || !context.tokens || token !== undefined) return read;
  if (request.headers?.authorization !== undefined) return read;
  warnOfWithheld(context, request);
  const hint = `The request bore no token: the gate sends none to ${reasonOf(context.profile.name, request)}.`;
  return { ...read, hint };
}

function reasonOf(profile: string, { url, unreadable, bearerless }: RequestFacts): string {
  if (unreadable) return 'a URL that it cannot read';
  if (bearerless) return `${url.origin} by a client that may take it along to another host`;
  return `${url.origin}: it is neither the origin of the call nor, by the profile '${profile}', a host of the API`;
}
