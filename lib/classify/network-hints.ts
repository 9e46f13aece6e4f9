/** Hints for faults that resending may cure. The user reads them once all attempts have failed. */

const UNREACHABLE =
  'There is no route to the host. Check the network, the VPN and the routing of this machine.';
const BROKEN =
  'The server, or a proxy in front of it, closed the connection while it was in use. If this recurs, let the client keep idle connections for a shorter time than the server does.';
const LATE =
  "The server did not answer in time. Raise the client's timeout if it is slow, or check whether a firewall drops the packets.";
const UNNAMED =
  "The DNS server did not answer. Check the machine's resolver; if many look-ups run at once, cache their results.";
const NO_PORT =
  'This machine has no local port left to connect from. Reuse connections: an agent with keepAlive, or one client for all calls.';
const NOT_HTTP =
  'The response was not valid HTTP. Check that the port speaks HTTP, and that no proxy garbles the response.';
const CUT_OFF = 'The response body ended early: the server, or a proxy in front of it, broke it off.';
const STREAM = 'The server ended the HTTP/2 stream or session. If this recurs, open fewer streams at once.';

/** Hints by code. */
const HINTS: ReadonlyMap<string, string> = new Map([
  [
    'ECONNREFUSED',
    'Nothing listens at this host and port. Check that the server runs, and that the port is right.',
  ],
  [
    'ENOTFOUND',
    'The host name does not exist in DNS. Check its spelling, and the resolver or VPN of this machine.',
  ],
  ['EAI_AGAIN', UNNAMED],
  ['EAI_FAIL', UNNAMED],
  ['EADDRINUSE', NO_PORT],
  ['EADDRNOTAVAIL', NO_PORT],
  ['ECONNRESET', BROKEN],
  ['ECONNABORTED', BROKEN],
  ['EPIPE', BROKEN],
  ['UND_ERR_SOCKET', BROKEN],
  ['ERR_SOCKET_CLOSED_BEFORE_CONNECTION', BROKEN],
  ['ETIMEDOUT', LATE],
  ['ESOCKETTIMEDOUT', LATE],
  ['ERR_SOCKET_CONNECTION_TIMEOUT', LATE],
  ['UND_ERR_CONNECT_TIMEOUT', LATE],
  ['UND_ERR_HEADERS_TIMEOUT', LATE],
  [
    'UND_ERR_BODY_TIMEOUT',
    "The response body stalled. Raise the client's bodyTimeout if the server pauses by design.",
  ],
  ['EHOSTUNREACH', UNREACHABLE],
  ['EHOSTDOWN', UNREACHABLE],
  ['ENETUNREACH', UNREACHABLE],
  ['ENETDOWN', UNREACHABLE],
  ['ENETRESET', UNREACHABLE],
  ['ERR_NETWORK', "The network failed; the client gives no detail. See the error's cause."],
  ['ERR_STREAM_PREMATURE_CLOSE', CUT_OFF],
  ['ERR_HTTP_CONTENT_LENGTH_MISMATCH', CUT_OFF],
  ['ERR_READING_RESPONSE_STREAM', CUT_OFF],
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', CUT_OFF],
  ['UND_ERR_INFO', "The connection failed within undici. See the error's cause."],
  ['ERR_RETRYING', "One of the client's hooks asked for another attempt. Check the hooks."],
]);

/** The hint for a code, or for its family. */
export function hintOf(code: string): string | undefined {
  const hint = HINTS.get(code);
  if (hint !== undefined) return hint;
  if (code.startsWith('HPE_')) return NOT_HTTP;
  return code.startsWith('ERR_HTTP2_') ? STREAM : undefined;
}
