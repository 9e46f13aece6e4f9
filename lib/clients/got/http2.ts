/** The part of an HTTP/2 stream that is used. */
interface Http2Stream {
  readonly id?: number;
  readonly rstCode?: number;
  readonly session?: Http2Session;
}

interface Http2Session {
  once(event: 'goaway', listener: (code: number, lastStreamId: number) => void): unknown;
}

/** A request of got's HTTP/2 client: its stream is `stream` in 16, `_request` in http2-wrapper of 14 and 15. */
interface Http2Request {
  readonly stream?: Http2Stream;
  readonly _request?: Http2Stream;
  once?(event: 'socket', listener: () => void): unknown;
}

/** RFC 9113, section 7 and 8.7: the stream was closed before any processing. */
const REFUSED_STREAM = 7;

/** Last stream that the server of a session may have processed, once it sent GOAWAY (RFC 9113, section 6.8). */
const lastStreams = new WeakMap<Http2Session, number>();

/**
 * Follows a request over HTTP/2. The returned function tells whether the server certainly did not process it: got 15
 * and 16 report only a connection reset, whatever the server said.
 */
export function refusalOf(request: Http2Request): () => boolean {
  let stream: Http2Stream | undefined;
  let session: Http2Session | undefined;
  const attach = (): void => {
    stream = request.stream ?? request._request;
    session = stream?.session;
    if (!session || lastStreams.has(session)) return;
    const current = session;
    lastStreams.set(current, Infinity);
    current.once('goaway', (_code, lastStreamId) => lastStreams.set(current, lastStreamId));
  };
  attach();
  if (!stream) request.once?.('socket', attach);
  return () => {
    if (stream?.rstCode === REFUSED_STREAM) return true;
    return session !== undefined && (stream?.id ?? 0) > (lastStreams.get(session) ?? Infinity);
  };
}
