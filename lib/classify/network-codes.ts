/**
 * Fault codes of Node.js, undici, got and axios. An unlisted code is terminal, because an unknown fault is more often the
 * program's than the network's.
 *
 * Sources: errno(3); Node.js `errors` documentation and lib/internal/errors.js; undici's Errors.md; the sources
 * of got 14 to 16; axios `AxiosError`.
 */

/**
 * Faults that resending may cure, with hints, which the user reads once all attempts have failed. Unlike a refused
 * connection, `EHOST…` and `ENET…` can also end an established one.
 */
export const TRANSIENT_CODES: ReadonlyMap<string, string> = byCode([
  [
    'Nothing listens at this host and port. Check that the server runs, and that the port is right.',
    'ECONNREFUSED',
  ],
  [
    'The host name does not exist in DNS. Check its spelling, and the resolver or VPN of this machine.',
    'ENOTFOUND',
  ],
  [
    "The DNS server did not answer. Check the machine's resolver; if many look-ups run at once, cache their results.",
    'EAI_AGAIN EAI_FAIL',
  ],
  [
    'This machine has no local port left to connect from. Reuse connections: an agent with keepAlive, or one client for all calls.',
    'EADDRINUSE EADDRNOTAVAIL',
  ],
  [
    'The server or a proxy closed the connection while it was in use. If this recurs, let the client keep idle connections for less time than the server does.',
    'ECONNRESET ECONNABORTED EPIPE UND_ERR_SOCKET ERR_SOCKET_CLOSED_BEFORE_CONNECTION',
  ],
  [
    "The server did not answer in time. Raise the client's timeout if it is slow, or check whether a firewall drops the packets.",
    'ETIMEDOUT ESOCKETTIMEDOUT ERR_SOCKET_CONNECTION_TIMEOUT UND_ERR_CONNECT_TIMEOUT UND_ERR_HEADERS_TIMEOUT',
  ],
  [
    "The response body stalled. Raise the client's bodyTimeout if the server pauses by design.",
    'UND_ERR_BODY_TIMEOUT',
  ],
  [
    'There is no route to the host. Check the network, the VPN and the routing of this machine.',
    'EHOSTUNREACH EHOSTDOWN ENETUNREACH ENETDOWN ENETRESET',
  ],
  ["The network failed; the client gives no detail. See the error's cause.", 'ERR_NETWORK'],
  [
    'The response body ended early: the server, or a proxy in front of it, broke it off.',
    `ERR_STREAM_PREMATURE_CLOSE ERR_HTTP_CONTENT_LENGTH_MISMATCH ERR_READING_RESPONSE_STREAM
    UND_ERR_RES_CONTENT_LENGTH_MISMATCH Z_BUF_ERROR`,
  ],
  [
    'The response was not valid HTTP. Check that the port speaks HTTP, and that no proxy garbles the response.',
    'HPE_INVALID_CONSTANT',
  ],
  ["The connection failed within undici. See the error's cause.", 'UND_ERR_INFO'],
  ["One of the client's hooks asked for another attempt. Check the hooks.", 'ERR_RETRYING'],
  [
    'The server ended the HTTP/2 stream or session. If this recurs, open fewer streams at once.',
    `ERR_HTTP2_ERROR ERR_HTTP2_SESSION_ERROR ERR_HTTP2_STREAM_ERROR ERR_HTTP2_GOAWAY_SESSION ERR_HTTP2_INVALID_SESSION
    ERR_HTTP2_OUT_OF_STREAMS ERR_HTTP2_STREAM_CANCEL`,
  ],
]);

/**
 * Those of them before the first byte of the request can have reached the server: resending is safe for any method. After an
 * `EADDR…` there was no free local port; after an `ERR_HTTP2_…`, the session ended or ran out of streams before the
 * request got one: nghttp2 sent nothing.
 */
export const UNPROCESSED_CODES: ReadonlySet<string> = new Set(
  `ECONNREFUSED ENOTFOUND EAI_AGAIN EAI_FAIL EADDRINUSE EADDRNOTAVAIL ERR_SOCKET_CONNECTION_TIMEOUT
  ERR_SOCKET_CLOSED_BEFORE_CONNECTION UND_ERR_CONNECT_TIMEOUT ERR_HTTP2_GOAWAY_SESSION ERR_HTTP2_INVALID_SESSION
  ERR_HTTP2_OUT_OF_STREAMS ERR_HTTP2_STREAM_CANCEL`.split(/\s+/),
);

/** Faults that resending cannot cure, with hints. These codes also end the search for an earlier cause. */
export const TERMINAL_CODES: ReadonlyMap<string, string> = byCode([
  [
    'The request was aborted by the program.',
    'ABORT_ERR ERR_ABORTED ERR_CANCELED UND_ERR_ABORT UND_ERR_ABORTED',
  ],
  [
    "The server's certificate is not valid at this time. Check this machine's clock; if it is right, the certificate must be renewed.",
    'CERT_HAS_EXPIRED CERT_NOT_YET_VALID',
  ],
  [
    "The server's certificate was refused: check the host name, the clock and the trusted authorities.",
    'CERT_REJECTED CERT_REVOKED CERT_SIGNATURE_FAILURE',
  ],
  [
    "No authority that Node.js trusts signed the server's certificate. Name its authority in NODE_EXTRA_CA_CERTS, or start Node.js with --use-system-ca.",
    `CERT_UNTRUSTED DEPTH_ZERO_SELF_SIGNED_CERT SELF_SIGNED_CERT_IN_CHAIN UNABLE_TO_GET_ISSUER_CERT
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY UNABLE_TO_VERIFY_LEAF_SIGNATURE`,
  ],
  [
    "The server's certificate is for another host. Check the host name in the URL, and any proxy in between.",
    'ERR_TLS_CERT_ALTNAME_INVALID HOSTNAME_MISMATCH',
  ],
  [
    'The TLS handshake failed. Check that this port is served over HTTPS, and that both sides share a TLS version.',
    'EPROTO',
  ],
  ['The response was complete, but its body is not of the type asked for.', 'ERR_BODY_PARSE_FAILURE'],
  ["The client's own cache failed. Check its store.", 'ERR_CACHE_ACCESS'],
  ['The URL is not valid. Give the client an absolute http or https URL.', 'ERR_INVALID_URL'],
  [
    'The server redirected too often. Check where its redirects lead: they may form a loop.',
    'ERR_TOO_MANY_REDIRECTS',
  ],
  ["The URL's protocol is not supported. Use http or https.", 'ERR_UNSUPPORTED_PROTOCOL'],
  ['Reading the request body failed. Check the stream it comes from.', 'ERR_UPLOAD'],
  [
    "The response's headers are larger than the client allows.",
    'HPE_HEADER_OVERFLOW UND_ERR_HEADERS_OVERFLOW',
  ],
  ['The client was closed before the request. Close it after the last call.', 'UND_ERR_CLOSED'],
  ['The client was destroyed before the response. Destroy it after the last call.', 'UND_ERR_DESTROYED'],
  [
    'The length of the request body differs from its content-length header.',
    'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
  ],
]);

/** A hint by each of its codes, which are separated by white space. */
function byCode(hints: readonly (readonly [hint: string, codes: string])[]): ReadonlyMap<string, string> {
  return new Map(hints.flatMap(([hint, codes]) => codes.split(/\s+/).map((code) => [code, hint] as const)));
}
