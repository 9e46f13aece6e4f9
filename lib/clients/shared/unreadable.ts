import type { Headers, RequestFacts } from '../../words/types.ts';

/** Origin of a request whose host is unknown; `.invalid` never resolves (RFC 2606, section 2). */
const PLACEHOLDER = 'http://unreadable.invalid';

/** Schemes that are served within the process and need no gate. */
const LOCAL: ReadonlySet<string> = new Set(['about:', 'blob:', 'data:', 'file:']);

/** Whether a request to `url` never leaves the process and needs no gate. */
export function isLocal(url: URL): boolean {
  return LOCAL.has(url.protocol);
}

/** Whether gates and profiles can read `url`. */
export function isHttp(url: URL): boolean {
  return url.protocol === 'http:' || url.protocol === 'https:';
}

/** The known parts of a request that a client cannot fully read. */
export interface Glimpse {
  /** Default `GET`. */
  readonly method?: unknown;
  /** The request's URL as given. Only the path of a relative URL is used. */
  readonly target?: unknown;
  readonly headers?: Headers | undefined;
  readonly body?: RequestFacts['body'];
}

/**
 * Facts of a request that the client may accept but the gate cannot read. It passes under a declared quota that matches
 * without a host, else under the gate's default quota, and never carries the gate's token. The gate warns once.
 * Send it with the user's arguments unchanged, so that a refusal surfaces as the client's own error.
 */
export function unreadable({ method, target, headers, body }: Glimpse = {}): RequestFacts {
  return {
    method: typeof method === 'string' && method !== '' ? method.toUpperCase() : 'GET',
    url: placeholderOf(target),
    headers,
    body,
    unreadable: true,
  };
}

function placeholderOf(target: unknown): URL {
  const path = typeof target === 'string' && /^\/(?![/\\])/.test(target) ? target : '/';
  return URL.canParse(path, PLACEHOLDER) ? new URL(path, PLACEHOLDER) : new URL(PLACEHOLDER);
}
