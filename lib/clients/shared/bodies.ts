import { BODY_LIMIT, type Headers } from '../../words/types.ts';

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

/** A readable whose producer pushes into it, or what such a one is piped through. */
interface Pushable {
  push(chunk: unknown, encoding?: BufferEncoding): boolean;
  pipe?(to: Pushable, ...more: unknown[]): unknown;
}

/** A response, as far as it has to be ended early. */
interface Limited extends Pushable {
  readonly headers: Headers;
  complete?: boolean;
  unpipe?(): unknown;
  resume?(): unknown;
}

/**
 * Ends an error response's body at the cap, however much more of it comes. One that its client decompresses is
 * measured as it is then: a few bytes may stand for gigabytes.
 */
export function limitErrorBody(
  response: Limited,
  request: { shouldKeepAlive?: boolean },
  decoded = false,
): void {
  const push = response.push.bind(response);
  const headers = response.headers as Record<string, unknown>;
  const piped = decoded && headers['content-encoding'] !== undefined;
  // A client that compares it with what came would take the cut for a fault.
  if (piped || Number(headers['content-length']) > ERROR_BODY_CAP) delete headers['content-length'];
  let over = false;
  const stop = (): void => {
    over = true;
    // To its reader it is over, not broken off; but what still comes must not meet another request.
    response.complete = true;
    request.shouldKeepAlive = false;
    if (piped) response.unpipe?.();
    push(null);
    if (piped) response.resume?.();
  };
  if (piped) limitPipes(response, stop);
  let taken = 0;
  override(response, 'push', (chunk, encoding) => {
    if (over) return false;
    taken += lengthOf(chunk);
    const more = push(chunk, encoding);
    if (piped || taken <= ERROR_BODY_CAP) return more;
    stop();
    return false;
  });
}

/** Replaces a method of one object, out of sight of who prints or copies the object. */
export function override<T extends object, Name extends keyof T>(
  object: T,
  name: Name,
  method: T[Name],
): void {
  Object.defineProperty(object, name, { value: method, configurable: true, writable: true });
}

/** Ends whatever a stream is piped through where it gives more than the cap. */
function limitPipes(stream: Pushable, stop: () => void): void {
  const pipe = stream.pipe?.bind(stream);
  if (!pipe) return;
  override(stream, 'pipe', (to: Pushable, ...more: unknown[]) => {
    if (typeof to.push === 'function') {
      const push = to.push.bind(to);
      let taken = 0;
      override(to, 'push', (chunk, encoding) => {
        if (taken > ERROR_BODY_CAP) return false;
        taken += lengthOf(chunk);
        const ready = push(chunk, encoding);
        if (taken <= ERROR_BODY_CAP) return ready;
        stop();
        push(null);
        return false;
      });
      limitPipes(to, stop);
    }
    return pipe(to, ...more);
  });
}

function lengthOf(chunk: unknown): number {
  return (chunk as Uint8Array | null)?.length ?? 0;
}
