/**
 * Response bodies handed to the user as streams. With a `bodyTimeout`, the call lasts until the stream ends; without
 * one, the stream is not wrapped.
 */
import type { Call } from '../../call/call.ts';
import type { Abortable } from './interruptible.ts';
import { type Receivable, receivedOf } from './received.ts';

/** The used part of a Node.js stream. */
interface NodeStream extends Receivable {
  readonly errored?: Error | null;
  once(event: 'end' | 'close', listener: () => void): unknown;
  destroy(error?: Error): unknown;
}

/** The used part of a web stream; other implementations of fetch have their own streams. */
interface WebStream {
  getReader(): ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
}

/** Number of checks in a row that find nobody reading a web stream, after which its call ends. */
const UNREAD_LOOKS = 8;

const ignore = (): void => undefined;

/**
 * Watches `body` until it ends. Returns the stream to hand out instead: for a Node.js stream, the same one. `cut` is
 * called if a web stream fails or is left before its end.
 */
export function watched(
  call: Call,
  body: unknown,
  signal: Abortable | undefined,
  cut?: (reason: unknown) => void,
): unknown {
  const { getReader, once } = body as { getReader?: unknown; once?: unknown };
  if (typeof getReader === 'function') return throughTap(call, body as WebStream, signal, cut);
  if (typeof once === 'function') return watchNode(call, body as NodeStream);
  call.deliver();
  return body;
}

/** Adds no `error` listener: it would hide an error that the user does not listen to. */
function watchNode(call: Call, stream: NodeStream): NodeStream {
  call.onInterrupt((error) => stream.destroy(error));
  call.read({ received: receivedOf(stream), buffered: false });
  stream.once('end', () => call.deliver());
  stream.once('close', () => {
    if (call.ended) return;
    const error = stream.errored ?? new Error('The stream was closed before its end');
    if (!stream.errored) call.abort(error);
    call.fail(error);
  });
  return stream;
}

/** A stream of the same bytes that reads one chunk per pull. */
function throughTap(
  call: Call,
  stream: WebStream,
  signal: Abortable | undefined,
  cut: ((reason: unknown) => void) | undefined,
): ReadableStream {
  const reader = stream.getReader();
  let waiting = false;
  let chunks = 0;
  let unread = 0;
  let controller: ReadableByteStreamController | undefined;
  const leave = (reason: unknown): Promise<void> => {
    cut?.(reason);
    return reader.cancel(reason).catch(ignore);
  };
  const received = (): number => {
    unread = waiting ? 0 : unread + 1;
    if (unread > UNREAD_LOOKS) call.deliver();
    return waiting ? chunks : Number.NaN;
  };
  call.onInterrupt((error) => {
    const thrown = call.fail(error);
    controller?.error(thrown);
    leave(thrown);
  });
  call.read({ received, buffered: false });
  const source = {
    type: 'bytes' as const,
    start: (own: ReadableByteStreamController): void => {
      controller = own;
    },
    pull: async (own: ReadableByteStreamController): Promise<void> => {
      waiting = true;
      try {
        const { done, value } = await reader.read();
        // The call was aborted during the read.
        if (call.failed) return;
        if (!done) {
          chunks += 1;
          own.enqueue(value);
          return;
        }
        call.deliver();
        own.close();
        own.byobRequest?.respond(0);
      } catch (error) {
        if (signal?.aborted) call.abort(error);
        leave(error);
        throw call.fail(error);
      } finally {
        waiting = false;
      }
    },
    cancel: (reason: unknown): Promise<void> => {
      call.abort(reason);
      call.fail(reason);
      return leave(reason);
    },
  };
  return new ReadableStream(source, { highWaterMark: 0 });
}
