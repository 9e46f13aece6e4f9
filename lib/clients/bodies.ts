import { BODY_LIMIT } from '../types.ts';

/** Where a client keeps a request's body, or a response's. */
export interface BodySource {
  readonly body?: unknown;
  readonly json?: unknown;
}

const decoder = new TextDecoder();

/** The body as text, its first {@link BODY_LIMIT} bytes; `undefined` when it is not at hand. */
export function bodyText({ body, json }: BodySource): string | undefined {
  if (typeof body === 'string') return body.slice(0, BODY_LIMIT);
  if (body instanceof Uint8Array) return decoder.decode(body.subarray(0, BODY_LIMIT));
  if (body === undefined && json !== undefined) return JSON.stringify(json)?.slice(0, BODY_LIMIT);
  return undefined;
}

/** False for what is gone once it was sent: streams and iterators. */
export function isReplayable(body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return true;
  const { pipe, getReader, next } = body as Record<'pipe' | 'getReader' | 'next', unknown>;
  return ![pipe, getReader, next].some((method) => typeof method === 'function');
}

/**
 * Most bytes of an error response's body that a client may take in: a hostile one has no end, and nobody reads
 * more of an error than this. The rest is dropped with the connection.
 */
const ERROR_BODY_CAP = 16 * BODY_LIMIT;

/** A readable whose producer pushes into it. */
interface Pushable {
  complete?: boolean;
  push(chunk: unknown, encoding?: BufferEncoding): boolean;
}

/** Ends an error response's body at the cap, however much more of it comes. */
export function limitErrorBody(response: Pushable, request: { shouldKeepAlive?: boolean }): void {
  const push = response.push.bind(response);
  let taken = 0;
  response.push = (chunk, encoding) => {
    if (taken > ERROR_BODY_CAP) return false;
    taken += (chunk as Uint8Array | null)?.length ?? 0;
    const more = push(chunk, encoding);
    if (taken <= ERROR_BODY_CAP) return more;
    // To its reader it is over, not broken off; but what still comes must not meet another request.
    response.complete = true;
    request.shouldKeepAlive = false;
    push(null);
    return false;
  };
}
