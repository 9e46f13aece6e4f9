/**
 * Query parameters whose value is a secret: SAS signatures (`sig`), keys, tokens, OAuth codes, sessions. Matched as a
 * whole word of the name, so that `$filter` and `signal` stay readable.
 */
const SECRET_NAME =
  /(?:^|[^a-z])(?:sig|signature|hmac|key|apikey|token|ticket|secrets?|password|passwd|passphrase|pwd|pass|pin|otp|code|auth|authorization|bearer|credential|assertion|saml(?:request|response)|jwt|cookie|session|sid)(?:$|[^a-z])|(?:token|secret|password|key|signature|credential|session_?id|sessid)$/i;

/** A JSON Web Token, wherever it stands: header and claims are JSON in base64. */
const JWT = /eyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)*/g;

/** Names of parameters in a value that is a URL itself, and its user's name and password. */
const INNER_NAME = /[?&;#]([^=&?;#]+)=/g;
const INNER_USER = /:\/\/[^/@\s]*@/;

/** Longest URL that an event carries, in characters. */
const LONGEST = 2048;

/**
 * A URL that may be shown: no user name, password, fragment, JSON Web Token, nor the value of any parameter whose name
 * tells of a secret. What else stands in its path is shown.
 */
export function safeUrl(url: URL): string {
  const query = url.search.length > 1 ? `?${url.search.slice(1).split('&').map(safePair).join('&')}` : '';
  const path = url.pathname.includes(';') ? url.pathname.replace(/(?<=;)[^;/]+/g, safePair) : url.pathname;
  const text = `${url.protocol}//${url.host}${path}${query}`;
  const shown = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  return shown.includes('eyJ') ? shown.replace(JWT, 'REDACTED') : shown;
}

function safePair(pair: string): string {
  const name = pair.split('=', 1)[0] ?? '';
  if (pair.length === name.length) return pair;
  return SECRET_NAME.test(decode(name)) || holdsSecret(decode(pair.slice(name.length + 1)))
    ? `${name}=REDACTED`
    : pair;
}

function holdsSecret(value: string): boolean {
  if (INNER_USER.test(value)) return true;
  return (
    value.includes('=') && [...value.matchAll(INNER_NAME)].some(([, name = '']) => SECRET_NAME.test(name))
  );
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
