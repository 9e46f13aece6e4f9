/**
 * Secrets recognisable by their shape, wherever they occur. Sources: the formats that GitHub, GitLab, AWS, Google,
 * Slack, OpenAI, Anthropic, Stripe and others publish for secret scanning; RFC 7519.
 */

/** Prefixes of such secrets. `ZXlK` is `eyJ` encoded in base64 again. */
const BEGINNING =
  /eyJ|ZXlK|gh[opsur]_|github_pat_|gl(?:pat|dt|rt|ptt)-|gsk_|sk[-_]|shp(?:at|ss|ca|pa)_|rk_(?:live|test)_|r8_|xox[abeoprs]-|xapp-|xai-|AKIA|ASIA|AIza|ya29\.|npm_|nvapi-|pypi-|pplx-|dop_v1_|dckr_pat_|hf_|hv[sb]\.|lin_api_|whsec_|SG\./y;
const FIRST: ReadonlySet<number> = new Set(
  [...'eZgsrxAynpdhlwS'].map((character) => character.charCodeAt(0)),
);

/** Minimum length of a secret, prefix included. */
const MIN_LENGTH = 20;
/** Minimum length of a JSON Web Token's header. */
const MIN_HEADER = 11;

/** `text` with every secret of a known shape replaced. */
export function withoutTokens(text: string): string {
  let shown = '';
  let from = 0;
  let run: Run | undefined;
  let inWord = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (!inWord && FIRST.has(code)) {
      BEGINNING.lastIndex = at;
      if (BEGINNING.test(text)) {
        const next = BEGINNING.lastIndex;
        if (run === undefined || run.end < next) run = runFrom(text, at);
        if (isToken(run, at, next, code)) {
          shown += `${text.slice(from, at)}REDACTED`;
          from = run.end;
          at = run.end;
        }
      }
    }
    inWord = isAlphanumeric(text.charCodeAt(at));
  }
  return from === 0 ? text : shown + text.slice(from);
}

/** A run of characters that a token may consist of. */
interface Run {
  readonly end: number;
  /** Position of the last dot that has a token character after it. */
  readonly dot: number;
  /** Position of the last digit or capital. */
  readonly mark: number;
}

function runFrom(text: string, from: number): Run {
  let dot = -1;
  let mark = -1;
  let end = from;
  for (; end < text.length; end += 1) {
    const code = text.charCodeAt(end);
    if (code === DOT) continue;
    if (!isAlphanumeric(code) && code !== HYPHEN && code !== UNDERSCORE) break;
    if (code < 91 && isAlphanumeric(code)) mark = end;
    if (text.charCodeAt(end - 1) === DOT) dot = end - 1;
  }
  return { end, dot, mark };
}

function isToken({ end, dot, mark }: Run, start: number, next: number, first: number): boolean {
  if (first === SMALL_E) return dot >= start + MIN_HEADER;
  // Hyphenated words may share a prefix (`sk-something-or-other`), but have no digits or capitals.
  return end - start >= MIN_LENGTH && mark >= next;
}

const HYPHEN = 45;
const DOT = 46;
const UNDERSCORE = 95;
const SMALL_E = 101;

function isAlphanumeric(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57);
}
