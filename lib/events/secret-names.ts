/**
 * Decides from the words of a parameter's name whether its value is a secret. `author`, `design`, `monkey` and `signal`
 * are harmless words; `clientSecret`, `api_keys[]` and `accesstoken` each contain a word for a secret. In doubt, the
 * value is hidden.
 *
 * Sources: the OpenTelemetry semantic conventions (`url.query`); the names of OAuth 2.0, SAML 2.0, AWS, Azure, Google
 * Cloud and of common web frameworks.
 */

/** A parameter to hide: its name, in any case, or a pattern of names. */
export type Redaction = string | RegExp;

const set = (words: string): ReadonlySet<string> => new Set(words.split(/\s+/));

/** Words that name a secret by themselves. */
const SECRETS = set(`2fa appid apisig assertion auth authcode authentication authenticity authorization
  bearer cardnumber code connectionstring contrasena cookie creditcard cred credential crumb cvc
  cvv csrf dsn hash hmac jwe jws jwt kennwort key mac macaroon md5 mdp mfa mnemonic nonce oauth
  otp pass passw password pat pin psk psw pswd pw pwd salt samlart samlrequest samlresponse sas schluessel
  schlussel secret securityanswer senha sess session sessid sid sig sign signature signed ssn tfa ticket
  tkn tok token totp hotp verifier wachtwoord xsrf`);

/** Words of {@link SECRETS} that name one only if they are the whole name. */
const ONLY_ALONE = set('mac oauth pat');

/** Endings that make any word a secret: `mytoken`, `PHPSESSID`. */
const ENDINGS = [
  'token',
  'secret',
  'password',
  'passwd',
  'passwort',
  'passphrase',
  'passcode',
  'seedphrase',
  'pwd',
  'key',
  'signature',
  'credential',
  'verifier',
  'assertion',
  'ticket',
  'nonce',
  'hmac',
  'jwt',
  'totp',
  'cookie',
  'sessid',
];

/** Parts that make any word a secret: `ASPSESSIONIDQQABCD`, `passwordconfirm`. */
const ANYWHERE = ['sessionid', 'password', 'passphrase', 'apikey', 'secretkey', 'accesskey', 'authtoken'];

/** Harmless words that end like a secret. */
const HARMLESS =
  set(`monkey donkey turkey hockey jockey whiskey hotkey lackey mickey turnkey latchkey flunkey smokey
  lowkey shortkey`);

/** Words that may precede a secret within one word: `apisig`, `userpin`. */
const BEFORE =
  set(`access account acct active admin amz api app asp auth aws azure backup basic bot card client confirm
  confirmation connect consumer current customer db device dev email encryption ftp gcp gh git github gitlab goog google
  http id invite j jira login logon magic mail main master my net new oauth old one openid org owner phone php private
  prod public read recovery redis refresh remember request reset root saml sandbox security server service shared signing
  sms smtp sql ssh ssl sso stripe sub subscription super temp tenant test time tls user vendor verification verify web
  webhook wifi write x`);

/** Words that may follow a secret within one word: `tokenid`, `keydata`. */
const AFTER = set('b64 base64 data enc hash id ids string text value');

/** Words that make a following `code` or `key` harmless: `country_code`, `partitionKey`. */
const PLAIN_CODE =
  set(`airport area bar bin bundle cost country currency dial error exit geo http iata iban icao
  lang language mime naics postal post product qr reason region response short source state status swift tax zip`);
const PLAIN_KEY = set('foreign hot partition primary row sort');

/** Words that make `tokens` and `keys` a count if the value is a number: `max_tokens`. */
const COUNTED = set('count limit max maximum min minimum n num number total');

/** Maximum length of the words above. */
const MAX_WORD = 14;
/** Maximum number of characters read of a name. */
const MAX_READ = 256;
/** Maximum number of cached names, and maximum length of each. */
const MAX_CACHED = 1000;
const MAX_CACHED_NAME = 40;

const cache = new Map<string, boolean>();

/** Whether a decoded `name` suggests a secret. */
export function isSecretName(name: string): boolean {
  if (name.length > MAX_CACHED_NAME) return judge(name.slice(-MAX_READ));
  let secret = cache.get(name);
  if (secret === undefined) {
    secret = judge(name);
    if (cache.size >= MAX_CACHED) cache.clear();
    cache.set(name, secret);
  }
  return secret;
}

/** Whether the value is a count, not a secret: `max_tokens=100`. */
export function isCount(name: string, value: string): boolean {
  return /^\d{0,9}$/.test(value) && wordsOf(name.slice(-MAX_READ)).some((word) => COUNTED.has(word));
}

/** Whether the user asked to hide this parameter. */
export function isNamed(name: string, redactions: readonly Redaction[]): boolean {
  const lower = name.toLowerCase();
  // `search` ignores `lastIndex`.
  return redactions.some((each) =>
    typeof each === 'string' ? matches(lower, each.toLowerCase()) : name.search(each) >= 0,
  );
}

/** The wanted name `mine` also matches `filter[mine]` and `mine[]`. */
function matches(name: string, wanted: string): boolean {
  return name === wanted || name.split(/[[\].]/).includes(wanted);
}

function judge(name: string): boolean {
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '');
  const words = wordsOf(plain);
  if (words.some((word, at) => suggestsSecret(word, words[at - 1], words.length))) return true;
  // Two words that form a secret together: `app_id`, `API-Key`, `pass phrase`, `APIkey`.
  for (let at = 0; at < words.length - 1; at += 1) {
    if (suggestsSecret(`${words[at]}${words[at + 1]}`, undefined, 2)) return true;
  }
  return plain
    .toLowerCase()
    .split(/[^\p{L}\p{N}]/u)
    .some((run) => run.length > 0 && !words.includes(run) && suggestsSecret(run, undefined, 1));
}

/** Whether one word of a name suggests a secret. */
function suggestsSecret(word: string, before: string | undefined, count: number): boolean {
  const one = singular(word);
  if (HARMLESS.has(one)) return false;
  if (one.endsWith('code') && PLAIN_CODE.has(one === 'code' ? (before ?? '') : one.slice(0, -4)))
    return false;
  if (one.endsWith('key') && PLAIN_KEY.has(one === 'key' ? (before ?? '') : one.slice(0, -3))) return false;
  if (SECRETS.has(one)) return !ONLY_ALONE.has(one) || count === 1;
  if (ANYWHERE.some((secret) => word.includes(secret))) return true;
  return ENDINGS.some((ending) => one.endsWith(ending)) || isJoined(one);
}

/** Strips a plural: `keys` becomes `key`; `sas` and `pass` stay. */
function singular(word: string): string {
  if (word.length < 3 || !word.endsWith('s') || SECRETS.has(word) || word.endsWith('ss')) return word;
  const stem = word.endsWith('es') ? word.slice(0, -2) : '';
  return SECRETS.has(stem) ? stem : word.slice(0, -1);
}

/** Whether a word joins others with a secret: any number of {@link BEFORE}, the secret, at most one of {@link AFTER}. */
function isJoined(word: string): boolean {
  /** Indexes at which a secret may begin. */
  const starts = new Set([0]);
  for (const start of starts) {
    const last = Math.min(word.length, start + MAX_WORD);
    for (let end = start + 1; end <= last; end += 1) {
      const part = word.slice(start, end);
      if (SECRETS.has(part)) {
        const rest = word.slice(end);
        if (start > 0 && rest === '') return true;
        if (rest !== '' && part.length > 2 && (AFTER.has(rest) || SECRETS.has(rest))) return true;
      }
      if (BEFORE.has(part)) starts.add(end);
    }
  }
  return false;
}

/** The words of a name, in lower case: split at non-letters and at capitals. */
function wordsOf(name: string): string[] {
  return name
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .replace(/\p{N}/gu, ' ')
    .toLowerCase()
    .split(/[^\p{L}]/u)
    .filter(Boolean);
}
