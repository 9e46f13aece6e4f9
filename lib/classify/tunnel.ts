/**
 * Recognises failures to open a tunnel through a proxy, as clients and agents word them. No part of the request was
 * sent through a tunnel that was not opened.
 *
 * Sources: undici's ProxyAgent and Socks5ProxyAgent (7 and 8), Node.js's agents with `proxyEnv`, tunnel and
 * tunnel-agent, socks and socks-proxy-agent. An agent that answers the request with the proxy's refusal, as
 * https-proxy-agent does, yields a response and no fault.
 */

/** Classification of a tunnel that was not opened. */
export interface TunnelFault {
  readonly verdict: 'transient' | 'terminal';
  readonly hint: string;
}

const BUSY: TunnelFault = {
  verdict: 'transient',
  hint: "The proxy opened no tunnel to the server. If this recurs, check the proxy's load and its route to the server.",
};
const CREDENTIALS: TunnelFault = {
  verdict: 'terminal',
  hint: "The proxy asks for credentials or refused those given. Set them in the proxy's URL or in its agent.",
};
const FORBIDDEN: TunnelFault = {
  verdict: 'terminal',
  hint: "The proxy does not allow a tunnel to this host. Check the proxy's rules, or reach the host without it.",
};
const OTHER_PROXY: TunnelFault = {
  verdict: 'terminal',
  hint: "The proxy's certificate was refused. Check its host name, and whether the proxy speaks HTTPS at all.",
};

/** Statuses below 500 with which a proxy refuses temporarily. */
const FOR_NOW: ReadonlySet<number> = new Set([408, 425, 429]);

/** Messages that contain the status with which CONNECT was refused. */
const STATUS_TEXTS: readonly RegExp[] = [
  /^Proxy response \((\d{3})\) !== 200 when HTTP Tunneling/,
  /^tunneling socket could not be established, statusCode=(\d{3})/,
  /^Failed to establish tunnel to [^ ]+ via [^ ]+: HTTP\/\d\.\d (\d{3})/,
  /^Proxy Authentication Required \((407)\)/,
];

/** Messages without a status. */
const TEXTS: readonly (readonly [RegExp, TunnelFault])[] = [
  [/^tunneling socket could not be established, /, BUSY],
  [/^Failed to establish tunnel to /, BUSY],
  [/^Socks5 Authentication failed/, CREDENTIALS],
  [/^Socks5 proxy rejected connection - NotAllowed/, FORBIDDEN],
  [/^Socks[45] proxy rejected connection/, BUSY],
  [/^Proxy connection timed out/, BUSY],
];

const CODES: ReadonlyMap<string, TunnelFault> = new Map([
  ['ERR_PROXY_TUNNEL', BUSY],
  ['UND_ERR_PRX_CONN', BUSY],
  ['UND_ERR_PRX_TLS', OTHER_PROXY],
  // RFC 1928, section 6: general failure, network or host unreachable, refused, expired; not allowed.
  ...[1, 3, 4, 5, 6].map((reply): [string, TunnelFault] => [`UND_ERR_SOCKS5_REPLY_${reply}`, BUSY]),
  ['UND_ERR_SOCKS5_REPLY_2', FORBIDDEN],
  ['UND_ERR_SOCKS5_AUTH_REJECTED', CREDENTIALS],
  ['UND_ERR_SOCKS5_AUTH_FAILED', CREDENTIALS],
]);

/** Maximum number of characters read of a message. */
const MAX_MESSAGE = 700;

/** Classifies one error by its code and message; `undefined` if it does not concern a tunnel. */
export function tunnelFault(code: string | undefined, message: unknown): TunnelFault | undefined {
  const text = typeof message === 'string' ? message.slice(0, MAX_MESSAGE) : '';
  for (const pattern of STATUS_TEXTS) {
    const status = pattern.exec(text)?.[1];
    if (status !== undefined) return byStatus(Number(status));
  }
  const byText = TEXTS.find(([pattern]) => pattern.test(text))?.[1];
  return byText ?? (code === undefined ? undefined : CODES.get(code));
}

function byStatus(status: number): TunnelFault {
  if (status === 407) return CREDENTIALS;
  return status < 500 && !FOR_NOW.has(status) && status >= 300 ? FORBIDDEN : BUSY;
}
