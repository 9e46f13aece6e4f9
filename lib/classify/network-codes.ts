/**
 * Fault codes of Node.js, undici, got and axios, in three groups. An unlisted code is terminal, because an unknown
 * fault is more often the program's than the network's.
 *
 * Sources: errno(3); Node.js `errors` documentation and lib/internal/errors.js; undici's Errors.md; the sources
 * of got 14 to 16; axios `AxiosError`.
 */

import { byCode } from './network-hints.ts';

/** Faults before the first byte of the request could reach the server: resending is safe for any method. */
export const UNPROCESSED_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  // No free local port.
  'EADDRINUSE',
  'EADDRNOTAVAIL',
  'ERR_SOCKET_CONNECTION_TIMEOUT',
  'ERR_SOCKET_CLOSED_BEFORE_CONNECTION',
  'UND_ERR_CONNECT_TIMEOUT',
  // The session ended, or ran out of streams, before the request got one: nghttp2 sent nothing.
  'ERR_HTTP2_GOAWAY_SESSION',
  'ERR_HTTP2_INVALID_SESSION',
  'ERR_HTTP2_OUT_OF_STREAMS',
  'ERR_HTTP2_STREAM_CANCEL',
]);

/** Faults after which the server may or may not have processed the request. */
export const TRANSIENT_CODES: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ESOCKETTIMEDOUT',
  // Unlike a refused connection, these can also end an established one.
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ENETRESET',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_HTTP_CONTENT_LENGTH_MISMATCH',
  'ERR_HTTP2_ERROR',
  'ERR_HTTP2_SESSION_ERROR',
  'ERR_HTTP2_STREAM_ERROR',
  // axios, if the browser or adapter gives no detail.
  'ERR_NETWORK',
  // got: the response broke off; a hook asked for another attempt.
  'ERR_READING_RESPONSE_STREAM',
  'ERR_RETRYING',
  'UND_ERR_SOCKET',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_INFO',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
]);

/** Hints for faults that resending cannot cure, and their codes. These codes also end the search for an earlier cause. */
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
