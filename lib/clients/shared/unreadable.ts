import type { Headers, RequestFacts } from '../../words/types.ts';

/** Host of a request whose own host is unknown: reserved never to resolve (RFC 2606, section 2). */
const PLACEHOLDER = 'http://unreadable.invalid';

/** Schemes that are answered within the process: they need no gate. */
const LOCAL: ReadonlySet<string> = new Set(['about:', 'blob:', 'data:', 'file:']);

/** Whether a request to `url` needs no gate, since it never leaves the process. */
export function isLocal(url: URL): boolean {
  return LOCAL.has(url.protocol);
}

/** Whether `url` is one that gates and profiles can read. */
export function isHttp(url: URL): boolean {
  return url.protocol === 'http:' || url.protocol === 'https:';
}

/** What a client does know of a request that it cannot read. */
export interface Glimpse {
  /** Default `GET`. */
  readonly method?: unknown;
  /** The request's URL as given. Its path counts where it is a relative one; anything else is ignored. */
  readonly target?: unknown;
  readonly headers?: Headers | undefined;
  readonly body?: RequestFacts['body'];
}

/**
 * Facts of a request that a client may accept and the gate cannot read. It passes under a declared quota that fits it
 * without a host, or else under the gate's default quota, and never bears the gate's token. The gate warns of it, once.
 * Send it with the user's own arguments untouched: if the client refuses it, the client's error is the one to show.
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
