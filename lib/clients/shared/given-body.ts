/**
 * Bodies that are given to their user as streams, where a `bodyTimeout` is set: the call lasts until the stream ends.
 * Without one nothing is put before a stream.
 */
import type { Call } from '../../call/call.ts';
import type { Abortable } from './interruptible.ts';
import { type Receivable, receivedOf } from './received.ts';

/** A Node.js stream, as far as it is used. */
interface NodeStream extends Receivable {
  readonly errored?: Error | null;
  once(event: 'end' | 'close', listener: () => void): unknown;
  destroy(error?: Error): unknown;
}

/** A web stream, as far as it is used; other fetches have streams of their own. */
interface WebStream {
  getReader(): ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
}

/** Looks at a web stream that nobody reads after which its call is over. */
const UNREAD_LOOKS = 8;

const ignore = (): void => undefined;

/** Watches `body` until it ends. Returns the stream to give in its place; the same for a Node.js stream. */
export function watched(call: Call, body: unknown, signal: Abortable | undefined): unknown {
  const { getReader, once } = body as { getReader?: unknown; once?: unknown };
  if (typeof getReader === 'function') return throughTap(call, body as WebStream, signal);
  if (typeof once === 'function') return watchNode(call, body as NodeStream);
  call.deliver();
  return body;
}

/** No `error` listener here: it would make an error that nobody listens to go unnoticed. */
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

/** The same bytes, one chunk each time that one is asked for. */
function throughTap(call: Call, stream: WebStream, signal: Abortable | undefined): ReadableStream {
  const reader = stream.getReader();
  let waiting = false;
  let chunks = 0;
  let unread = 0;
  let controller: ReadableByteStreamController | undefined;
  const received = (): number => {
    unread = waiting ? 0 : unread + 1;
    if (unread > UNREAD_LOOKS) call.deliver();
    return waiting ? chunks : Number.NaN;
  };
  call.onInterrupt((error) => {
    const thrown = call.fail(error);
    controller?.error(thrown);
    reader.cancel(thrown).catch(ignore);
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
        // Broken off meanwhile.
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
        throw call.fail(error);
      } finally {
        waiting = false;
      }
    },
    cancel: (reason: unknown): Promise<void> => {
      call.abort(reason);
      call.fail(reason);
      return reader.cancel(reason);
    },
  };
  return new ReadableStream(source, { highWaterMark: 0 });
}
