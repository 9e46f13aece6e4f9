/** A stream of HTTP/2, as far as it is read. */
interface Http2Stream {
  readonly id?: number;
  readonly rstCode?: number;
  readonly session?: Http2Session;
}

interface Http2Session {
  once(event: 'goaway', listener: (code: number, lastStreamId: number) => void): unknown;
}

/** A request of got's own client for HTTP/2: 16 names its stream `stream`, http2-wrapper of 14 and 15 `_request`. */
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
 * Follows a request over HTTP/2. The function returned tells whether the server is known not to have processed it:
 * got 15 and 16 report a connection reset, whatever the server said.
 */
export function refusalOf(request: Http2Request): () => boolean {
  let stream: Http2Stream | undefined;
  let session: Http2Session | undefined;
  const look = (): void => {
    stream = request.stream ?? request._request;
    session = stream?.session;
    if (!session || lastStreams.has(session)) return;
    const met = session;
    lastStreams.set(met, Infinity);
    met.once('goaway', (_code, lastStreamId) => lastStreams.set(met, lastStreamId));
  };
  look();
  if (!stream) request.once?.('socket', look);
  return () => {
    if (stream?.rstCode === REFUSED_STREAM) return true;
    return session !== undefined && (stream?.id ?? 0) > (lastStreams.get(session) ?? Infinity);
  };
}
