import { isCount, isNamed, isSecretName, type Redaction } from './secret-names.ts';
import { withoutTokens } from './token-shapes.ts';

/** Maximum length of a URL in an event, in characters. */
const MAX_SHOWN = 2048;
/** Maximum number of characters read of a path or query: enough to know which parameter each shown one belongs to. */
const MAX_READ = 4 * MAX_SHOWN;
/** Maximum number of times a value is decoded. */
const MAX_DECODINGS = 4;

const HIDDEN = 'REDACTED';
/** Paths that end in a secret: Telegram's bots, and webhooks of Discord and Slack. */
const IN_PATH = /(\/(?:bot\d+:|webhooks\/\d+\/|services\/T\w+\/B\w+\/))[\w-]+/g;

/**
 * A URL that is safe to show: without user name, password and fragment; without the value of any query or path
 * parameter whose name suggests a secret; without secrets of a known shape, such as JSON Web Tokens. If a parameter's
 * value contains one of these, e.g. in a URL or JSON, the whole value is hidden. The rest of the path is shown.
 *
 * @param redactions further parameters to hide
 */
export function safeUrl(url: URL, redactions: readonly Redaction[] = []): string {
  const { pathname, search } = url;
  const known = pathname.slice(0, MAX_READ).replace(IN_PATH, `$1${HIDDEN}`);
  const path = /[=%@]/.test(known) ? safePath(known, redactions) : known;
  const query = search.length > 1 ? `?${safeQuery(search.slice(1, MAX_READ), redactions)}` : '';
  const shown = withoutTokens(`${url.protocol}//${url.host}${path}${query}`);
  return shown.length > MAX_SHOWN ? `${shown.slice(0, MAX_SHOWN)}…` : shown;
}

/** Hides values of `name=value` pairs in a path: matrix parameters, OData keys and the like. */
function safePath(path: string, redactions: readonly Redaction[]): string {
  return path.replace(/[^/;]+/g, (part) => {
    // User name and password of a URL within the path.
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
  const hides = isHidden(decodedName(name), value, redactions) || holdsParameter(value, redactions);
  return hides || holdsSecret(value, redactions) ? `${name}=${HIDDEN}` : pair;
}

function isHidden(name: string, value: string, redactions: readonly Redaction[]): boolean {
  if (redactions.length > 0 && isNamed(name, redactions)) return true;
  return isSecretName(name) && !isCount(name, value);
}

/** Whether a value contains a secret, at any level of encoding. */
function holdsSecret(value: string, redactions: readonly Redaction[]): boolean {
  if (HARMLESS.test(value)) return false;
  let text = value;
  for (let layer = 0; layer < MAX_DECODINGS; layer += 1) {
    if (layer > 0 && withoutTokens(text) !== text) return true;
    if (holdsUser(text) || holdsParameter(text, redactions) || BEARER.test(text)) return true;
    const inner = decode(text);
    if (inner === text) return false;
    text = inner;
  }
  // A value encoded more often than this is suspect.
  return true;
}

/** A value without characters that encode, name or quote. */
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

/** Characters after which a name may begin: in a query, a fragment, JSON, XML or a cookie. */
const SEPARATORS = '?&;#,{}[](|<> \t\n\r';
/** Maximum number of characters read of a name, and of a count. */
const MAX_NAME = 256;
const MAX_COUNT = 10;

/** Whether a text contains a secret's name as `name=value`, a header's or JSON's `name: value`, or XML's `<name>value`. */
function holdsParameter(text: string, redactions: readonly Redaction[]): boolean {
  const json = text.includes('{') || text.includes('"');
  if (!text.includes('=') && !text.includes('<') && !text.includes(':')) return false;
  let from = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    const tag = character === '>';
    const colon = character === ':' && (json || /[a-z]/i.test(text.charAt(at - 1)));
    if (character === '=' || tag || colon) {
      const name = text
        .slice(Math.max(from, at - MAX_NAME), at)
        .replace(/["'\\]/g, '')
        .trim();
      const value = text.slice(at + 1, at + 1 + MAX_COUNT).split(/[^\d]/, 1)[0] as string;
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

/** A name, fully decoded. */
function decodedName(name: string): string {
  if (!name.includes('%') && !name.includes('+')) return name;
  let text = name;
  for (let layer = 0; layer < MAX_DECODINGS && text.includes('%'); layer += 1) text = decode(text);
  return text.replaceAll('+', ' ');
}

/** Decodes a text once; malformed escapes stay. */
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
