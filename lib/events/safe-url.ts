/**
 * Query parameters whose value is a secret: SAS signatures (`sig`), keys, tokens, OAuth codes. Matched as a
 * whole word of the name, so that `$filter` and `signal` stay readable.
 */
const SECRET_NAME =
  /(?:^|[^a-z])(?:sig|signature|key|apikey|token|secret|password|passwd|pwd|code|auth|authorization|credential|assertion|jwt|session|sid)(?:$|[^a-z])|(?:token|secret|password|key|signature|credential)$/i;

/** Longest URL that an event carries, in characters. */
const LONGEST = 2048;

/** A URL that may be shown: no user name, password, fragment, nor the value of any query parameter that is secret. */
export function safeUrl(url: URL): string {
  let query = '';
  if (url.search.length > 1) {
    const shown = url.search
      .slice(1)
      .split('&')
      .map((pair) => {
        const name = pair.split('=', 1)[0] ?? '';
        return pair.length > name.length && SECRET_NAME.test(decode(name)) ? `${name}=REDACTED` : pair;
      });
    query = `?${shown.join('&')}`;
  }
  const text = `${url.protocol}//${url.host}${url.pathname}${query}`;
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

function decode(name: string): string {
  try {
    return decodeURIComponent(name.replaceAll('+', ' '));
  } catch {
    return name;
  }
}
