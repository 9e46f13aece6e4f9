import { isCount, isNamed, isSecretName, type Redaction } from './secret-names.ts';
import { withoutTokens } from './token-shapes.ts';

/** Longest URL that an event carries, in characters. */
const LONGEST = 2048;
/** Maximum number of characters of a path or a query that are read: enough to tell what the shown ones belong to. */
const READ = 4 * LONGEST;
/** Maximum number of times that a value is decoded. */
const LAYERS = 4;

const HIDDEN = 'REDACTED';

/**
 * A URL that may be shown: without user name, password and fragment, without the value of any parameter whose name
 * tells of a secret, in its query as in its path, and without secrets of a known shape, such as JSON Web Tokens. A
 * parameter whose value holds one of these, as a URL or JSON does, is hidden as a whole. What else stands in its path
 * is shown.
 *
 * @param redactions further parameters to hide
 */
export function safeUrl(url: URL, redactions: readonly Redaction[] = []): string {
  const { pathname, search } = url;
  const path = /[=%@]/.test(pathname) ? safePath(pathname, redactions) : pathname.slice(0, READ);
  const query = search.length > 1 ? `?${safeQuery(search.slice(1, READ), redactions)}` : '';
  const shown = withoutTokens(`${url.protocol}//${url.host}${path}${query}`);
  return shown.length > LONGEST ? `${shown.slice(0, LONGEST)}…` : shown;
}

/** Matrix parameters, keys of OData, and whatever else stands in a segment as `name=value`. */
function safePath(path: string, redactions: readonly Redaction[]): string {
  return path.slice(0, READ).replace(/[^/;]+/g, (part) => {
    // Of a URL within the path.
    const user = part.indexOf('@');
    if (user > 0 && part.slice(0, user).includes(':')) return `${HIDDEN}${part.slice(user)}`;
    return safePair(part, redactions);
  });
}

function safeQuery(query: string, redactions: readonly Redaction[]): string {
  return query
    .split('&')
    .map((pair) =>
      pair.includes(';') && !pair.includes('%') ? safePath(pair, redactions) : safePair(pair, redactions),
    )
    .join('&');
}

function safePair(pair: string, redactions: readonly Redaction[]): string {
  const equals = pair.indexOf('=');
  if (equals < 0) return holdsSecret(pair, redactions) ? HIDDEN : pair;
  const name = pair.slice(0, equals);
  const value = pair.slice(equals + 1);
  return isHidden(decodedName(name), value, redactions) || holdsSecret(value, redactions)
    ? `${name}=${HIDDEN}`
    : pair;
}

function isHidden(name: string, value: string, redactions: readonly Redaction[]): boolean {
  if (redactions.length > 0 && isNamed(name, redactions)) return true;
  return isSecretName(name) && !isCount(name, value);
}

/** Whether a value holds what must not be shown, however often it was encoded. */
function holdsSecret(value: string, redactions: readonly Redaction[]): boolean {
  if (HARMLESS.test(value)) return false;
  let text = value;
  for (let layer = 0; layer < LAYERS; layer += 1) {
    if (layer > 0 && withoutTokens(text) !== text) return true;
    if (holdsUser(text) || holdsParameter(text, redactions) || BEARER.test(text)) return true;
    const inner = decode(text);
    if (inner === text) return false;
    text = inner;
  }
  // Nobody encodes as often as that but to hide something.
  return true;
}

/** Without any of what encodes, names or quotes. */
const HARMLESS = /^[\w.,:;~*'()!$-]*$/;
const BEARER = /\bbearer[ +][\w.~/+-]{8}/i;

/** `https://user:password@host` */
function holdsUser(text: string): boolean {
  for (let at = text.indexOf('//'); at >= 0; at = text.indexOf('//', at + 2)) {
    const end = indexOfAny(text, '/?#@ \t\n\r"\'<>', at + 2);
    if (text[end] === '@') return true;
  }
  return false;
}

/** Characters after which a name may begin: in a query, a fragment, JSON, XML, a cookie. */
const SEPARATORS = '?&;#,{}[](|<> \t\n\r';
/** Maximum number of characters of a name, and of a count. */
const LONGEST_NAME = 256;
const LONGEST_COUNT = 10;

/** `name=value` or, in JSON and XML, `name: value` and `<name>value`, where the name tells of a secret. */
function holdsParameter(text: string, redactions: readonly Redaction[]): boolean {
  const colons = text.includes('{') || text.includes('"');
  if (!text.includes('=') && !text.includes('<') && !colons) return false;
  let from = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    const tag = character === '>';
    if (character === '=' || tag || (colons && character === ':')) {
      const name = text
        .slice(Math.max(from, at - LONGEST_NAME), at)
        .replace(/["'\\]/g, '')
        .trim();
      const value = text.slice(at + 1, at + 1 + LONGEST_COUNT).split(/[^\d]/, 1)[0] as string;
      if (name !== '' && isHidden(decodedName(name), value, redactions)) return true;
      from = at + 1;
    } else if (SEPARATORS.includes(character)) from = at + 1;
  }
  return false;
}

function indexOfAny(text: string, characters: string, from: number): number {
  for (let at = from; at < text.length; at += 1) if (characters.includes(text.charAt(at))) return at;
  return text.length;
}

/** A name, however often it was encoded. */
function decodedName(name: string): string {
  if (!name.includes('%') && !name.includes('+')) return name;
  let text = name;
  for (let layer = 0; layer < LAYERS && text.includes('%'); layer += 1) text = decode(text);
  return text.replaceAll('+', ' ');
}

/** Decoded as far as it can be: what is malformed stays as it is. */
function decode(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text.replace(/%([0-7][0-9a-f])/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
  }
}
