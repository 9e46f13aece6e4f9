import { override } from './bodies.ts';

/** The part of a native response that tells what of its body has come. */
export interface Receivable {
  readonly httpVersionMajor?: number;
  readonly socket?: { readonly bytesRead?: number } | null;
  /** Bytes that wait for their reader. */
  readonly readableLength?: number;
  push?(chunk: unknown, encoding?: BufferEncoding): boolean;
}

/**
 * Tells how much of a response has come, for a `Body`. Over HTTP/1 its socket knows. A socket that several responses
 * share says nothing of one of them: chunks are counted there, but only once somebody looks a second time.
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
    // At the second look the past is unknown: as good as bytes.
    return behind() || !response.push ? Number.NaN : looks < 2 ? -1 : chunks;
  };
}
