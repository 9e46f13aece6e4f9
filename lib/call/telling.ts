/** What is told of a call, in events and in the messages of errors. */
import { safeUrl } from '../events/safe-url.ts';
import type { CallEvent } from '../events/types.ts';
import type { RequestFacts } from '../words/types.ts';
import type { Attempt } from './attempt.ts';

/** Maximum number of characters of a URL in an error's message. */
const LONGEST_URL = 300;

/** `GET https://h/x (quota 'q')`: how an error's message names a call. */
export function subjectOf({ method, url }: RequestFacts, quota: string): string {
  const text = safeUrl(url);
  const shown = text.length > LONGEST_URL ? `${text.slice(0, LONGEST_URL)}…` : text;
  return `${method} ${shown}${quota && ` (quota '${quota}')`}`;
}

/** What all events of a call have in common. */
export function eventOf(
  at: number,
  gate: string,
  call: string,
  { method, url }: RequestFacts,
  quota: string,
  attempt: Attempt | undefined,
): CallEvent {
  return {
    at,
    gate,
    call,
    attempt: attempt?.number ?? 0,
    quota,
    method,
    url: safeUrl(url),
    correlationId: attempt?.classification?.correlationId,
  };
}
