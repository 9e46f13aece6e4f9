import { override } from './bodies.ts';

/** The parts of a native response that tell how much of its body has arrived. */
export interface Receivable {
  readonly httpVersionMajor?: number;
  /** e.g. `1.1`. */
  readonly httpVersion?: string;
  readonly socket?: { readonly bytesRead?: number } | null;
  /** Number of buffered bytes that wait for the reader. */
  readonly readableLength?: number;
  push?(chunk: unknown, encoding?: BufferEncoding): boolean;
}

/**
 * Tells a `Body` how much of a response has arrived. Over HTTP/1 the socket knows. A socket shared by several responses
 * does not, so chunks are counted there, starting at the second check.
 */
export function receivedOf(response: Receivable): () => number {
  const { socket } = response;
  const behind = (): boolean => (response.readableLength ?? 0) > 0;
  if (response.httpVersionMajor === 1 && typeof socket?.bytesRead === 'number') {
    return () => (behind() ? Number.NaN : (socket.bytesRead as number));
  }
  let looks = 0;
  let chunks = 0;
  return () => {
    looks += 1;
    if (looks === 2 && response.push) {
      const push = response.push.bind(response);
      override(response, 'push', (...chunk) => {
        chunks += 1;
        return push(...chunk);
      });
    }
    // Counting starts at the second check. The first returns -1, so that the second counts as progress.
    return behind() || !response.push ? Number.NaN : looks < 2 ? -1 : chunks;
  };
}
