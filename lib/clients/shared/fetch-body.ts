/** Bodies of fetch: what an error response says, what a Request would send again, and letting go of the rest. */
import { BODY_LIMIT } from '../../words/types.ts';

/** Longest that an error body, or what is left of a discarded one, is read for, in ms: it may come a byte a day. */
const READ_MS = 2_000;

/** Most bytes of a Request's own body that are kept for sending it again. */
export const REPLAY_LIMIT: number = 1024 * 1024;

const decoder = new TextDecoder();
const ignore = (): void => undefined;

/** The part of a body's stream that is used; other fetches have streams of their own. */
interface ByteStream {
  getReader(): ReadableStreamDefaultReader<Uint8Array>;
}

/** What holds a body: a Response or a Request. */
interface Holder {
  readonly body: unknown;
  clone(): Holder;
}

/**
 * The first {@link BODY_LIMIT} bytes of a response's body as text, with the response left unread. `undefined` when
 * it has none, or none that can be shared.
 */
export async function peek(response: Holder): Promise<string | undefined> {
  const copy = copyOf(response);
  if (!copy) return undefined;
  const bytes = await read(copy, BODY_LIMIT);
  return decoder.decode(bytes.all.subarray(0, BODY_LIMIT));
}

/**
 * Gives up a response that nobody will read, after a short look at whether the rest of its body is small: then it is
 * read, so that its connection serves again.
 *
 * @param abort breaks off the request, where the body cannot be ended by itself
 */
export function drain(response: Holder, abort?: () => void): void {
  const { body } = response;
  if (isStream(body)) read(body, BODY_LIMIT).catch(abort ?? ignore);
  else if (isReadable(body)) exhaust(body, abort);
}

/** Gives up a response with what is left of it. */
export function drop(response: Holder, abort?: () => void): void {
  const { body } = response as { body?: { cancel?(): Promise<void> } | null };
  if (typeof body?.cancel === 'function') body.cancel().catch(abort ?? ignore);
  else if (isReadable(body)) exhaust(body, abort);
}

/** A stream of Node.js. */
interface NodeReadable {
  on(event: string, listener: (chunk: Uint8Array) => void): unknown;
  resume(): unknown;
  destroy(): unknown;
  readonly destroyed?: boolean;
  readonly readableEnded?: boolean;
}

/**
 * Reads a stream of Node.js to its end if that is near, and destroys it otherwise. Destroying alone would not do: the
 * body of node-fetch 2 is the end of a pipe, and its socket would wait behind it for ever.
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
 * The body of a Request, read along while it is sent, as far as {@link REPLAY_LIMIT}. A Request's body is a stream,
 * whatever it was made of, and is gone once sent.
 */
export class KeptBody {
  /** All of it, once it has been read. */
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

/** Reads a stream to its end, or to a limit; what comes after that is cancelled. */
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
  // A number in workerd.
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
    // Cut off: what came until then is all there is.
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
    // Its body is being read already.
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
