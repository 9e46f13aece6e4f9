/** Bodies of fetch: reads error responses, keeps request bodies for resends, and discards unread responses. */
import { BODY_LIMIT } from '../../words/types.ts';

/** Maximum time for reading an error body or the rest of a discarded one, in ms: it may arrive a byte a day. */
const READ_MS = 2_000;

/** Maximum bytes of a Request's own body that are kept for a resend. */
export const REPLAY_LIMIT: number = 1024 * 1024;

const decoder = new TextDecoder();
const ignore = (): void => undefined;

/** The used part of a body's stream; other implementations of fetch have their own streams. */
interface ByteStream {
  getReader(): ReadableStreamDefaultReader<Uint8Array>;
}

/** A Response or a Request. */
interface Holder {
  readonly body: unknown;
  clone(): Holder;
}

/**
 * The first {@link BODY_LIMIT} bytes of a response's body as text; the response stays unread. `undefined` if it has
 * no body, or one that cannot be cloned.
 */
export async function peek(response: Holder): Promise<string | undefined> {
  const copy = copyOf(response);
  if (!copy) return undefined;
  const bytes = await read(copy, BODY_LIMIT);
  return decoder.decode(bytes.all.subarray(0, BODY_LIMIT));
}

/**
 * Discards a response that nobody will read. A small rest of its body is read first, so that the connection can be
 * reused.
 *
 * @param abort aborts the request if the body itself cannot be cancelled
 */
export function drain(response: Holder, abort?: () => void): void {
  const { body } = response;
  if (isStream(body)) read(body, BODY_LIMIT).catch(abort ?? ignore);
  else if (isReadable(body)) exhaust(body, abort);
}

/** Discards a response without reading the rest of it. */
export function drop(response: Holder, abort?: () => void): void {
  const { body } = response as { body?: { cancel?(): Promise<void> } | null };
  if (typeof body?.cancel === 'function') body.cancel().catch(abort ?? ignore);
  else if (isReadable(body)) exhaust(body, abort);
}

/** A Node.js stream. */
interface NodeReadable {
  on(event: string, listener: (chunk: Uint8Array) => void): unknown;
  resume(): unknown;
  destroy(): unknown;
  readonly destroyed?: boolean;
  readonly readableEnded?: boolean;
}

/**
 * Reads a Node.js stream to its end if that is near, and destroys it otherwise. Destroying alone is not enough: the
 * body of node-fetch 2 is the end of a pipe, and the socket behind it would wait for ever.
 */
function exhaust(stream: NodeReadable, abort: () => void = ignore): void {
  if (stream.destroyed || stream.readableEnded) return;
  let size = 0;
  const stop = (): void => {
    clearTimeout(timer);
    abort();
    stream.destroy();
  };
  const timer = setTimeout(stop, READ_MS);
  timer.unref?.();
  stream.on('error', ignore);
  for (const event of ['end', 'close']) stream.on(event, () => clearTimeout(timer));
  stream.on('data', (chunk) => {
    size += chunk.length;
    if (size > BODY_LIMIT) stop();
  });
  stream.resume();
}

/**
 * A copy of a Request's body, read while the body is sent, up to {@link REPLAY_LIMIT}. A Request's body is always a
 * stream and is consumed by sending, whatever it was made from.
 */
export class KeptBody {
  /** The whole body, once it has been read. */
  bytes: Uint8Array<ArrayBuffer> | undefined;

  constructor(request: Holder) {
    const copy = copyOf(request);
    if (copy) {
      read(copy, REPLAY_LIMIT, Infinity).then(({ all, whole }) => {
        if (whole) this.bytes = all;
      }, ignore);
    }
  }
}

/** Reads a stream to its end or to a limit, and cancels the rest. */
async function read(
  stream: ByteStream,
  limit: number,
  ms = READ_MS,
): Promise<{ all: Uint8Array<ArrayBuffer>; whole: boolean }> {
  const reader = stream.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  let whole = true;
  const cancel = (): void => {
    whole = false;
    reader.cancel().catch(ignore);
  };
  const timer = ms === Infinity ? undefined : setTimeout(cancel, ms);
  // In workerd a timer is a number.
  (timer as Partial<NodeJS.Timeout> | undefined)?.unref?.();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      chunks.push(value);
      size += value.byteLength;
      if (size > limit) {
        cancel();
        break;
      }
    }
  } catch {
    // The body was cut off: return the part that arrived.
    whole = false;
  } finally {
    clearTimeout(timer);
  }
  return { all: Buffer.concat(chunks), whole };
}

function copyOf(holder: Holder): ByteStream | undefined {
  if (!isStream(holder.body)) return undefined;
  try {
    return holder.clone().body as ByteStream;
  } catch {
    // The body is already being read.
    return undefined;
  }
}

function isReadable(body: unknown): body is NodeReadable {
  const { on, resume, destroy } = (body ?? {}) as Record<string, unknown>;
  return [on, resume, destroy].every((method) => typeof method === 'function');
}

function isStream(body: unknown): body is ByteStream {
  return typeof (body as ByteStream | null | undefined)?.getReader === 'function';
}
