import { BODY_LIMIT, type Headers } from '../../words/types.ts';

/** Holder of a request's or a response's body. */
export interface BodySource {
  readonly body?: unknown;
  readonly json?: unknown;
}

const decoder = new TextDecoder();

/** The first {@link BODY_LIMIT} bytes of the body as text; `undefined` if the body is not available. */
export function bodyText({ body, json }: BodySource): string | undefined {
  if (typeof body === 'string') return body.slice(0, BODY_LIMIT);
  if (body instanceof Uint8Array) return decoder.decode(body.subarray(0, BODY_LIMIT));
  if (body === undefined && json !== undefined) return JSON.stringify(json)?.slice(0, BODY_LIMIT);
  return undefined;
}

/** Whether a body can be sent again. False for streams and iterators, which are consumed by sending. */
export function isReplayable(body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return true;
  const { pipe, getReader, next } = body as Record<'pipe' | 'getReader' | 'next', unknown>;
  return ![pipe, getReader, next].some((method) => typeof method === 'function');
}

/**
 * Maximum bytes of an error response's body that a client reads: a hostile body may be endless. The rest is dropped
 * with the connection.
 */
const ERROR_BODY_CAP = 16 * BODY_LIMIT;

/** A readable whose producer pushes into it, or a stream that it is piped through. */
interface Pushable {
  push(chunk: unknown, encoding?: BufferEncoding): boolean;
  pipe?(to: Pushable, ...more: unknown[]): unknown;
}

/** The parts of a response that are needed to end it early. */
interface Limited extends Pushable {
  readonly headers: Headers;
  complete?: boolean;
  unpipe?(): unknown;
  resume?(): unknown;
}

/**
 * Ends an error response's body at the cap. A body that the client decompresses is measured after decompression: a few
 * bytes may expand to gigabytes.
 */
export function limitErrorBody(
  response: Limited,
  request: { shouldKeepAlive?: boolean },
  decoded = false,
): void {
  const push = response.push.bind(response);
  const headers = response.headers as Record<string, unknown>;
  const piped = decoded && headers['content-encoding'] !== undefined;
  // A client that compares the declared length with the received one would report the cut as an error.
  if (piped || Number(headers['content-length']) > ERROR_BODY_CAP) delete headers['content-length'];
  let over = false;
  const stop = (): void => {
    over = true;
    // The reader sees a complete body, but the connection must not be reused: more of the body may still arrive.
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

/** Replaces a method of one object. The property is not enumerable, so prints and copies of the object omit it. */
export function override<T extends object, Name extends keyof T>(
  object: T,
  name: Name,
  method: T[Name],
): void {
  Object.defineProperty(object, name, { value: method, configurable: true, writable: true });
}

/** Ends each stream that a response is piped through once its output exceeds the cap. */
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
