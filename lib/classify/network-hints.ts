/** Hints for faults that resending may cure. The user reads them once all attempts have failed. */

/** Hints and the codes they are for. */
const HINTS = byCode([
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
    'The server, or a proxy in front of it, closed the connection while it was in use. If this recurs, let the client keep idle connections for a shorter time than the server does.',
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
    UND_ERR_RES_CONTENT_LENGTH_MISMATCH`,
  ],
  ["The connection failed within undici. See the error's cause.", 'UND_ERR_INFO'],
  ["One of the client's hooks asked for another attempt. Check the hooks.", 'ERR_RETRYING'],
]);

const NOT_HTTP =
  'The response was not valid HTTP. Check that the port speaks HTTP, and that no proxy garbles the response.';
const STREAM = 'The server ended the HTTP/2 stream or session. If this recurs, open fewer streams at once.';

/** The hint for a code, or for its family. */
export function hintOf(code: string): string | undefined {
  const hint = HINTS.get(code);
  if (hint !== undefined) return hint;
  if (code.startsWith('HPE_')) return NOT_HTTP;
  return code.startsWith('ERR_HTTP2_') ? STREAM : undefined;
}

/** A hint by each of its codes, which are separated by white space. */
export function byCode(
  hints: readonly (readonly [hint: string, codes: string])[],
): ReadonlyMap<string, string> {
  return new Map(hints.flatMap(([hint, codes]) => codes.split(/\s+/).map((code) => [code, hint] as const)));
}
